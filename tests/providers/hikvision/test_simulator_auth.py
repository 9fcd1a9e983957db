"""Who gets in: Digest of every style, dying nonces, Basic, the lock after failed logins."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from controller.sdk.simulation import serve
from providers.hikvision.simulator import Quirks, Terminal

pytestmark = pytest.mark.anyio

INFO = "/ISAPI/System/deviceInfo"
CHECK = "/ISAPI/Security/userCheck"


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


@asynccontextmanager
async def client(terminal: Terminal, auth: httpx.Auth | None = None) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(terminal), base_url="http://terminal", auth=auth) as opened:
        yield opened


def right(terminal: Terminal) -> httpx.DigestAuth:
    return httpx.DigestAuth(terminal.username, terminal.password)


@pytest.mark.parametrize("style", ["old", "new", "basic+digest", "sha256"])
async def test_one_challenge_serves_many_calls_in_every_style(style: str) -> None:
    terminal = Terminal(quirks=Quirks().switched([f"auth-style={style}"]))
    async with client(terminal, right(terminal)) as http:
        for _ in range(3):
            assert (await http.get(INFO)).status_code == 200
    assert terminal.faults.unauthorized == 1
    assert terminal.calls == 4


@pytest.mark.parametrize(
    ("style", "expected", "server", "content_type"),
    [
        ("old", ['Digest qop="auth", realm="IP Camera(00000)"'], "App-webs/", "text/html"),
        ("new", ['Digest realm="DS-K1T341AM", domain="::"'], "DNVRS-Webs", "application/xml"),
        ("basic+digest", ["Basic realm=", "Digest realm="], "DNVRS-Webs", "application/xml"),
        ("basic", ["Basic realm="], "DNVRS-Webs", "application/xml"),
    ],
)
async def test_the_challenge_looks_like_that_of_the_firmware(
    style: str, expected: list[str], server: str, content_type: str
) -> None:
    async with client(Terminal(quirks=Quirks().switched([f"auth-style={style}"]))) as http:
        answer = await http.get(INFO)
    lines = answer.headers.get_list("www-authenticate")
    assert answer.status_code == 401 and len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))
    assert answer.headers["server"] == server and answer.headers["content-type"].startswith(content_type)


async def test_five_failed_logins_lock_the_address_for_half_an_hour() -> None:
    clock = Hands()
    terminal = Terminal(clock=clock)
    async with client(terminal) as http:
        for _ in range(5):
            assert (await http.get(INFO, auth=httpx.DigestAuth("admin", "wrong"))).status_code == 401
        locked = await http.get(INFO, auth=right(terminal))
        assert locked.status_code == 401
        assert "<lockStatus>locked</lockStatus>" in locked.text and "<unlockTime>1800</unlockTime>" in locked.text
        clock.passed = 1799
        assert (await http.get(INFO, auth=right(terminal))).status_code == 401
        clock.passed = 1801
        assert (await http.get(INFO, auth=right(terminal))).status_code == 200


async def test_a_good_login_forgives_the_failed_ones_and_asking_without_credentials_costs_nothing() -> None:
    terminal = Terminal()
    async with client(terminal) as http:
        for _ in range(4):
            await http.get(INFO, auth=httpx.DigestAuth("admin", "wrong"))
        for _ in range(6):
            assert "<retryLoginTime>1</retryLoginTime>" in (await http.get(INFO)).text
        good = await http.get(CHECK, auth=right(terminal))
        assert good.status_code == 200 and "<retryLoginTime>5</retryLoginTime>" in good.text
        assert "<lockStatus>unlock</lockStatus>" in good.text


@pytest.mark.parametrize(("switches", "challenged"), [(["nonce-uses=2"], True), (["nonce-uses=2", "no-challenge"], False)])
async def test_a_nonce_dies_after_its_uses_with_or_without_a_new_challenge(switches: list[str], challenged: bool) -> None:
    terminal = Terminal(quirks=Quirks().switched(switches))
    async with client(terminal, right(terminal)) as http:
        statuses = [(await http.get(INFO)).status_code for _ in range(2)]
        third = await http.get(INFO)
    assert statuses == [200, 200]
    assert third.status_code == (200 if challenged else 401)
    assert challenged or "www-authenticate" not in third.headers


async def test_a_nonce_dies_of_age_and_may_be_bound_to_its_address() -> None:
    clock = Hands()
    terminal = Terminal("DS-K1T342MFWX-E1", clock=clock)
    async with client(terminal, right(terminal)) as http:
        assert (await http.get(INFO)).status_code == 200
        clock.passed = 31
        assert (await http.get(INFO)).status_code == 401
    bound = Terminal(quirks=Quirks(nonce_binds_url=True, no_challenge=True))
    async with client(bound, right(bound)) as http:
        assert [(await http.get(path)).status_code for path in (INFO, INFO, CHECK)] == [200, 200, 401]


@pytest.mark.parametrize(("counts", "after"), [(True, 401), (False, 200)])
async def test_signing_with_a_dead_nonce_counts_as_a_failed_login_only_when_switched_on(counts: bool, after: int) -> None:
    terminal = Terminal(quirks=Quirks(nonce_uses=1, no_challenge=True, dead_nonce_counts=counts))
    stale = right(terminal)
    async with client(terminal) as http:
        for _ in range(6):
            await http.get(INFO, auth=stale)
        assert (await http.get(INFO, auth=right(terminal))).status_code == after


async def test_a_repeated_nonce_count_is_refused_by_a_strict_terminal() -> None:
    terminal = Terminal(quirks=Quirks(strict_nonce_count=True))
    async with client(terminal) as http:
        good = await http.get(INFO, auth=right(terminal))
        header = {"authorization": good.request.headers["authorization"]}
        assert (await http.get(INFO, headers=header)).status_code == 401
        terminal.quirks.strict_nonce_count = False
        assert (await http.get(INFO, headers=header)).status_code == 200


async def test_the_signature_covers_the_query() -> None:
    terminal = Terminal()
    async with client(terminal) as http:
        good = await http.get("/ISAPI/AccessControl/UserInfo/Count?format=json", auth=right(terminal))
        header = {"authorization": good.request.headers["authorization"]}
        assert (await http.get("/ISAPI/AccessControl/UserInfo/Count", headers=header)).status_code == 401


@pytest.mark.parametrize(
    ("style", "counts", "status", "left"),
    [("basic", False, 200, 5), ("basic+digest", False, 200, 5), ("new", False, 401, 5), ("new", True, 401, 4)],
)
async def test_basic_is_taken_only_where_it_is_offered(style: str, counts: bool, status: int, left: int) -> None:
    terminal = Terminal(quirks=Quirks(basic_counts=counts).switched([f"auth-style={style}"]))
    async with client(terminal, httpx.BasicAuth(terminal.username, terminal.password)) as http:
        assert (await http.get(INFO)).status_code == status
    assert terminal.gate.standing("127.0.0.1")["retryLoginTime"] == left


async def test_wrong_basic_and_unknown_schemes_count_as_failed_logins() -> None:
    terminal = Terminal(quirks=Quirks(auth_style="basic"))
    token = base64.b64encode(b"admin:wrong").decode()
    async with client(terminal) as http:
        for header in (f"Basic {token}", "Bearer x"):
            assert (await http.get(INFO, headers={"authorization": header})).status_code == 401
    assert terminal.gate.standing("127.0.0.1")["retryLoginTime"] == 3
    terminal.gate.unlock()
    assert terminal.gate.standing("127.0.0.1")["retryLoginTime"] == 5


async def test_digest_works_over_a_socket_too() -> None:
    terminal = Terminal()
    async with serve(terminal) as served, httpx.AsyncClient(base_url=served.url, auth=right(terminal)) as http:
        assert (await http.get(INFO)).status_code == 200
        answer = await http.get("/ISAPI/AccessControl/UserInfo/Count?format=json")
        assert answer.json() == {"userNumber": 0}
    assert terminal.faults.unauthorized == 1


def test_the_password_is_in_no_repr() -> None:
    terminal = Terminal(password="canary-77")
    assert "canary-77" not in repr(terminal) + repr(terminal.gate)
