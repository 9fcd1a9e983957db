"""From bytes to entities: the quick way, the tolerant way, and what is not taken for a list."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sdk import PERMANENT, Period
from providers.hikvision.isapi.answer import NotAnAnswer, as_list, flag, number, text, tree, words
from providers.hikvision.isapi.wire import NoSearch, decode_cards, decode_people, decode_records
from providers.hikvision.normalise import Normaliser

PERSON: dict[str, Any] = {
    "employeeNo": "1001", "name": "Anna", "userType": "normal", "localUIRight": False, "doorRight": "1",
    "Valid": {"enable": True, "beginTime": "2026-01-01T00:00:00", "endTime": "2026-12-31T23:59:59", "timeType": "local"},
    "RightPlan": [{"doorNo": 1, "planTemplateNo": "1"}], "numOfCard": 1,
}  # fmt: skip
VALUES = ("Anna", Period("2026-01-01T00:00:00", "2026-12-31T23:59:59"), ((1, 1),), "normal", None)


def _page(*persons: Any, **head: Any) -> bytes:
    found = {"searchID": "1", "responseStatusStrg": "OK", "numOfMatches": len(persons), "totalMatches": len(persons), **head}
    return json.dumps({"UserInfoSearch": {**found, "UserInfo": list(persons)}}).encode()


def _values(*persons: dict[str, Any], zone: str | None = "Europe/Stockholm", assume_plan: int = 1) -> list[tuple[Any, ...]]:
    normaliser = Normaliser(ZoneInfo(zone) if zone else None, assume_plan)
    return [one.values for one in normaliser.people(decode_people(_page(*persons)).records)]


def test_a_plain_page_is_read() -> None:
    assert _values(PERSON) == [VALUES]


@pytest.mark.parametrize(
    "odd",
    [
        {"employeeNo": 1001},
        {"name": "Anna", "localUIRight": "false"},
        {"localUIRight": 0},
        {"RightPlan": {"doorNo": "1", "planTemplateNo": 1}},
        {"RightPlan": [{"doorNo": "1", "planTemplateNo": ["1"]}]},
        {"RightPlan": None},
        {"RightPlan": []},
        {"doorRight": None},
        {"doorRight": 1},
        {"Valid": {**PERSON["Valid"], "enable": "true"}},
        {"Valid": {**PERSON["Valid"], "enable": 1, "beginTime": " 2026-01-01 00:00:00 "}},
        {"userType": None},
    ],
)
def test_other_types_mean_the_same(odd: dict[str, Any]) -> None:
    assert _values({**PERSON, **odd}) == [VALUES]


@pytest.mark.parametrize("around", [(b"\xef\xbb\xbf", b""), (b"\r\n ", b"\0\0\n"), (b"", b"\0")])
def test_noise_around_the_body_is_cut_off(around: tuple[bytes, bytes]) -> None:
    found = decode_people(around[0] + _page(PERSON) + around[1])
    assert [p.employeeNo for p in found.records] == ["1001"] and (found.count, found.total, found.last) == (1, 1, True)


def test_xml_where_json_was_asked_is_read() -> None:
    body = b"""\n<?xml version="1.0"?><UserInfoSearch version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
    <responseStatusStrg>MORE</responseStatusStrg><numOfMatches>2</numOfMatches><totalMatches>5</totalMatches><UserInfoList>
    <UserInfo><employeeNo>1</employeeNo><name>A</name><Valid><enable>false</enable></Valid></UserInfo>
    <UserInfo><employeeNo>2</employeeNo><name>B</name><Valid><enable>true</enable><endTime>2026-12-31T23:59:59</endTime></Valid>
    <doorRight>1</doorRight><RightPlan><RightPlan><doorNo>1</doorNo><planTemplateNo>2</planTemplateNo></RightPlan></RightPlan>
    </UserInfo></UserInfoList></UserInfoSearch>"""
    found = decode_people(body)
    first, second = Normaliser(None).people(found.records)
    assert (found.last, found.count, found.total) == (False, 2, 5)
    assert first.values == ("A", PERMANENT, (), "normal", None)
    assert second.values == ("B", Period("", "2026-12-31T23:59:59"), ((1, 2),), "normal", None)


@pytest.mark.parametrize("word", ["NOMATCH", "NO_MATCHES", "NO MATCH"])
@pytest.mark.parametrize("field", ["responseStatusStrg", "responseStatusStrings", "responseStatus"])
def test_no_match_in_any_spelling_is_an_empty_last_page(word: str, field: str) -> None:
    body = json.dumps({"UserInfoSearch": {field: word, "numOfMatches": 0, "totalMatches": 0}}).encode()
    assert msgspec.structs.astuple(decode_people(body)) == ([], True, 0, 0)
    assert not decode_records(body).records


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"statusCode":4,"subStatusCode":"notSupport"}', b'{"UserInfoSearch":{}}'])
def test_another_answer_is_no_list(body: bytes) -> None:
    with pytest.raises(NoSearch):
        decode_people(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>x</body></html>",
        b"<UserInfoSearch><a>",
        b"[1]",
        b"hello",
        b'{"UserInfoSearch":',
        b"\xff\xfe{}",
        _page(PERSON)[:-9],
        b'<!DOCTYPE a [<!ENTITY b "c">]><UserInfoSearch>&b;</UserInfoSearch>',
        _page({"name": "no number"}),
    ],
)
def test_what_cannot_be_read_raises(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_people(body)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_garbage_is_never_a_list(body: bytes) -> None:
    for decode in (decode_people, decode_cards):
        with pytest.raises((ValueError, NoSearch)):
            decode(body)


_NAMES = st.sampled_from(["UserInfo", "totalMatches", "employeeNo", "Valid", "enable", "RightPlan", "doorNo", "responseStatusStrg"])
_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner), max_leaves=12))
def test_any_shape_is_read_or_refused_but_never_breaks(shape: Any) -> None:
    try:
        found = decode_people(json.dumps({"UserInfoSearch": shape}).encode())
    except (ValueError, NoSearch):
        return
    assert len(Normaliser(None).people(found.records)) == len(found.records)


@pytest.mark.parametrize(
    ("valid", "period"),
    [
        ({"enable": False, "beginTime": "2026-01-01T00:00:00", "endTime": "2026-01-02T00:00:00"}, PERMANENT),
        ({"enable": True, "beginTime": "2026-07-01T10:00:00Z", "endTime": "2026-12-01T10:00:00+00:00"},
         Period("2026-07-01T12:00:00", "2026-12-01T11:00:00")),
        ({"enable": True, "beginTime": "", "endTime": "2026-12-01T10:00:00"}, Period("", "2026-12-01T10:00:00")),
        ({"enable": True, "beginTime": "", "endTime": ""}, None),
        ({"enable": True, "beginTime": "yesterday", "endTime": "2026-12-01T10:00:00"}, None),
        ({"enable": True, "beginTime": "0001-01-01T00:00:00Z", "endTime": "9999-12-31T23:59:59Z"}, None),
    ],
)  # fmt: skip
def test_validity_is_wall_time_of_the_site_or_unknown(valid: dict[str, Any], period: Period | None) -> None:
    assert _values({**PERSON, "Valid": valid})[0][1] == period


def test_a_person_without_validity_has_none() -> None:
    assert _values({k: v for k, v in PERSON.items() if k != "Valid"})[0][1] is None


@pytest.mark.parametrize(
    ("right", "plans", "doors"),
    [
        ("1,2", [{"doorNo": 1, "planTemplateNo": "3,1"}, {"doorNo": 2, "planTemplateNo": "1"}], ((1, 1), (1, 3), (2, 1))),
        ("1", [{"doorNo": 1, "planTemplateNo": "1"}, {"doorNo": 2, "planTemplateNo": "1"}], ((1, 1),)),
        ("1", [], ((1, 4),)),
        ("1,2", [{"doorNo": 1, "planTemplateNo": ""}], ((1, 4), (2, 4))),
        ("", [{"doorNo": 1, "planTemplateNo": "1"}], ()),
    ],
)
def test_rights_are_pairs_of_door_and_plan(right: str, plans: list[Any], doors: tuple[Any, ...]) -> None:
    assert _values({**PERSON, "doorRight": right, "RightPlan": plans}, assume_plan=4)[0][2] == doors


def test_names_are_compared_in_one_form() -> None:
    assert _values({**PERSON, "name": "A\u030asa O'Brien"})[0][0] == "Åsa O\u2019Brien"


def test_cards_may_have_no_owner() -> None:
    body = {"CardInfoSearch": {"responseStatusStrg": "OK", "numOfMatches": "1", "totalMatches": 1, "CardInfo": {"cardNo": 77}}}
    [card] = Normaliser(None).cards(decode_cards(json.dumps(body).encode()).records)
    assert (card.key, card.subject, card.values, card.remote_id) == ("77", "", ("", "normalCard"), "")


def test_scalars_are_read_however_they_are_written() -> None:
    assert [flag(v) for v in (True, 1, "1", "true", "true,false", {"@opt": "true,false"}, ["true"])] == [True] * 7
    nothing: tuple[Any, ...] = (False, 0, "0", "false", "", None, {})
    assert not any(flag(v) for v in nothing)
    assert (number("7"), number(7), number("x"), number(None), text({"#text": "a"}), text([])) == (7, 7, None, None, "a", "")
    assert (words("a, b"), words(["a"]), words({"@opt": "a,b"}), words(None)) == (("a", "b"), ("a",), ("a", "b"), ())
    assert (as_list(None), as_list({}), as_list([1])) == ([], [{}], [1])


def test_xml_text_attributes_and_repeats_are_kept() -> None:
    assert tree(b'<A><b min="1">x</b><c>1</c><c>2</c><c>3</c></A>') == {
        "A": {"b": {"@min": "1", "#text": "x"}, "c": ["1", "2", "3"]}
    }
    assert tree(b"<A>x</A>") == {"A": {"#text": "x"}}
    with pytest.raises(NotAnAnswer):
        tree(b"<a")
