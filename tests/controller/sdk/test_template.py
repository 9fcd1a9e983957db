from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.record import FieldType, Value
from controller.sdk.template import (
    check_template,
    check_template_fields,
    compile_template,
    missing_fields,
    nearest,
    render,
    single_field,
    template_fields,
)

ANNA: dict[str, Value] = {
    "first_name": " Anna\u00a0 ",
    "last_name": "A\u030aberg",
    "full_name": "Anna Å.",
    "email": None,
    "tags": ("x",),
}


def test_a_template_joins_fields_with_blanks_trimmed_and_letters_composed() -> None:
    assert compile_template(("{first_name}   {last_name}",))(ANNA) == "Anna Åberg"


def test_the_first_alternative_that_is_complete_is_taken() -> None:
    assert compile_template(("{email}", "{nick} {email}", "{full_name}", "never"))(ANNA) == "Anna Å."


@pytest.mark.parametrize(
    "template", ["{email}", "{nowhere}", "{tags}", "x {tags}", "{first_name} {email}", "{blank}", "{nan}", "   "]
)
def test_an_alternative_with_a_missing_field_makes_nothing(template: str) -> None:
    assert compile_template((template,))({**ANNA, "blank": " \t", "nan": float("nan")}) is None


def test_no_alternative_is_complete() -> None:
    assert compile_template(("{email}", "{nowhere}"))(ANNA) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1001, "1001"),
        (1001.0, "1001"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (float("inf"), ""),
        (True, "true"),
        (False, "false"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (("a",), ""),
        (None, ""),
        (type("Text", (str,), {})(" a  b "), "a b"),
    ],
)
def test_values_are_written_canonically(value: Value, text: str) -> None:
    assert render(value) == text


def test_zero_and_false_are_there() -> None:
    assert compile_template(("{n}-{b}",))({"n": 0, "b": False}) == "0-false"


def test_doubled_braces_and_percent_signs_stand_for_themselves() -> None:
    assert compile_template(("{{{first_name}}} 100%s",))(ANNA) == "{Anna} 100%s"
    assert compile_template(("100 % {{fix}}",))({}) == "100 % {fix}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "without its partner"),
        ("a } b", "without its partner"),
        ("{a {b}", "without its partner"),
        ("{}", "empty braces"),
        ("{ }", "empty braces"),
        ("{a.b}", "bare name"),
        ("{a:>5}", "bare name"),
        ("{a!r}", "bare name"),
        ("{a[0]}", "bare name"),
        ("{0}", "bare name"),
        ("", "empty"),
        ("  ", "empty"),
    ],
)
def test_a_malformed_template_is_explained(text: str, word: str) -> None:
    assert word in (check_template(text) or "")


@pytest.mark.parametrize("text", ["{a}", "{ a }", "x", "{{}}", "{förnamn}"])
def test_a_good_template_has_no_problem(text: str) -> None:
    assert check_template(text) is None


def test_compiling_a_malformed_template_fails_loudly() -> None:
    with pytest.raises(ValueError, match="bare name"):
        compile_template(("{a.__class__}",))


def test_fields_of_all_alternatives_are_known() -> None:
    assert template_fields(("{a} {b}", "{c}{a}", "x")) == {"a", "b", "c"}
    assert single_field("{a}") == "a"
    assert single_field("{a} ") is None
    assert single_field("a") is None


def test_what_the_best_alternative_lacks_is_named() -> None:
    assert missing_fields(("{x} {y} {x}", "{first_name} {email}"), ANNA) == ("email",)
    assert missing_fields(("{x} {y}", "{first_name}"), ANNA) == ()
    assert missing_fields((), ANNA) == ()


def test_a_list_and_an_unknown_field_are_found_before_anything_runs() -> None:
    fields = {"email": FieldType.STRING, "tags": FieldType.STRINGS}
    assert check_template_fields(("{email}", "{emial} {tags}"), fields) == [
        (1, "no field 'emial' in these records", "email"),
        (1, "'tags' is a list; a template takes fields with one value only", ""),
    ]
    assert nearest("zzz", fields) == ""


@given(st.dictionaries(st.sampled_from("abc"), st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.dates()))
def test_a_text_is_never_empty_nor_has_outer_blanks(fields: dict[str, Value]) -> None:
    text = compile_template(("{a}{b}", "{c}"))(fields)
    assert text is None or (text == " ".join(text.split()) and text)
    assert (text is None) == bool(missing_fields(("{a}{b}", "{c}"), fields))
