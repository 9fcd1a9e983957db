"""Tables behind PostgREST: read whole or not at all, whatever the server cuts, hides or refuses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt
import pytest

from controller.sdk import (
    Context,
    Incomplete,
    Nonsense,
    NotOffered,
    ProviderError,
    Record,
    Reference,
    SystemClock,
    Unauthorized,
    Unreadable,
)  # fmt: skip
from controller.sdk.columns import NotReadable
from controller.sdk.http import Http
from controller.sdk.http.client import Retry
from providers.postgrest.config import PostgrestConfig, check_config
from providers.postgrest.provider import PROVIDER
from providers.postgrest.simulator import Quirks, Relation, Server

pytestmark = pytest.mark.anyio

SECRETS = {"KEY": "anon-key", "TOKEN": "service-token", "SIGNING": "a-secret-of-at-least-thirty-two-bytes!"}


class StillClock(SystemClock):
    """The first of May, for ever; nobody waits."""

    def now(self) -> datetime:
        return datetime(2026, 5, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        """At once."""


def employees(count: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "name": f"Person {n}", "status": "active" if n % 5 else "left", "note": "B,(x)" if n == 1 else None}
        for n in range(1, count + 1)
    ]


def config(**given: Any) -> PostgrestConfig:
    words = {"url": "http://sim/rest/v1", "table": "employees", "map": {"full_name": "name"}} | given
    return PostgrestConfig.model_validate(words)


async def read(server: Server, **given: Any) -> list[Record | Unreadable]:
    async with opened(server, **given) as table:
        return [row async for row in table.records()]


@asynccontextmanager
async def opened(server: Server, **given: Any) -> Any:
    words = config(**given)
    transport = httpx.ASGITransport(server.app)
    clock = StillClock()
    endpoint = PROVIDER.endpoint(words)
    assert endpoint is not None
    async with Http(endpoint, clock=clock, transport=transport, retry=Retry(wait=0.0)) as http:
        context = Context(http=http, clock=clock, reveal=lambda reference: SECRETS[str(reference.env)])
        async with PROVIDER.source(words, context) as table:
            yield table


def keys(rows: Sequence[Record | Unreadable]) -> list[str | None]:
    return [row.key for row in rows]


# -- whole reads -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
async def test_every_row_comes_once_whatever_the_row_limit(count: int) -> None:
    rows = await read(Server({"employees": employees(count)}), pageSize=5000)
    assert keys(rows) == [str(n) for n in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 20])
async def test_a_server_that_does_not_count_is_asked_until_nothing_is_left(count: int) -> None:
    server = Server({"employees": employees(count)}, quirks=Quirks(cap=10, no_count=True))
    assert len(await read(server)) == count
    assert server.faults.calls == (count // 10) + 1 + (1 if count % 10 else 0)


async def test_pages_are_asked_for_in_the_order_of_a_column_that_no_rows_share() -> None:
    server = Server({"employees": employees(30)}, quirks=Quirks(cap=10))
    await read(server)
    queries = [call.query for call in server.faults.log]
    assert all("order=id.asc" in query for query in queries)
    assert ["id=gt." in query for query in queries] == [False, True, True]


async def test_rows_that_share_the_column_of_the_order_are_refused() -> None:
    rows = [*employees(10), {"id": 10, "name": "Twin", "status": "active", "note": None}, *employees(14)[10:]]
    with pytest.raises(NotReadable, match="share their id"):
        await read(Server({"employees": rows}, quirks=Quirks(cap=11)))


async def test_rows_that_lack_the_column_of_the_order_are_refused() -> None:
    rows = [*employees(10), {"id": None, "name": "Nobody", "status": "active", "note": None}, *employees(14)[10:]]
    with pytest.raises(NotReadable, match="have no id"):
        await read(Server({"employees": rows}, quirks=Quirks(cap=15, no_count=True)))


async def test_a_table_that_changes_while_it_is_read_is_read_again() -> None:
    server = Server({"employees": employees(30)}, quirks=Quirks(cap=10, shrinks=3))
    assert len(await read(server)) == 27


async def test_a_table_that_never_stands_still_is_no_list() -> None:
    server = Server({"employees": employees(30)}, quirks=Quirks(cap=10))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        server.quirks.shrinks = 1
        await plain(scope, receive, send)

    plain = server.app
    server.faults.wrap = lambda inner: app  # type: ignore[method-assign,assignment]
    with pytest.raises(Incomplete, match="changed while it was read"):
        await read(server)


async def test_pages_that_never_end_are_no_list() -> None:
    server = Server({"employees": employees(3)}, quirks=Quirks(endless=True, cap=2))
    with pytest.raises(Nonsense, match="has no end"):
        await read(server)
    assert server.faults.calls < 10


# -- what is asked for -------------------------------------------------------------------------------------------------------


async def test_filters_are_the_servers_words_with_their_quoting() -> None:
    server = Server({"employees": employees(10)})
    assert keys(await read(server, filters={"status": "eq.left"})) == ["5", "10"]
    assert keys(await read(server, filters={"id": ["gte.3", "lt.5"]})) == ["3", "4"]
    assert keys(await read(server, filters={"note": 'in.("B,(x)",other)'})) == ["1"]
    assert keys(await read(server, filters={"or": "(id.eq.2,and(id.gt.8,id.lt.10))"})) == ["2", "9"]
    assert keys(await read(server, filters={"status": "not.eq.active", "name": "ilike.*son 1*"})) == ["10"]


async def test_the_column_of_the_order_is_asked_for_even_when_select_lacks_it() -> None:
    rows = await read(Server({"employees": employees(3)}), select=["name"], key="full_name")
    assert keys(rows) == ["Person 1", "Person 2", "Person 3"]


BIOMETRICS = [{"employee_id": 1, "no": 1001}, {"employee_id": 3, "no": 1003}]
EMBEDDED = {"select": "id,name,bio:biometrics(no)", "map": {"full_name": "name", "employee_no": "bio.no"}}


@pytest.mark.parametrize("form", ["object", "array", "auto"])
async def test_an_embedded_row_is_one_whether_it_comes_as_object_list_or_null(form: str) -> None:
    relation = Relation("biometrics", "employee_id", "employees", unique=form == "auto")
    server = Server({"employees": employees(3), "biometrics": BIOMETRICS}, [relation], quirks=Quirks(embed=form))
    rows = await read(server, **EMBEDDED)
    assert [(row.key, row.fields.get("employee_no")) for row in rows if isinstance(row, Record)] == [
        ("1", "1001"),
        ("2", None),
        ("3", "1003"),
    ]


async def test_several_embedded_rows_that_differ_hold_their_row() -> None:
    several = [*BIOMETRICS, {"employee_id": 3, "no": 1033}]
    server = Server({"employees": employees(3), "biometrics": several}, [Relation("biometrics", "employee_id", "employees")])
    held = [row for row in await read(server, **EMBEDDED) if isinstance(row, Unreadable)]
    assert [(row.key, row.code) for row in held] == [("3", "several")] and "2 different rows" in held[0].message


async def test_nobody_with_an_embedded_row_is_no_misspelt_name() -> None:
    server = Server({"employees": employees(3), "biometrics": []}, [Relation("biometrics", "employee_id", "employees")])
    assert len(await read(server, **EMBEDDED)) == 3


async def test_a_name_that_no_row_has_stops_the_source() -> None:
    with pytest.raises(NotReadable, match=r"no column 'nmae'.*did you mean 'name'"):
        await read(Server({"employees": employees(3)}), map={"full_name": "nmae"})


async def test_two_rows_with_one_key_are_both_held() -> None:
    rows = await read(Server({"employees": employees(10)}), key="{full_name}", map={"full_name": "status"})
    assert all(isinstance(row, Unreadable) and row.code == "duplicate-key" for row in rows)


async def test_devices_have_fields_of_their_own_and_a_password_that_is_sensitive() -> None:
    rows = [{"id": "t1", "ip_address": "10.0.0.1", "port": 80, "password_encrypted": "hunter2", "status": "activ"}]
    words = {"record": "device", "map": {"host": "ip_address", "password": "password_encrypted"}, "table": "devices"}
    (row,) = await read(Server({"devices": rows}), **words)
    assert isinstance(row, Record) and (row.fields["host"], row.fields["port"]) == ("10.0.0.1", 80)
    assert PROVIDER.sensitive(config(**words)) == {"password"}


# -- keys and tokens ---------------------------------------------------------------------------------------------------------


async def test_a_key_alone_is_the_bearer_token_too() -> None:
    server = Server({"employees": employees(2)}, key="anon-key", tokens=("anon-key",))
    assert len(await read(server, apiKey={"env": "KEY"})) == 2


async def test_key_and_token_go_their_own_ways() -> None:
    server = Server({"employees": employees(2)}, key="anon-key", tokens=("service-token",))
    assert len(await read(server, apiKey={"env": "KEY"}, token={"env": "TOKEN"})) == 2


async def test_a_token_is_made_of_the_shared_secret_and_ends_soon() -> None:
    server = Server({"employees": employees(2)}, jwt_secret=SECRETS["SIGNING"])
    seen: list[str] = []
    plain = server._admit

    def noting(headers: Any) -> None:
        seen.append(headers["authorization"].removeprefix("Bearer "))
        server.jwt_secret = ""  # its own clock is not that of the test
        plain(headers)

    server._admit = noting  # type: ignore[method-assign]
    assert len(await read(server, jwt={"secret": {"env": "SIGNING"}, "role": "reader", "audience": "api"})) == 2
    claims = jwt.decode(
        seen[0], SECRETS["SIGNING"], algorithms=["HS256"], audience="api", options={"verify_exp": False, "verify_iat": False}
    )
    assert (claims["role"], claims["exp"] - claims["iat"]) == ("reader", 300)


async def test_a_refused_key_is_told_without_being_shown() -> None:
    server = Server({"employees": employees(2)}, key="other", tokens=("other",))
    with pytest.raises(Unauthorized, match="does not accept the key or token") as refused:
        await read(server, apiKey={"env": "KEY"})
    assert "anon-key" not in repr(refused.value) and server.faults.calls == 1


async def test_no_token_where_one_is_needed_is_a_missing_right() -> None:
    with pytest.raises(Unauthorized, match="may not read employees"):
        await read(Server({"employees": employees(2)}, tokens=("x",)))


async def test_rows_that_row_security_hides_are_an_empty_source_not_an_error() -> None:
    assert await read(Server({"employees": employees(2)}, quirks=Quirks(rls_empty=True))) == []


# -- refusals ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "quirks", "kind", "words"),
    [
        ({"table": "employes"}, {}, NotOffered, "no table employes"),
        ({"table": "employes"}, {"old_codes": False}, NotOffered, "no table employes"),
        ({"filters": {"sttus": "eq.active"}}, {}, NotReadable, "lacks a column"),
        ({"select": "id,cards(number)"}, {}, NotReadable, "no relationship"),
        ({"filters": {"or": '("id.eq.2)'}}, {}, NotReadable, "cannot read the query"),
        ({}, {"no_grant": True}, Unauthorized, "may not read employees"),
    ],
)
async def test_refusals_say_what_to_put_right(given: Any, quirks: Any, kind: type[ProviderError], words: str) -> None:
    with pytest.raises(kind, match=words) as refused:
        await read(Server({"employees": employees(2)}, quirks=Quirks(**quirks)), **given)
    assert refused.value.hint and not refused.value.retry


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, b"<html>login</html>", Nonsense, "web page"),
        (200, b'[{"id": 1}', Nonsense, "not whole JSON"),
        (200, b'{"id": 1}', Nonsense, "no list of rows"),
        (500, b'{"code":"57014","message":"canceling statement"}', Incomplete, "ran out of time"),
        (500, b"oops", Nonsense, "failed over employees"),
        (404, b"no Route matched", NotOffered, "nothing at this address"),
        (403, b"[]", Unauthorized, "may not read"),
        (418, b"", NotReadable, "refused to read"),
        (416, b'{"code":"PGRST103"}', NotReadable, "refused to read"),
    ],
)
async def test_what_is_no_list_of_rows_is_an_error(status: int, body: bytes, kind: type[ProviderError], words: str) -> None:
    server = Server({"employees": employees(2)})
    server.faults.status(status, None, body=body)
    with pytest.raises(kind, match=words):
        await read(server)


async def test_half_of_the_pages_is_nothing() -> None:
    server = Server({"employees": employees(30)}, quirks=Quirks(cap=10))
    server.faults.status(500, None, after=2)
    with pytest.raises(Nonsense):
        await read(server)


async def test_facts_and_rights_tell_what_is_there_and_what_may_be_read() -> None:
    async with opened(Server({"employees": employees(2500)})) as table:
        assert (await table.facts()).notes == ("2,500 rows in employees",)
        assert [right.allowed for right in await table.rights()] == [True]
    async with opened(Server({"employees": employees(1)}, quirks=Quirks(no_grant=True))) as table:
        (right,) = await table.rights()
        assert not right.allowed and "may not read" in right.message


async def test_pictures_lie_in_the_storage_beside_the_tables() -> None:
    private = {"storage": {"bucket": "photos"}, "apiKey": {"env": "KEY"}}
    async with opened(Server(), **private) as table:
        located = await table.locate("1", "faces/åsa 1.jpg")
        assert located.url == "http://sim/storage/v1/object/authenticated/photos/faces/%C3%A5sa%201.jpg"
        assert located.headers == {"apikey": "anon-key", "authorization": "Bearer anon-key"} and "anon" not in repr(located)
        assert await table.locate("1", "../secret/1.jpg") is None and await table.locate("1", "") is None
    public = {"storage": {"bucket": "photos", "public": True, "url": "https://cdn.example.org"}, "apiKey": {"env": "KEY"}}
    async with opened(Server(), **public) as table:
        located = await table.locate("1", "1.jpg")
        assert (located.url, located.headers) == ("https://cdn.example.org/object/public/photos/1.jpg", {})
    async with opened(Server()) as table:
        assert await table.locate("1", "1.jpg") is None


# -- the spec ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"filters": {"status": "active"}}, "eq.active"),
        ({"filters": {"status": "eqs.active"}}, "eq.active"),
        ({"filters": {"or": "a.eq.1"}}, "parentheses"),
        ({"filters": {"limit": "eq.1"}}, "a word of the API"),
        ({"token": {"env": "A"}, "jwt": {"secret": {"env": "B"}, "role": "r"}}, "made here as well"),
        ({"key": "nope"}, "no field 'nope'"),
        ({"storage": {"bucket": "photos"}, "url": "https://pg.example.org"}, "write it as storage.url"),
    ],
)
def test_mistakes_in_the_spec_are_found_without_asking(given: Any, words: str) -> None:
    (problem,) = check_config(config(**given))
    assert words in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize("url", ["ftp://x", "https://user:pw@host", "https://host/rest/v1?x=1", "no url"])
def test_an_address_is_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        config(url=url)


def test_a_literal_key_is_refused() -> None:
    with pytest.raises(ValueError, match="must not stand in the spec"):
        config(apiKey="anon-key")
    assert Reference.model_validate({"env": "KEY"}) == config(apiKey={"env": "KEY"}).api_key
