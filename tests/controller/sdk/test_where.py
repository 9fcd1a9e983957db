from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.record import PERSON, FieldType, Value
from controller.sdk.where import NO, YES, check_where, compile_where, describe, where_fields

ZONE = ZoneInfo("Europe/Stockholm")
FIELDS = {**PERSON.fields, "age": FieldType.INTEGER, "born": FieldType.DATE}
ANNA: dict[str, Value] = {
    "id": "900001",
    "first_name": "A\u030asa",
    "email": "",
    "active": True,
    "age": 17,
    "roles": ("10", "12"),
    "tags": (),
    "born": date(2009, 5, 1),
    "valid_until": datetime(2026, 6, 30, 22, 30, tzinfo=UTC),
    "valid_from": datetime(2026, 1, 1, 8, 0),
}


def ask(where: dict[str, Any], zone: ZoneInfo | None = ZONE) -> bool | None:
    return compile_where(where, zone)(ANNA).value


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, True),
        ({"active": True}, True),
        ({"active": False}, False),
        ({"active": {"equals": True}}, True),
        ({"first_name": "Åsa"}, True),
        ({"id": {"in": ["900002", "900001"]}}, True),
        ({"id": {"not": "900001"}}, False),
        ({"id": {"not": ["1", "2"]}}, True),
        ({"id": {"not": {"in": ["900001"]}}}, False),
        ({"roles": "10"}, True),
        ({"roles": {"in": ["11", "12"]}}, True),
        ({"roles": {"contains": "11"}}, False),
        ({"roles": {"contains": "12"}}, True),
        ({"roles": {"not": "10"}}, False),
        ({"tags": {"in": ["vip"]}}, False),
        ({"age": {"gte": 17, "lt": 18}}, True),
        ({"age": {"gt": 17}}, False),
        ({"age": {"lte": 16.5}}, False),
        ({"age": 17.0}, True),
        ({"born": {"lt": "2009-05-02"}}, True),
        ({"born": "2009-05-01"}, True),
        ({"valid_from": "2026-01-01"}, True),
        ({"valid_from": {"gt": "2026-01-01T07:59:59"}}, True),
        ({"valid_until": {"gte": "2026-07-01"}}, True),
        ({"valid_until": {"lt": "2026-07-01T00:30:01"}}, True),
        ({"valid_until": "2026-07-01T00:30:00+02:00"}, True),
        ({"email": {"exists": False}}, True),
        ({"nowhere": {"exists": True}}, False),
        ({"tags": {"exists": True}}, False),
        ({"roles": {"exists": True}}, True),
        ({"active": {"not": {"exists": True}}}, False),
        ({"not": {"active": False}}, True),
        ({"any": [{"active": False}, {"age": 17}]}, True),
        ({"any": [{"active": False}, {"age": 18}]}, False),
    ],
)
def test_a_question_about_values_that_are_there_is_answered(where: dict[str, Any], expected: bool) -> None:
    assert ask(where) is expected


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ({"email": "a@b.se"}, "email is missing"),
        ({"nowhere": "x"}, "nowhere is missing"),
        ({"email": {"not": "a@b.se"}}, "email is missing"),
        ({"not": {"email": "a@b.se"}}, "email is missing"),
        ({"not": {"not": {"email": "a@b.se"}}}, "email is missing"),
        ({"age": "17"}, "age is a number, which cannot be compared with a text"),
        ({"age": {"not": "17"}}, "age is a number, which cannot be compared with a text"),
        ({"id": 900001}, "id is a text, which cannot be compared with a number"),
        ({"id": {"in": [1, "x"]}}, "id is a text, which cannot be compared with a number"),
        ({"active": 1}, "active is true or false, which cannot be compared with a number"),
        ({"age": True}, "age is a number, which cannot be compared with true or false"),
        ({"active": {"lt": 2}}, "active is true or false, which cannot be compared with a number"),
        ({"roles": {"in": [10]}}, "roles is a list, which cannot be compared with a number"),
        ({"id": {"contains": "9"}}, "id is a text, which cannot be compared with a list"),
        ({"first_name": {"lt": "B"}}, "first_name is a text, which cannot be compared with a text"),
        ({"born": {"lt": "2009-05-02T10:00:00"}}, "born is a date, which cannot be compared with a text"),
        ({"valid_from": {"lt": "2026-01-01T00:00:00Z"}}, "valid_from is a time, which cannot be compared with a text"),
        ({"born": {"in": ["soon"]}}, "born is a date, which cannot be compared with a text"),
    ],
)
def test_a_missing_or_mistyped_field_is_unknown_also_under_not(where: dict[str, Any], reason: str) -> None:
    answer = compile_where(where, ZONE)(ANNA)
    assert answer.value is None
    assert answer.reason == reason


def test_a_time_with_an_offset_is_unknown_when_no_zone_says_which_day_it_is() -> None:
    assert ask({"valid_until": {"lt": "2026-07-01"}}, None) is None
    assert ask({"valid_until": {"lt": "2026-07-01T00:00:00Z"}}, None) is True


def test_a_number_that_is_none_compares_with_nothing() -> None:
    assert compile_where({"age": {"lt": 1}})({"age": float("nan")}).value is None


def test_one_no_settles_what_stands_together_and_one_yes_settles_any() -> None:
    unknown: dict[str, Any] = {"email": "x"}
    assert ask({"email": "x", "active": False}) is False
    assert ask({"active": False, "email": "x"}) is False
    assert ask({"active": True, "email": "x", "phone": "1"}) is None
    assert ask({"any": [unknown, {"active": True}]}) is True
    assert ask({"any": [unknown, {"active": False}, {"phone": "1"}]}) is None
    assert ask({"not": {"email": "x", "active": False}}) is True


def test_compiled_filters_return_the_two_known_answers_themselves() -> None:
    assert compile_where({"active": True})(ANNA) is YES
    assert compile_where({"active": False, "age": 17})(ANNA) is NO


def test_an_operator_that_is_not_known_is_not_ignored() -> None:
    with pytest.raises(ValueError, match="inn"):
        compile_where({"id": {"inn": ["1"]}})


@given(st.recursive(st.sampled_from([{"a": "x"}, {"b": 1}, {"c": True}]), lambda w: st.builds(lambda x: {"not": x}, w)
       | st.lists(w, min_size=1, max_size=3).map(lambda ws: {"any": ws}), max_leaves=6), st.dictionaries(
           st.sampled_from("abc"), st.sampled_from(["x", "y", 1, 2, True, False])))  # fmt: skip
def test_learning_a_missing_field_never_turns_a_no_into_a_yes(where: dict[str, Any], fields: dict[str, Value]) -> None:
    whole = compile_where(where)(fields).value
    for name in list(fields):
        without = compile_where(where)({k: v for k, v in fields.items() if k != name}).value
        assert without is None or without is whole or whole is None


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"active": True, "roles": {"in": ["10"]}},
        {"any": [{"age": {"lt": 18}}, {"not": {"email": {"exists": True}}}]},
        {"born": {"gte": "2000-01-01", "not": ["2009-05-01"]}},
        {"roles": {"not": {"contains": "12"}}},
        {"first_name": {"not": "A"}},
    ],
)
def test_a_good_filter_has_no_problems(where: dict[str, Any]) -> None:
    assert check_where(where, FIELDS) == []


@pytest.mark.parametrize(
    ("where", "path", "words", "suggestion"),
    [
        ({"activ": True}, ("activ",), "no field 'activ'", "active"),
        ({"active": "yes"}, ("active",), "true or false", ""),
        ({"roles": {"inn": ["1"]}}, ("roles", "inn"), "unknown operator", "in"),
        ({"roles": {"in": "10"}}, ("roles", "in"), "list of values", ""),
        ({"roles": {"in": []}}, ("roles", "in"), "list of values", ""),
        ({"roles": {"not": []}}, ("roles", "not"), "list of values", ""),
        ({"roles": {"in": ["10", 12]}}, ("roles", "in", 1), "text in quotes", '"12"'),
        ({"roles": ["10"]}, ("roles",), "in: [...]", "in"),
        ({"id": 900001}, ("id",), "text in quotes", '"900001"'),
        ({"id": True}, ("id",), "text in quotes", ""),
        ({"email": None}, ("email",), "exists: false", "exists"),
        ({"email": {"exists": "no"}}, ("email", "exists"), "true or false", ""),
        ({"email": {}}, ("email",), "a condition is missing", ""),
        ({"email": {"contains": "x"}}, ("email", "contains"), "contains asks a list", "in"),
        ({"email": {"lt": "x"}}, ("email", "lt"), "compares numbers", ""),
        ({"age": {"lt": "x"}}, ("age", "lt"), "a number", ""),
        ({"age": True}, ("age",), "a number", ""),
        ({"born": {"gt": "1 May"}}, ("born", "gt"), "2026-12-31", ""),
        ({"any": {}}, ("any",), "list of conditions", ""),
        ({"any": [{"nope": 1}]}, ("any", 0, "nope"), "no field", ""),
        ({"any": ["x"]}, ("any", 0), "field: value", ""),
        ({"not": {}}, ("not",), "field: value", ""),
        ({"not": {"activ": True}}, ("not", "activ"), "no field", "active"),
        ({"age": {"not": {"gtt": 1}}}, ("age", "not", "gtt"), "unknown operator", "gt"),
    ],
)
def test_a_wrong_filter_is_found_with_its_path(where: dict[str, Any], path: tuple[Any, ...], words: str, suggestion: str) -> None:
    found = check_where(where, FIELDS)
    assert [f[0] for f in found] == [path]
    assert words in found[0][1]
    assert found[0][2] == suggestion


def test_a_filter_is_told_in_words() -> None:
    where = {
        "active": True,
        "any": [{"roles": {"in": ["10", "12"]}}, {"age": {"lt": 18, "gte": 5}}],
        "not": {"email": {"exists": False}},
        "id": {"not": "1"},
        "tags": {"not": {"contains": "x"}, "exists": True},
        "first_name": {"not": ["A", "B"]},
    }
    assert describe(where) == (
        "active is true and (roles is one of 10, 12 or age is before or below 18 and age is at least 5) and "
        "not (email is missing) and not (id is 1) and not (tags contains x) and tags is there and not (first_name is one of A, B)"
    )
    assert describe({}) == "always"
    assert where_fields(where) == {"active", "roles", "age", "email", "id", "tags", "first_name"}
