from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sdk import Context, FieldType, Incomplete, ProviderError, Record, SystemClock, Unreadable
from controller.sdk.columns import NotReadable
from controller.sdk.http import Http
from controller.sdk.loopback import serve
from controller.sdk.reference import Reference
from providers.csv.provider import PROVIDER
from providers.csv.table import CsvConfig, read_csv

pytestmark = pytest.mark.anyio


def config(**words: Any) -> CsvConfig:
    return CsvConfig.model_validate({"path": "members.csv", **words})


def rows(text: str | bytes, **words: Any) -> list[Record | Unreadable]:
    return read_csv(text if isinstance(text, bytes) else text.encode(), config(**words))


def fields(text: str | bytes, **words: Any) -> dict[str, Any]:
    (row,) = rows(text, **words)
    assert isinstance(row, Record)
    return dict(row.fields)


def unreadable(row: Record | Unreadable) -> Unreadable:
    assert isinstance(row, Unreadable)
    return row


# -- rows --------------------------------------------------------------------------------------------------------------------


def test_columns_with_canonical_names_are_taken_as_they_are_and_others_are_not() -> None:
    assert rows("id,email,shoe\n1, a@b.se ,42\n") == [Record("1", {"id": "1", "email": "a@b.se"}, "members.csv:2")]


def test_mapped_columns_become_typed_fields() -> None:
    text = "Nr;E-post;Slut;Roller;Aktiv;Poäng;Ålder\n7;å@b.se;31/12/2026;10| 12 |;Ja;3,5;17\n"
    mapped = {
        "id": "Nr",
        "email": {"column": "E-post"},
        "valid_until": {"column": "Slut", "format": "%d/%m/%Y"},
        "roles": {"column": "Roller", "separator": "|"},
        "active": "Aktiv",
        "score": {"column": "Poäng", "type": "number", "decimal": ","},
        "age": {"column": "Ålder", "type": "integer"},
    }
    assert fields(text, map=mapped) == {
        "id": "7",
        "email": "å@b.se",
        "valid_until": date(2026, 12, 31),
        "roles": ("10", "12"),
        "active": True,
        "score": 3.5,
        "age": 17,
    }


def test_an_empty_cell_is_missing_an_empty_list_is_a_list_and_a_default_fills() -> None:
    text = "id,email,roles,phone,active\n1,,,,\n"
    mapped = {"phone": {"default": "112"}, "active": {"default": True}}
    assert fields(text, map=mapped) == {"id": "1", "roles": (), "phone": "112", "active": True}


@pytest.mark.parametrize(
    ("word", "value"), [("JA", True), ("da", True), ("1", True), ("nej", False), ("NU", False), ("false", False)]
)
def test_words_for_yes_and_no(word: str, value: bool) -> None:
    assert fields(f"id,active\n1,{word}\n")["active"] is value


def test_own_words_for_yes_and_no_replace_the_usual_ones() -> None:
    own = {"active": {"yes": ["A"], "no": ["P"]}}
    assert fields("id,active\n1,a\n", map=own)["active"] is True
    assert "neither yes (A) nor no (P)" in unreadable(rows("id,active\n1,ja\n", map=own)[0]).message


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ({"type": "date"}, "2026-01-02 00:00:00", date(2026, 1, 2)),
        ({"type": "date"}, "2026-01-02", date(2026, 1, 2)),
        ({"type": "datetime"}, "2026-01-02", date(2026, 1, 2)),
        ({"type": "datetime", "format": "%d.%m.%Y %H:%M"}, "02.01.2026 08:30", datetime(2026, 1, 2, 8, 30)),
        (
            {"type": "datetime", "format": "%Y%m%dT%H%M%S%z"},
            "20260102T083000+0200",
            datetime.fromisoformat("2026-01-02T08:30:00+02:00"),
        ),
        ({"type": "number"}, "12", 12),
        ({"type": "number"}, "-12.50", -12.5),
        ({"type": "integer"}, "+0012", 12),
        ({"type": "string"}, "A\u030asa", "Åsa"),
    ],
)
def test_cells_are_read_by_their_type(kind: dict[str, str], cell: str, value: object) -> None:
    assert fields(f"id,x\n1,{cell}\n", map={"x": kind}) == {"id": "1", "x": value}


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        ({"type": "date"}, "2026-01-02 10:00:00", "time of day"),
        ({"type": "date"}, "02/01/2026", "declare their format"),
        ({"type": "date", "format": "%d/%m/%Y"}, "31/02/2026", "not written as %d/%m/%Y"),
        ({"type": "number"}, '"1,5"', "no number written like 12.5"),
        ({"type": "number", "decimal": ","}, "1.000", "no number written like 12,5"),
        ({"type": "number"}, "nan", "no number"),
        ({"type": "integer"}, "12.0", "no whole number"),
        ({"type": "integer"}, "１２", "no whole number"),
        ({"type": "boolean"}, "perhaps", "neither yes"),
    ],
)
def test_a_cell_that_cannot_be_read_makes_its_row_unreadable_under_its_key(kind: dict[str, str], cell: str, words: str) -> None:
    bad, good = rows(f"id,x\n7,{cell}\n8,\n", map={"x": kind})
    assert (unreadable(bad).key, unreadable(bad).code, bad.place) == ("7", "cell-unreadable", "members.csv:2")
    assert words in unreadable(bad).message
    assert good == Record("8", {"id": "8"}, "members.csv:3")


def test_a_sensitive_value_is_not_shown_in_a_message() -> None:
    bad = unreadable(rows("id,pin\n1,7749x\n", map={"pin": {"type": "integer", "sensitive": True}})[0])
    assert bad.message == "pin: its value is no whole number"


def test_a_row_with_too_few_or_too_many_cells_is_nobodys() -> None:
    found = rows("id,email\n1\n2,b,c\n3,d\n")
    assert [(row.key, row.place) for row in found] == [(None, "members.csv:2"), (None, "members.csv:3"), ("3", "members.csv:4")]
    assert unreadable(found[0]).message == "the row has 1 columns, the header has 2"


def test_blank_rows_are_left_out_unless_asked_for() -> None:
    text = "id,email\n\n , \n1,a\n"
    assert [row.place for row in rows(text)] == ["members.csv:4"]
    assert [unreadable(row).code for row in rows(text, skipBlank=False)[:2]] == ["blank-row", "blank-row"]


def test_places_count_lines_also_after_cells_over_several_lines() -> None:
    text = 'id,email,phone\r\n1,"Street 1\r\nTown",x\r\n2,"say ""hi""",y\r\n'
    found = rows(text)
    assert [row.place for row in found] == ["members.csv:2", "members.csv:4"]
    assert cast(Record, found[1]).fields["email"] == 'say "hi"'


def test_rows_that_share_a_key_are_all_unreadable() -> None:
    found = rows("id,email\n" + "1,a\n2,b\n" + "1,c\n" * 5)
    assert [isinstance(row, Unreadable) for row in found] == [True, False, True, True, True, True, True]
    assert unreadable(found[0]).message == "its key '1' stands in members.csv:4, members.csv:5, members.csv:6 and 2 more as well"
    assert (unreadable(found[2]).key, unreadable(found[2]).code) == ("1", "duplicate-key")


def test_a_row_that_shares_its_key_with_an_unreadable_one_is_unreadable_too() -> None:
    found = rows("id,active\n1,perhaps\n1,ja\n")
    assert [unreadable(row).code for row in found] == ["cell-unreadable", "duplicate-key"]


def test_the_key_may_be_another_field_or_made_of_several() -> None:
    assert rows("first_name,last_name\nA,B\n", key="{first_name}.{last_name}")[0].key == "A.B"
    assert rows("employee_no\n1001\n", key="employee_no")[0].key == "1001"
    assert unreadable(rows("employee_no,email\n,x\n", key="employee_no")[0]).code == "key-missing"


def test_a_table_holds_only_what_is_mapped() -> None:
    assert fields("mail,no,id\na,1,x\n", record="table", key="mail", map={"mail": {}, "employee_no": "no"}) == {
        "mail": "a",
        "employee_no": "1",
    }


def test_only_a_header_is_no_rows() -> None:
    assert rows("id,email\n") == []
    assert rows("id,email") == []


# -- documents in doubt ------------------------------------------------------------------------------------------------------


def fails(text: str | bytes, **words: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        rows(text, **words)
    assert caught.value.hint
    return caught.value


def test_a_mapped_column_that_is_missing_stops_the_source_with_the_likely_name() -> None:
    error = fails("id,E-post,Slut\n1,a,b\n", map={"email": "Epost", "valid_until": {"column": "Ende", "default": "2026-01-01"}})
    assert "no column 'Epost' for email (did you mean 'E-post'?); no column 'Ende' for valid_until" in error.message
    assert error.retry is False


def test_an_optional_column_may_be_missing() -> None:
    assert fields("id\n1\n", map={"phone": {"column": "Tel", "optional": True}}) == {"id": "1"}


def test_the_column_of_the_key_must_be_there() -> None:
    assert "no column 'id' for id" in fails("nr,email\n1,a\n").message
    assert "no column 'employee_no'" in fails("id\n1\n", key="{id}-{employee_no}").message


def test_a_header_that_names_a_column_twice_is_refused_but_nameless_columns_are_not() -> None:
    assert "'email' twice" in fails("id,email, email\n1,a,b\n").message
    assert fields("id;email;;\n1;a;;\n") == {"id": "1", "email": "a"}


@pytest.mark.parametrize("text", ['id,email\n1,"a\n2,b\n', 'id,email\n1,"a"b\n', 'id,email,phone\n1,"a,x\n2,b,y\n3,"c,z\n'])
def test_a_quote_that_is_not_closed_stops_the_source(text: str) -> None:
    error = fails(text)
    assert error.code == "unclosed-quote"
    assert "members.csv:2" in error.message


def test_a_quote_that_swallows_whole_rows_and_closes_by_chance_stops_the_source() -> None:
    assert fails('id,email,phone\n1,"a,x\n2,b,y\n3,c",z\n').code == "unclosed-quote"


def test_a_last_line_that_was_cut_stops_the_source() -> None:
    for text in ("id,email,phone\n1,a,b\n2,c", "id,valid_until\n1,2026-01-01\n2,2026-0"):
        with pytest.raises(Incomplete, match="in the middle of a line"):
            rows(text)
    assert len(rows("id,valid_until\n1,2026-01-01")) == 1


def test_a_wrong_encoding_is_named_with_line_and_byte() -> None:
    error = fails("id,email\n1,a\n2,å\n".encode("cp1252"))
    assert error.code == "wrong-encoding"
    assert "members.csv:3: byte 0xe5 (position 15) is not utf-8" in error.message


def test_utf8_that_is_declared_as_something_else_is_refused_before_it_garbles_names() -> None:
    assert "is UTF-8, not iso-8859-1" in fails("id,email\n1,å\n".encode(), encoding="iso-8859-1").message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-1", "iso-8859-2", "cp1250"])
def test_declared_encodings_are_read(encoding: str) -> None:
    assert fields("id,email\n1,äö\n".encode(encoding), encoding=encoding)["email"] == "äö"


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert fields(b"\xef\xbb\xbfid\n1\n") == {"id": "1"}


def test_a_spreadsheet_or_utf16_is_not_taken_for_text() -> None:
    assert fails("id\n1\n".encode("utf-16-le")).code == "not-text"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header(mark: str) -> None:
    other = ";" if mark != ";" else ","
    assert fields(f'"id","em{other}{other}{other}ail",phone\n1,2,3\n'.replace(",", mark) if mark == "," else
                  f'id{mark}"a{other}{other}b"{mark}phone\n1{mark}2{mark}3\n') == {"id": "1", "phone": "3"}  # fmt: skip


def test_a_delimiter_that_cannot_be_told_must_be_declared() -> None:
    assert "cannot be told" in fails("id;a,b\n1;2,3\n").message
    assert fields("id;a,b\n1;2,3\n", delimiter=";") == {"id": "1"}
    assert fields("sep=;\nid;a,b\n1;2,3\n") == {"id": "1"}


def test_lines_before_the_header_are_counted() -> None:
    assert [row.place for row in rows("\nsep=,\nid\n1\n")] == ["members.csv:4"]
    assert [row.place for row in rows("\n\nid\n1\n")] == ["members.csv:4"]


def test_nothing_but_line_breaks_is_incomplete() -> None:
    with pytest.raises(Incomplete, match="no header"):
        rows("\n\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_clear_error(body: bytes) -> None:
    try:
        rows(b"id,email\n" + body)
    except ProviderError as error:
        assert error.message


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(st.lists(CELL, min_size=1, max_size=20))
def test_every_row_that_was_written_is_read_again(cells: list[str]) -> None:
    text = "id,email\n" + "".join(f'{n},"{cell.replace(chr(34), chr(34) * 2)}"\n' for n, cell in enumerate(cells))
    assert [row.key for row in rows(text, delimiter=",")] == [str(n) for n in range(len(cells))]


# -- the config --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "path", "message"),
    [
        ({"path": None}, (), "either path or url"),
        ({"url": "http://x/y"}, (), "either path or url"),
        ({"username": "u"}, ("username",), "belongs to a url"),
        ({"headers": {"a": "b"}}, ("headers",), "belongs to a url"),
        ({"path": None, "url": "http://x/", "username": "u"}, ("username",), "go together"),
        ({"map": {"first name": "x"}}, ("map", "first name"), "letters, digits"),
        ({"map": {"active": {"type": "string"}}}, ("map", "active", "type"), "always of type boolean"),
        ({"map": {"age": {"format": "%Y"}}}, ("map", "age", "format"), "format is for dates"),
        ({"map": {"valid_until": {"format": "%d/%m"}}}, ("map", "valid_until"), "names no day"),
        ({"map": {"valid_until": {"format": "%Y-%m-%d %Q"}}}, ("map", "valid_until"), "%Q"),
        ({"map": {"active": {"yes": ["x"], "no": ["X"]}}}, ("map", "active", "yes"), "both yes and no"),
        ({"map": {"valid_until": {"default": "soon"}}}, ("map", "valid_until"), "no date like"),
        ({"key": "{id"}, ("key",), "without its partner"),
        ({"key": "nr"}, ("key",), "no field 'nr'"),
        ({"key": "emial"}, ("key",), "no field 'emial'"),
        ({"record": "table", "map": {"a": "b"}}, (), "nothing says what identifies a row"),
    ],
)
def test_what_types_cannot_say_is_checked(words: dict[str, Any], path: tuple[str, ...], message: str) -> None:
    found = [problem for problem in PROVIDER.check(config(**words)) if problem.path == path]
    assert len(found) == 1
    assert message in found[0].message


def test_a_good_config_has_no_problems() -> None:
    assert list(PROVIDER.check(config(map={"valid_until": {"type": "date", "format": "%d %b %y"}, "x": "y"}))) == []
    assert list(PROVIDER.check(config(path=None, url="https://x/", username="u", password={"env": "P"}))) == []


def test_fields_and_what_is_masked_are_known_without_opening_anything() -> None:
    made = config(map={"age": {"type": "integer"}, "pin": {"sensitive": True}})
    known = PROVIDER.fields(made)
    assert (known["age"], known["pin"], known["roles"]) == (FieldType.INTEGER, FieldType.STRING, FieldType.STRINGS)
    assert PROVIDER.sensitive(made) == {"card_no", "card_numbers", "pin"}
    assert (PROVIDER.record_type(made), PROVIDER.endpoint(made)) == ("person", None)


# -- files and URLs ----------------------------------------------------------------------------------------------------------


def context(folder: Path) -> Context:
    return Context(cast(Http, None), folder=folder)


async def read(made: CsvConfig, ctx: Context) -> list[Record | Unreadable]:
    async with PROVIDER.source(made, ctx) as source:
        return [row async for row in source.records()]


async def test_a_file_is_found_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("id\n1\n1\n2\n")
    assert [row.key for row in await read(config(), context(tmp_path))] == ["1", "1", "2"]
    async with PROVIDER.source(config(), context(tmp_path)) as source:
        assert (await source.facts()).notes == ("3 rows, 2 of them unreadable", "9 bytes")


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda p: None, "file-missing", "is not there"),
        (lambda p: p.mkdir(), "unreadable-answer", "is a folder"),
        (lambda p: p.write_bytes(b""), "incomplete-list", "is empty"),
        (lambda p: p.write_bytes(b" \n"), "incomplete-list", "is empty"),
        (lambda p: p.write_bytes(b"\n<!-- x --><!DOCTYPE html><p>log in"), "unreadable-answer", "web page"),
        (lambda p: p.symlink_to(p), "unreachable", "cannot be read"),
    ],
)
async def test_a_file_that_cannot_be_used_is_a_clear_error(
    tmp_path: Path, make: Callable[[Path], object], code: str, words: str
) -> None:
    make(tmp_path / "members.csv")
    with pytest.raises(ProviderError, match=words) as caught:
        await read(config(), context(tmp_path))
    assert caught.value.code == code
    assert caught.value.hint


async def test_a_file_without_permission_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ProviderError, match="may not be read"):
        await read(config(), context(tmp_path))


async def test_a_file_that_is_too_large_or_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "members.csv").write_text("id\n1\n")
    monkeypatch.setattr("controller.sdk.columns.document.MAX_BYTES", 3)
    with pytest.raises(NotReadable, match="larger than"):
        await read(config(), context(tmp_path))
    monkeypatch.setattr("controller.sdk.columns.document.MAX_BYTES", 100)
    ticks, stat = count(), os.stat(tmp_path / "members.csv")
    changing = (SimpleNamespace(st_size=stat.st_size, st_mtime_ns=tick, st_mode=stat.st_mode) for tick in ticks)
    monkeypatch.setattr("controller.sdk.columns.document.os.fstat", lambda _: next(changing))
    with pytest.raises(Incomplete, match="changed while it was read"):
        await read(config(), context(tmp_path))


async def test_a_url_is_fetched_with_login_and_secret_headers() -> None:
    seen: list[dict[bytes, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope["headers"]))
        status, body = {"/members.csv": (200, b"id\n1\n"), "/no": (403, b""), "/gone": (404, b""), "/half": (206, b"id\n"),
                        "/login": (200, b"<html><body>Log in"), "/bad": (500, b"oops")}[scope["path"]]  # fmt: skip
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async with serve(app) as served:
        made = config(
            path=None,
            url=f"{served.url}/members.csv",
            username="u",
            password={"env": "P"},
            headers={"x-key": {"env": "K"}, "x-b": "c"},
        )
        endpoint = PROVIDER.endpoint(made)
        assert endpoint is not None
        assert endpoint.scheme == "basic"
        async with Http(endpoint, username="u", password="p", clock=SystemClock()) as http:
            (row,) = await read(made, Context(http, reveal=lambda ref: f"secret of {ref.env}"))
            assert row == Record("1", {"id": "1"}, "members.csv:2")
            with pytest.raises(ProviderError, match="cannot be opened here"):
                await read(made, Context(http))
        assert (seen[0][b"x-key"], seen[0][b"x-b"], seen[0][b"authorization"][:5]) == (b"secret of K", b"c", b"Basic")
        for path, words in (("no", "status 403"), ("gone", "status 404"), ("half", "206"), ("login", "web page"), ("bad", "500")):
            made = config(path=None, url=f"{served.url}/{path}")
            endpoint = PROVIDER.endpoint(made)
            assert endpoint is not None
            async with Http(endpoint, clock=SystemClock()) as http:
                with pytest.raises(ProviderError, match=words):
                    await read(made, Context(http))


def test_a_secret_stays_out_of_the_config_s_repr() -> None:
    made = config(path=None, url="http://x/", username="u", password={"plain": "hunter2"})
    assert "hunter2" not in repr(made)
    assert isinstance(made.password, Reference)
