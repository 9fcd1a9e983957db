from __future__ import annotations

import json
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from controller.spec.syntax.positions import Positions
from controller.spec.syntax.words import explain
from controller.spec.yaml import MAX_DEPTH, parse


def data(text: str) -> Any:
    content = parse(text)
    assert content.faults == []
    assert len(content.documents) == 1
    return content.documents[0].data


def faults(text: str) -> list[tuple[str, int, int]]:
    return [(fault.code, fault.line, fault.column) for fault in parse(text).faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("nothing", "nothing"),
        ("", None),
        ("0123", 123),
        ("0o17", 15),
        ("0o9", "0o9"),
        ("0x1F", 31),
        ("0xg", "0xg"),
        ("-12", -12),
        ("+1", 1),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-12-31", "2026-12-31"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int 1", 1),
        ("30%", "30%"),
    ],
)
def test_scalars_are_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = data(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".nan", "-.inf", "1e999", "9" * 500])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    assert faults(f"a: {text}") == [("not-a-number", 1, 4)]


def test_keys_are_texts_whatever_they_look_like() -> None:
    assert data("1: a\ntrue: b\non: c") == {"1": "a", "true": "b", "on": "c"}


def test_every_duplicate_key_is_reported_and_the_first_counts() -> None:
    content = parse("a: 1\nb: {x: 1, x: {deep: [1]}, y: 2}\na: [1, {b: 2}]\nc: 3\n")
    assert [(f.code, f.line, f.column) for f in content.faults] == [("duplicate-key", 2, 11), ("duplicate-key", 3, 1)]
    assert "line 1" in content.faults[1].summary
    assert content.documents[0].data == {"a": 1, "b": {"x": 1, "y": 2}, "c": 3}
    assert content.documents[0].positions.key(("c",)) == (4, 1)


def test_duplicate_keys_in_json_are_reported() -> None:
    assert faults('{"a": 1,\n "a": 2}') == [("duplicate-key", 2, 2)]


def test_aliases_repeat_what_was_anchored() -> None:
    content = parse("a: &x [1, {k: v}]\nb: *x\nc: &s text\nd: *s\ne: 1\n")
    document = content.documents[0]
    assert document.data == {"a": [1, {"k": "v"}], "b": [1, {"k": "v"}], "c": "text", "d": "text", "e": 1}
    assert document.positions.value(("b",)) == (2, 4)
    assert document.positions.value(("b", 1, "k")) == (1, 15)
    assert document.positions.key(("e",)) == (5, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: *nobody", [("bad-alias", 1, 4)]),
        ("a: &x [*x]", [("bad-alias", 1, 8)]),
        ("a: &x 1\n---\nb: *x", [("bad-alias", 3, 4)]),
        ("a: &x k\n*x : 1\nb: 2", [("complex-key", 2, 1)]),
        ("? [a, b]\n: 2\nc: 3", [("complex-key", 1, 3)]),
        ("<<: {a: 1}\nb: 2", [("merge-key", 1, 1)]),
        ("a: !secret x", [("unknown-tag", 1, 4)]),
        ("a: !!int x", [("unknown-tag", 1, 4)]),
        ("a: !!float .inf", [("unknown-tag", 1, 4)]),
        ("a: !!python/object:os.system {}", [("unknown-tag", 1, 4)]),
        ("a: !x [1]", [("unknown-tag", 1, 4)]),
        ("a: 1\n\tb: 2", [("tab", 2, 1)]),
        ("a:\n\t- b", [("tab", 2, 1)]),
        ("a: \x01b", [("control-character", 1, 4)]),
        ("x: 1\na: [1, 2", [("yaml-syntax", 2, 4)]),
        ("a: {b: 1\nc: 2", [("yaml-syntax", 1, 4)]),
        ("a: 'b\n---\nc: 1", [("yaml-syntax", 1, 4)]),
        ("a: 'b", [("yaml-syntax", 1, 4)]),
        ("a: b: c", [("yaml-syntax", 1, 5)]),
        ("a: @b", [("yaml-syntax", 1, 4)]),
        ("a: %b", [("yaml-syntax", 1, 4)]),
        ('a: "\\q"', [("yaml-syntax", 1, 5)]),
        ("- a\n- b\nc: 1", [("yaml-syntax", 3, 1)]),
        ("a: 1\n b: 2", [("yaml-syntax", 2, 3)]),
        ("a:\n  - b\n c: 1", [("yaml-syntax", 3, 2)]),
        ("a: b\nfoo\n", [("yaml-syntax", 2, 1)]),
        ("a: [1]]", [("yaml-syntax", 1, 7)]),
        ("a: }", [("yaml-syntax", 1, 4)]),
        ("a: [,]", [("yaml-syntax", 1, 5)]),
        ("a: |\n x\n\ty\nb: 1", [("tab", 3, 1)]),
        ("a: - b", [("yaml-syntax", 1, 4)]),
        ("%FOO bar\na: 1", [("yaml-syntax", 1, 5)]),
        ("a: !h!x b", [("yaml-syntax", 1, 4)]),
        ("a: ***", [("yaml-syntax", 1, 5)]),
    ],
)
def test_bad_syntax_is_a_fault_at_its_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert faults(text) == expected
    assert all(fault.summary for fault in parse(text).faults)


def test_nesting_without_end_is_refused_and_kills_nothing() -> None:
    assert faults("[" * 200_000) == [("too-deep", 1, MAX_DEPTH + 1)]
    assert faults("- " * 100_000) == [("too-deep", 1, 2 * MAX_DEPTH + 1)]
    assert faults("{a: " * 10_000)[0][0] == "too-deep"


def test_nesting_through_aliases_is_refused() -> None:
    levels = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 80))
    assert [code for code, _, _ in faults(f"a0: &a0 [1]\n{levels}")] == ["yaml-bomb"]


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    content = parse(f"a0: &a0 {{k: {{deep: [x, x]}}}}\n{levels}")
    assert [fault.code for fault in content.faults] == ["yaml-bomb"]
    assert content.documents == []


def test_reading_goes_on_at_the_next_document() -> None:
    content = parse("a: [1\n---\nb: 2\n---\nc: 'x\n---\nd: 4\nd: 5\n")
    assert [document.data for document in content.documents] == [{"b": 2}, {"d": 4}]
    assert [(f.line, f.column) for f in content.faults] == [(1, 4), (5, 4), (8, 1)]
    assert content.documents[1].positions.value(("d",)) == (7, 4)


def test_endless_mistakes_end() -> None:
    assert len(parse("a: [1\n---\n" * 500).faults) == 21


def test_empty_documents_are_left_out() -> None:
    content = parse("---\n---\n# nothing\n---\na: 1\n---\n")
    assert [document.data for document in content.documents] == [{"a": 1}]


def test_positions_of_what_is_missing_are_those_of_what_holds_it() -> None:
    text = "a:\n  b:\n    - c: 1\n    - d: 2\n"
    positions = parse(text).documents[0].positions
    assert positions.value(("a", "b", 1, "d")) == (4, 10)
    assert positions.key(("a", "b", 1, "d")) == (4, 7)
    assert positions.key(("a", "b", 1, "x")) == (4, 7)
    assert positions.key(("a", "x")) == (1, 1)
    assert positions.value(("a", "b", 7)) == positions.value(("a", "b"))
    assert positions.value(("a", "b", 0, "c", "deeper")) == (3, 10)
    assert isinstance(positions, Positions)


def test_a_fault_without_a_place_in_libyaml_is_still_told() -> None:
    fault, line = explain(pyyaml.YAMLError("something"), "a: 1")
    assert (fault.code, fault.line, fault.column, line) == ("control-character", 1, 1, 0)


def test_unknown_words_of_the_parser_are_passed_on() -> None:
    mark = pyyaml.Mark("", 0, 0, 2, None, 0)
    fault, _ = explain(pyyaml.MarkedYAMLError(problem="something new", problem_mark=mark), "a: 1")
    assert fault.summary == "this is not YAML: something new"


_TEXT = st.text("aå '\"\\:#-{}[]\n,&*!|>%@")
_SCALAR = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
_KEY = st.text("abå :'\"\\", min_size=1)
_JSON = st.recursive(_SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY, inner, max_size=4), max_leaves=20)


@given(_JSON)
def test_json_is_read_as_json(value: Any) -> None:
    text = json.dumps({"value": value}, ensure_ascii=False, indent=1)
    assert data(text) == {"value": value}


@given(_JSON)
def test_positions_lead_to_what_stands_there(value: Any) -> None:
    document = parse(json.dumps({"first": value, "last": "marker"}, ensure_ascii=False, indent=1)).documents[0]
    lines = json.dumps({"first": value, "last": "marker"}, ensure_ascii=False, indent=1).split("\n")
    line, column = document.positions.value(("last",))
    assert lines[line - 1][column - 1 :] == '"marker"'
    line, column = document.positions.key(("last",))
    assert lines[line - 1][column - 1 :].startswith('"last":')
