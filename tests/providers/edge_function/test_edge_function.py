"""An edge function that lists records: its envelope, its refusals, and the platform's in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from controller.sdk import Context, Nonsense, NotOffered, ProviderError, Record, SystemClock, Unauthorized, Unreadable
from controller.sdk.http import Http
from controller.sdk.http.client import Retry
from providers.edge_function.config import EdgeFunctionConfig, check
from providers.edge_function.provider import PROVIDER
from providers.edge_function.provider import Function as Source
from providers.edge_function.simulator import Function, Quirks, simulate

pytestmark = pytest.mark.anyio

EMPLOYEES: list[dict[str, Any]] = [
    {"id": "e1", "nume": "Test", "prenume": "Unu", "status": "activ", "biometrie": {"employee_no": 1001, "foto_fata_url": "1.jpg"}},
    {"id": "e2", "nume": "Test", "prenume": "Doi", "status": "suspendat", "biometrie": {"employee_no": 1002}},
    {"id": "e3", "nume": "Test", "prenume": "Trei", "status": "activ", "biometrie": None},
]
DEVICES = [{"id": "d1", "ip_address": "192.0.2.20", "port": 80, "password_encrypted": "hunter2", "status": "activ"}]
SECRETS = {"KEY": "bridge-key", "ANON": "anon-key"}


class PatientClock(SystemClock):
    """Notes how long it was asked to wait, and does not wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def config(**given: Any) -> EdgeFunctionConfig:
    words = {
        "url": "http://sim/functions/v1/external-api-proxy",
        "action": "get-angajati-biometrie",
        "apiKey": {"env": "KEY"},
        "map": {"employee_no": "biometrie.employee_no", "last_name": "nume"},
    }
    return EdgeFunctionConfig.model_validate(words | given)


@asynccontextmanager
async def opened(function: Function, clock: PatientClock | None = None, **given: Any) -> AsyncIterator[Source]:
    words, clock = config(**given), clock or PatientClock()
    endpoint = PROVIDER.endpoint(words)
    assert endpoint is not None
    transport = httpx.ASGITransport(function.app)
    async with Http(endpoint, clock=clock, transport=transport, retry=Retry(wait=0.0)) as http:
        context = Context(http=http, clock=clock, reveal=lambda reference: SECRETS[str(reference.env)])
        async with PROVIDER.source(words, context) as source:
            assert isinstance(source, Source)
            yield source


async def read(function: Function, **given: Any) -> list[Record | Unreadable]:
    async with opened(function, **given) as source:
        return [row async for row in source.records()]


async def test_active_employees_come_with_what_hangs_on_them() -> None:
    (row,) = await read(Function(EMPLOYEES))
    assert isinstance(row, Record)
    assert (row.key, row.fields["employee_no"], row.fields["last_name"]) == ("e1", "1001", "Test")


async def test_devices_are_records_too_and_their_password_is_sensitive() -> None:
    words: dict[str, Any] = {
        "action": "get-active-devices",
        "record": "device",
        "map": {"host": "ip_address", "password": "password_encrypted"},
    }
    (row,) = await read(Function(devices=DEVICES), **words)
    assert isinstance(row, Record) and row.fields["host"] == "192.0.2.20"
    assert "password" in PROVIDER.sensitive(config(**words))


async def test_the_key_goes_in_its_header_and_parameters_in_the_query() -> None:
    function = Function(EMPLOYEES)
    await read(function, params={"mediu": "prod"})
    assert function.faults.log[0].query == "action=get-angajati-biometrie&mediu=prod"


async def test_a_platform_that_wants_the_projects_key_is_told_apart_from_a_refused_key() -> None:
    function = Function(EMPLOYEES, quirks=Quirks(platform_401=True))
    with pytest.raises(Unauthorized, match="before the function is reached") as refused:
        await read(function)
    assert "anonKey" in refused.value.hint
    assert len(await read(function, anonKey={"env": "ANON"})) == 1


async def test_a_refused_key_is_tried_once_and_never_shown() -> None:
    function = Function(EMPLOYEES, key="another")
    with pytest.raises(Unauthorized, match="does not accept the key") as refused:
        await read(function)
    assert function.faults.calls == 1 and "bridge-key" not in repr(refused.value)


@pytest.mark.parametrize(
    ("quirks", "given", "kind", "words"),
    [
        ({"no_data": True}, {}, Nonsense, "without any data"),
        ({"data_null": True}, {}, Nonsense, "with nothing where a list"),
        ({}, {"action": "get-angajat", "params": {"angajat_id": "e1"}}, Nonsense, "with one object"),
        ({}, {"action": "get-angajati"}, NotOffered, "does not take get-angajati"),
        ({}, {"url": "http://sim/functions/v1/proxy"}, NotOffered, "no such function"),
    ],
)
async def test_what_is_no_list_of_records_is_a_failure_never_an_empty_source(
    quirks: Any, given: Any, kind: type[ProviderError], words: str
) -> None:
    with pytest.raises(kind, match=words) as failed:
        await read(Function(EMPLOYEES, quirks=Quirks(**quirks)), **given)
    assert failed.value.hint


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(200, b"<html></html>", Nonsense), (200, b'{"data": [', Nonsense), (403, b"{}", Unauthorized), (302, b"", ProviderError)],
)
async def test_other_answers_are_failures(status: int, body: bytes, kind: type[ProviderError]) -> None:
    function = Function(EMPLOYEES)
    function.faults.status(status, None, body=body)
    with pytest.raises(kind):
        await read(function)


async def test_a_function_that_has_to_wake_up_is_asked_a_second_time() -> None:
    function, clock = Function(EMPLOYEES), PatientClock()
    function.faults.status(500, 1)
    async with opened(function, clock) as source:
        assert len([row async for row in source.records()]) == 1
    assert clock.slept == [1.0]


async def test_one_that_stays_broken_is_a_failure() -> None:
    function = Function(EMPLOYEES)
    function.faults.status(500, None)
    with pytest.raises(Nonsense, match="status 500"):
        await read(function)
    assert function.faults.calls == 2


async def test_facts_and_rights_tell_how_many_records_there_are() -> None:
    async with opened(Function(EMPLOYEES)) as source:
        assert (await source.facts()).notes == ("one record for get-angajati-biometrie",)
        assert [right.allowed for right in await source.rights()] == [True]
    async with opened(Function(EMPLOYEES, key="another")) as source:
        assert [right.allowed for right in await source.rights()] == [False]


@pytest.mark.parametrize("word", ["signed_url", "signedUrl", "url", "nested"])
async def test_the_address_of_a_picture_is_found_wherever_it_stands(word: str) -> None:
    function = Function(EMPLOYEES, photos="https://store", quirks=Quirks(photo_key=word))
    async with opened(function) as source:
        located = await source.locate("e1", "1.jpg")
        assert located is not None and located.url == "https://store/1.jpg?token=signed"
        assert await source.locate("e3", "") is None
    assert function.faults.log[0].query == "action=get-photo-url&angajat_id=e1"


def test_the_action_stands_in_one_place() -> None:
    (problem,) = check(config(params={"action": "x"}))
    assert "a word of its own" in problem.message


async def test_the_simulator_starts_from_plain_options() -> None:
    app = simulate({"employees": EMPLOYEES, "key": "k", "photo_key": "url", "photos": "http://photos"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sim", headers={"x-api-key": "k"}) as client:
        answer = await client.get("/functions/v1/external-api-proxy", params={"action": "get-photo-url", "angajat_id": "e1"})
    assert answer.json() == {"url": "http://photos/1.jpg?token=signed"}
