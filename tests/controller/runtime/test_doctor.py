"""The doctor's page: what is wrong is found and said with what to do, and neither names nor secrets are on it."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import ipaddress
import os
import shutil
import socket
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.registry import BrokenProvider, Entry
from controller.runtime.doctor import machine
from controller.runtime.doctor.examine import Visit, examine
from controller.runtime.doctor.network import Knocking, network
from controller.runtime.doctor.page import Page
from controller.runtime.doctor.redaction import Redactor
from controller.runtime.workspace import Options
from controller.sdk.context import Endpoint, SystemClock, Tls
from controller.state.upkeep.finding import Finding, Level, worst

pytestmark = pytest.mark.anyio


class Clock(SystemClock):
    """The machine's clock, moved; ``jump`` moves it once more when somebody sleeps."""

    def __init__(self, now: datetime | None = None, jump: float = 0.0) -> None:
        self.time, self.jump = now, jump

    def now(self) -> datetime:
        return self.time or super().now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time = self.now() + timedelta(seconds=self.jump)


# -- names -----------------------------------------------------------------------------------------------------------------------


def test_the_same_name_is_the_same_word_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    monkeypatch.setattr(socket, "gethostname", lambda: "Gym-PC")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/anna"))
    redactor = Redactor()
    assert redactor.host("door.example.org") == "host-2"
    assert redactor.text("anna on gym-pc asked door.example.org, not door.example.organic") == (
        "user-1 on host-1 asked host-2, not door.example.organic"
    )
    assert redactor.text("/home/anna/site/.trueup and /home/annabel") == "~/site/.trueup and /home/annabel"
    assert redactor.text("https://DOOR.EXAMPLE.ORG:443/x") == "https://host-2:443/x"


def test_names_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor(show=True)
    assert redactor.host("door.example.org") == "door.example.org"
    assert redactor.text(f"{socket.gethostname()} {Path.home()}") == f"{socket.gethostname()} {Path.home()}"


def test_a_machine_without_names_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(socket, "gethostname", lambda: "")
    monkeypatch.setattr(Path, "home", lambda: Path("/"))
    assert Redactor().text("/a b") == "/a b"


# -- the machine -----------------------------------------------------------------------------------------------------------------


def test_an_old_sqlite_and_a_missing_library_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 20, 0))
    monkeypatch.setattr(machine, "_LIBRARIES", ("click", "no-such-library"))
    section = machine.versions("0.1.0")
    assert section.facts["no-such-library"] == "not installed"
    assert [finding.check for finding in section.findings] == ["sqlite"]


def test_providers_of_others_are_told_with_where_they_come_from_and_whether_they_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise BrokenProvider(f"the provider {name!r} cannot be loaded", hint="install it again")

    ours, theirs = Entry("csv", "x:y"), Entry("lockers", "lockers:PROVIDER", origin="pytest")
    monkeypatch.setattr(machine, "REGISTRY", SimpleNamespace(entries=lambda: (ours, theirs), load=load))
    section = machine.providers()
    assert section.facts == {"csv": "built in", "lockers": f"pytest {pytest.__version__}"}
    assert [(f.level, f.next) for f in section.findings] == [(Level.FAIL, "install it again")]


def test_a_provider_of_others_that_loads_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("lockers", "lockers:PROVIDER", origin="pytest")
    monkeypatch.setattr(machine, "REGISTRY", SimpleNamespace(entries=lambda: (entry,), load=lambda name: object()))
    assert machine.providers().findings == ()


def test_a_terminal_that_lacks_letters_or_width_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((39, 24)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="latin-1"))
    section = machine.terminal({"LANG": "sv_SE", "TERM": "vt100"})
    assert [finding.check for finding in section.findings] == ["encoding", "terminal"]
    assert section.facts["locale"] == "sv_SE"


def test_the_environment_is_told_without_key_password_or_name() -> None:
    environ = {
        "TRUEUP_KEY": "c2VjcmV0", "TRUEUP_SPECS": "specs", "https_proxy": "http://anna:hunter2@proxy.example.org:3128",
        "HTTP_PROXY": "proxy.example.org", "no_proxy": "a,b", "all_proxy": "http://[", "ALL_PROXY": "",
    }  # fmt: skip
    redactor = Redactor()
    section = machine.environment(environ, redactor)
    assert section.facts["TRUEUP_KEY"] == "set"
    assert section.facts["https_proxy"] == f"http://***@{redactor.host('proxy.example.org')}:3128"
    assert section.facts["all_proxy"] == "set, and cannot be read as an address"
    assert (section.facts["no_proxy"], "ALL_PROXY" in section.facts) == ("2 entries", False)
    assert not [word for word in ("hunter2", "anna", "example.org", "c2Vj") if word in str(section)]
    assert "does not use it" in section.findings[0].message


@pytest.mark.parametrize(
    ("clock", "level", "words"),
    [
        (Clock(), Level.OK, "runs evenly"),
        (Clock(datetime(1970, 1, 1, tzinfo=UTC)), Level.FAIL, "it was never set"),
        (Clock(jump=-3600), Level.WARN, "jumped by -3600"),
    ],
)
async def test_a_clock_that_is_wrong_is_told(clock: Clock, level: Level, words: str) -> None:
    (finding,) = (await machine.time(clock, "Europe/Stockholm")).findings
    assert (finding.level, words in finding.message) == (level, True)


# -- the network -----------------------------------------------------------------------------------------------------------------


def _resource(url: str | None, name: str = "front", tls: Tls | None = None) -> Any:
    endpoint = Endpoint(url, tls=tls or Tls()) if url else None
    return SimpleNamespace(address=f"Device/{name}", config=None, provider=SimpleNamespace(endpoint=lambda config: endpoint))


async def _look(*resources: Any, seconds: float = 3.0, clock: Clock | None = None) -> tuple[Finding, ...]:
    return (await network(resources, Knocking(clock or Clock(), Redactor(), seconds))).findings


@asynccontextmanager
async def _listening(context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that keeps what it is sent and says nothing; its port, and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.append(await reader.read())
        except OSError:
            heard.append(b"")
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


def _certificate(folder: Path, days: int) -> tuple[ssl.SSLContext, str]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    begins, ends = now - timedelta(days=9), now + timedelta(days=days)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "front-door")])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(secret + built.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, hashlib.sha256(built.public_bytes(serialization.Encoding.DER)).hexdigest()


async def test_what_can_be_reached_is_well_and_hears_nothing() -> None:
    async with _listening() as (port, heard):
        url = f"http://127.0.0.1:{port}"
        (finding,) = await _look(*(_resource(url, name) for name in ("a", "b", "c", "d")), _resource(None))
        async with asyncio.timeout(3):
            while not heard:  # noqa: ASYNC110 - the server's task ends by itself
                await asyncio.sleep(0.01)
    assert finding.level is Level.OK
    assert finding.message.startswith("Device/a, Device/b, Device/c and 1 more (host-")
    assert "resolves in" in finding.message and "connects in" in finding.message
    assert "127.0.0.1" not in finding.message
    assert heard == [b""]


async def test_a_port_that_is_closed_is_told() -> None:
    async with _listening() as (port, _):
        pass
    (finding,) = await _look(_resource(f"http://127.0.0.1:{port}"))
    assert (finding.level, "but it refuses the connection" in finding.message) == (Level.FAIL, True)


async def test_a_name_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*given: Any, **named: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    (finding,) = await _look(_resource("https://door.invalid"))
    assert "(host-2:443): its name cannot be resolved" in finding.message
    assert "door.invalid" not in str(finding)


async def test_who_never_answers_is_given_up() -> None:
    async with _listening() as (port, _):  # it connects, and never shakes hands
        (finding,) = await _look(_resource(f"https://127.0.0.1:{port}"), seconds=0.1)
    assert "connects in" in finding.message
    assert "but nothing answers within 0.1 s" in finding.message


async def test_other_troubles_are_told_as_the_system_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(*given: Any, **named: Any) -> Any:
        raise OSError(113, "No route to host")

    monkeypatch.setattr(asyncio, "open_connection", unreachable)
    (finding,) = await _look(_resource("http://127.0.0.1:9"))
    assert "but No route to host" in finding.message


async def test_a_certificate_that_is_not_accepted_is_told(tmp_path: Path) -> None:
    context, _ = _certificate(tmp_path, 30)
    async with _listening(context) as (port, _):
        (finding,) = await _look(_resource(f"https://127.0.0.1:{port}"))
    assert "its certificate is self-signed" in finding.message
    assert "trueup test" in finding.next


async def test_a_pinned_certificate_is_well(tmp_path: Path) -> None:
    context, pin = _certificate(tmp_path, 3)
    async with _listening(context) as (port, _):
        (finding,) = await _look(_resource(f"https://127.0.0.1:{port}", tls=Tls("pin", pin)))
    assert (finding.level, "proves who it is in" in finding.message) == (Level.OK, True)


@pytest.mark.parametrize(("days", "check", "level"), [(3, "certificate", Level.WARN), (90, "reachable", Level.OK)])
async def test_a_certificate_that_ends_soon_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, check: str, level: Level
) -> None:
    context, _ = _certificate(tmp_path, days)
    trusting = ssl.create_default_context(cafile=tmp_path / "server.pem")
    monkeypatch.setattr("controller.sdk.http.tls.context_for", lambda tls: trusting)
    async with _listening(context) as (port, _):
        (finding,) = await _look(_resource(f"https://127.0.0.1:{port}"))
    assert (finding.check, finding.level) == (check, level)


# -- the whole page --------------------------------------------------------------------------------------------------------------

SPEC = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, key: id}
"""


def _options(folder: Path, *, trust: Path | None = None) -> Options:
    return Options((folder / "specs",), folder / ".trueup", trust, {"LANG": "C.UTF-8"}, SystemClock(), "0.1.0")


def _by_check(page: Page) -> dict[str, Finding]:
    return {finding.check: finding for finding in page.findings}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/all.yaml").write_text(SPEC)
    (tmp_path / "specs/members.csv").write_text("id\n1\n")
    return tmp_path


async def test_the_page_of_a_workspace_in_order(folder: Path) -> None:
    page = await examine(_options(folder), Visit())
    assert worst(page.findings) is Level.OK
    assert [section.title for section in page.sections] == [
        "Versions", "Providers", "Terminal", "Environment", "Time", "Specs", "State", "Network",
    ]  # fmt: skip
    assert os.listdir(folder) == ["specs"], "looking makes no state"


async def test_the_network_can_be_left_alone(folder: Path) -> None:
    page = await examine(_options(folder), Visit(knock=False))
    assert "Network" not in [section.title for section in page.sections]


async def test_specs_that_are_wrong_are_counted_and_not_shown(folder: Path) -> None:
    (folder / "specs/all.yaml").write_text(SPEC.replace("csv", "vsc"))
    page = await examine(_options(folder), Visit())
    found = _by_check(page)["specs"]
    assert (found.level, found.message, found.next) == (Level.FAIL, "problems in the specs: 1", "trueup validate")
    assert "vsc" not in str(page)


async def test_specs_that_cannot_be_read_are_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any, **named: Any) -> Any:
        raise PermissionError(13, "Permission denied", "specs")

    monkeypatch.setattr("controller.runtime.doctor.examine.check_specs", broken)
    assert _by_check(await examine(_options(folder), Visit()))["specs"].message == "Permission denied: specs"


async def test_specs_that_everybody_may_write_are_told(folder: Path) -> None:
    (folder / "specs/all.yaml").chmod(0o646)
    found = _by_check(await examine(_options(folder), Visit()))["spec-rights"]
    assert found.next.startswith("chmod o-w ")


async def test_the_trust_file_is_looked_at(folder: Path) -> None:
    trust = folder / "trust.yaml"
    assert "mend the trust file" in _by_check(await examine(_options(folder, trust=trust), Visit()))["trust"].next
    trust.write_text("secrets:\n  env:DOOR: [127.0.0.1]\n")
    trust.chmod(0o644)
    assert _by_check(await examine(_options(folder, trust=trust), Visit()))["trust"].level is Level.OK
    trust.chmod(0o664)
    assert "chmod go-w" in _by_check(await examine(_options(folder, trust=trust), Visit()))["trust-rights"].next
