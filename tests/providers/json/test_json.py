from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sdk import Context, Incomplete, ProviderError, Record, Unreadable
from controller.sdk.http import Http
from providers.json.document import JsonConfig, read_json
from providers.json.provider import PROVIDER

pytestmark = pytest.mark.anyio


def config(**words: Any) -> JsonConfig:
    return JsonConfig.model_validate({"path": "members.json", **words})


def rows(document: Any, **words: Any) -> list[Record | Unreadable]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_json(body, config(**words))


def fails(document: Any, **words: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        rows(document, **words)
    assert caught.value.hint
    return caught.value


def test_objects_become_records_with_their_own_types() -> None:
    item = {
        "id": 7,
        "email": "A\u030a@b.se",
        "active": True,
        "roles": ["10", 12, None, " "],
        "card_numbers": "1, 2",
        "phone": None,
        "x": 1,
    }
    assert rows([item]) == [
        Record(
            "7",
            {"id": "7", "email": "Å@b.se", "active": True, "roles": ("10", "12"), "card_numbers": ("1", "2")},
            "members.json[0]",
        )
    ]


def test_a_list_that_is_absent_is_missing_only_where_the_row_has_no_such_name() -> None:
    found = rows([{"id": "1", "roles": []}, {"id": "2", "roles": ""}, {"id": "3", "roles": None}, {"id": "4"}])
    assert [cast(Record, row).fields.get("roles") for row in found] == [(), (), None, None]


def test_dotted_paths_lead_into_nested_objects_and_names_with_dots_come_first() -> None:
    mapped = {"first_name": "name.first", "last_name": "name.last", "phone": {"column": "a.b", "optional": True}}
    found = rows([{"id": "1", "name": {"first": "A", "last": "B"}, "a.b": "5"}, {"id": "2", "name": "x"}], map=mapped)
    assert [cast(Record, row).fields for row in found] == [
        {"id": "1", "first_name": "A", "last_name": "B", "phone": "5"},
        {"id": "2"},
    ]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", 12.0, 12),
        ("integer", "12", 12),
        ("integer", 3, 3),
        ("number", 1.5, 1.5),
        ("string", 1.0, "1"),
        ("boolean", "ja", True),
        ("boolean", 0, False),
        ("number", "12", 12),
        ("strings", 5, ("5",)),
    ],
)
def test_values_of_another_type_are_taken_where_nothing_is_lost(kind: str, value: object, expected: object) -> None:
    (row,) = rows([{"id": "1", "x": value}], map={"x": {"type": kind}})
    assert cast(Record, row).fields["x"] == expected


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", True, "no whole number"),
        ("integer", 1.5, "no whole number"),
        ("number", True, "no number"),
        ("string", False, "no text"),
        ("string", {"secret": "s3cret"}, "x: its value is no text"),
        ("strings", [{"a": 1}], "no text"),
        ("boolean", 2, "neither yes"),
        ("date", 20260101, "neither a date"),
        ("datetime", [], "neither a date"),
    ],
)
def test_a_value_that_does_not_fit_makes_its_row_unreadable(kind: str, value: object, words: str) -> None:
    bad, good = rows([{"id": "1", "x": value}, {"id": "2", "x": None}], map={"x": {"type": kind}})
    assert isinstance(bad, Unreadable)
    assert (bad.key, bad.code, bad.place) == ("1", "cell-unreadable", "members.json[0]")
    assert words in bad.message
    assert "s3cret" not in bad.message
    assert isinstance(good, Record)


def test_what_is_no_object_or_has_no_key_is_nobodys() -> None:
    found = rows([{"id": "1"}, 5, {"email": "x"}])
    assert [(row.key, getattr(row, "code", "")) for row in found] == [("1", ""), (None, "not-an-object"), (None, "key-missing")]


def test_rows_that_share_a_key_are_all_unreadable() -> None:
    assert [getattr(row, "code", "") for row in rows([{"id": 1}, {"id": "1"}])] == ["duplicate-key", "duplicate-key"]


def test_the_pointer_leads_to_the_array() -> None:
    document = {"data": {"a/b": [{"~m": [{"id": "1"}]}]}}
    assert [row.place for row in rows(document, pointer="/data/a~1b/0/~0m")] == ["members.json[0]"]


@pytest.mark.parametrize("pointer", ["/daat", "/data/x", "/data/members/7", "/data/members/x"])
def test_a_pointer_that_leads_nowhere_stops_the_source(pointer: str) -> None:
    error = fails({"data": {"members": [1]}}, pointer=pointer)
    assert error.code == "pointer-nowhere"
    assert pointer != "/daat" or error.hint == "did you mean data?"


def test_an_object_instead_of_an_array_names_the_pointer_to_set() -> None:
    assert fails({"total": 1, "members": []}).hint == "set pointer: /members"
    assert fails({"data": {"members": []}}, pointer="/data").hint == "set pointer: /data/members"
    assert fails({"data": 1}).code == fails(b"7").code == "no-array"


@pytest.mark.parametrize("body", [b'[{"id": "1"}', b'[{"id": "1"}] x', b"[NaN]", b'[{"id": "\xff"}]', b"[" * 100_000])
def test_a_document_that_does_not_parse_to_its_end_stops_the_source(body: bytes) -> None:
    assert fails(body).code == "broken-json"


def test_lines_are_read_one_object_each() -> None:
    found = rows(b'\xef\xbb\xbf{"id": "1"}\r\n\n{"id": "2"}', lines=True)
    assert [(row.key, row.place) for row in found] == [("1", "members.json:1"), ("2", "members.json:3")]
    error = fails(b'{"id": "1"}\n{"id": ', lines=True)
    assert error.message.startswith("members.json:2 is not whole JSON")


def test_a_mapped_name_that_no_object_has_stops_the_source_with_the_likely_name() -> None:
    document = [{"id": "1", "validity": {"unitl": "2026-01-01"}}]
    error = fails(document, map={"valid_until": "validity.until"})
    assert "no column 'validity.until' for valid_until (did you mean 'validity.unitl'?)" in error.message
    assert "id, validity.unitl" in error.hint
    assert "no column 'id'" in fails([{"nr": 1}]).message


def test_a_mapped_name_that_holds_an_object_everywhere_is_there() -> None:
    (row,) = rows([{"id": "1", "email": {"a": 1}}], map={"email": {}})
    assert isinstance(row, Unreadable)


def test_no_objects_are_no_rows() -> None:
    assert rows([], map={"email": "x"}) == []
    assert [type(row) for row in rows([1], map={"email": "x"})] == [Unreadable]


@given(st.binary(max_size=100))
def test_any_bytes_are_rows_or_a_clear_error(body: bytes) -> None:
    for lines in (True, False):
        try:
            read_json(body, config(lines=lines))
        except ProviderError as error:
            assert error.message


def test_a_default_fills_what_is_absent_or_null() -> None:
    found = rows([{"id": "1"}, {"id": "2", "active": None}, {"id": "3", "active": False}], map={"active": {"default": True}})
    assert [cast(Record, row).fields["active"] for row in found] == [True, True, False]


def test_a_table_whose_names_are_all_seen_goes_on() -> None:
    found = rows([{"m": "a"}, {"m": "b"}], record="table", map={"mail": "m"}, key="mail")
    assert [row.key for row in found] == ["a", "b"]


def test_only_the_first_hundred_objects_are_searched_for_names_that_were_meant() -> None:
    found = rows([{"id": str(n)} for n in range(100)] + [{"id": "x", "email": "e"}], map={"email": {}})
    assert len(found) == 101
    assert "no column 'phone'" in fails([5, {"id": "1"}], map={"phone": {}}).message


def test_pointer_and_lines_are_checked() -> None:
    assert [p.path for p in PROVIDER.check(config(pointer="data.members"))] == [("pointer",)]
    assert [p.hint for p in PROVIDER.check(config(pointer="data.members"))] == ["/data/members"]
    assert [p.path for p in PROVIDER.check(config(pointer="/a", lines=True))] == [("pointer",)]
    assert list(PROVIDER.check(config(pointer="/a"))) == []


async def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    ctx = Context(cast(Http, None), folder=tmp_path)
    (tmp_path / "members.json").write_text('[{"id": "1"}]')
    async with PROVIDER.source(config(), ctx) as source:
        assert [row async for row in source.records()] == [Record("1", {"id": "1"}, "members.json[0]")]
        assert (await source.facts()).notes == ("1 rows", "13 bytes")
        (tmp_path / "members.json").write_text("")
        with pytest.raises(Incomplete):
            [row async for row in source.records()]
