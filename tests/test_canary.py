"""Secrets are let loose with a song of their own, and every output that the program makes is listened to.

One run of the whole command line in all its moods: in order, refused, unreachable, echoed back by a web page and by an error of the
device, wrong specs, an untrusted host. What it printed, logged, raised, showed as a repr and wrote to disk is searched for every
secret, plain and in the disguises of the wire.
"""

from __future__ import annotations

import asyncio
import base64
import html
import io
import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from controller.cli.app import run
from controller.cli.settings import Settings
from controller.sdk.context import Endpoint
from controller.sdk.loopback import Served, serve_in_thread
from controller.sdk.simulation import Answer, AsgiScope, Faults, Receive, Send, check_basic, send_answer
from providers.hikvision.simulator import Terminal

CANARIES = {
    "env": 'Env"Kanarie/7+x&y 1',
    "file": "File'Kanarie<8>%20\\z",
    "sealed": "Sealed=Kanarie?9;,å",
    "plain": "Plain:Kanarie{0}#2",
    "header": "Header-Kanarie~4711",
    "literal": "LiteralKanarie5",
    "wrong": "Wrong|Kanarie^6",
    "card": "99887766554433",
}
"""``card`` is no secret but sensitive: a number that opens a door, masked everywhere."""

PEOPLE = f"id,name,until,card\n1001,Åsa Öberg,2036-12-31,{CANARIES['card']}\n1002,Bo Ek,2036-12-31,\n1003,Eva Lund,2036-12-31,\n"
DOOR = """---
apiVersion: trueup/v1
kind: Device
metadata: {{name: {name}}}
spec:
  provider: hikvision
  config: {{url: "{url}", username: admin, password: {password}}}
  people:
    - from: people
      key: "{{id}}"
      name: "{{full_name}}"
      valid: {{from: "2026-01-01", until: "{{valid_until}}"}}
      doors: [{{door: 1, plan: 1}}]
      cards: "{{card_no}}"
  policy: {{pace: 0, onRemoval: delete}}
"""
SPEC = """apiVersion: trueup/v1
kind: Controller
metadata: {{name: main}}
spec: {{timezone: Europe/Stockholm}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: people}}
spec:
  provider: csv
  config:
    url: "{url}/people.csv"
    username: admin
    password: {{file: people.secret}}
    headers: {{X-Api-Key: {{secret: api-key}}}}
    key: id
    map: {{id: id, full_name: name, valid_until: until, card_no: {{column: card, sensitive: true}}}}
"""


# -- who listens -------------------------------------------------------------------------------------------------------------


def disguises(value: str) -> set[str]:
    """How a value may be written in a text."""
    return {
        value, quote(value), quote(value, safe=""), quote_plus(value), quote(value).lower(), json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1], html.escape(value), html.escape(value, quote=False),
        value.encode().hex(), value.encode().decode("latin-1"), value[::-1],
    }  # fmt: skip


def heard(content: bytes, value: str) -> bool:
    """Whether a canary sings in there; base64 of any alignment is decoded."""
    if any(form.encode() in content for form in disguises(value)):
        return True
    for token in re.findall(rb"[A-Za-z0-9+/_-]{12,}", content):
        for start in range(4):
            part = token[start:].replace(b"-", b"+").replace(b"_", b"/")
            whole = part[:-1] if len(part) % 4 == 1 else part
            if value.encode() in base64.b64decode(whole + b"=" * (-len(whole) % 4)):
                return True
    return False


@dataclass
class Ear:
    """Everything that came out, by where it came from."""

    told: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, where: str, content: str | bytes) -> None:
        self.told.append((where, content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content))

    def singing(self, name: str) -> list[str]:
        return sorted({where for where, content in self.told if heard(content, CANARIES[name])})


# -- what is listened to -----------------------------------------------------------------------------------------------------


@dataclass
class Files:
    """A web server with the people behind Basic authentication and a key in a header; counts who came in."""

    faults: Faults = field(default_factory=Faults)
    let_in: int = 0

    @property
    def app(self) -> Any:
        return self.faults.wrap(self._answer)

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        known = (
            check_basic(scope["headers"], "admin", CANARIES["file"]) and headers.get(b"x-api-key") == CANARIES["header"].encode()
        )
        self.let_in += known
        refusal = Answer(401, b"", ((b"www-authenticate", b'Basic realm="files"'),))
        await send_answer(send, Answer(200, PEOPLE.encode(), ((b"content-type", b"text/csv"),)) if known else refusal)


def echo(kind: str) -> bytes:
    """An answer that repeats every secret, as a badly written proxy or device would."""
    values = list(CANARIES.values())[:5]
    every = [*values, *(base64.b64encode(f"admin:{value}".encode()).decode() for value in values), *map(quote, values)]
    if kind == "json":
        return json.dumps(
            {"statusCode": 4, "statusString": " ".join(every), "subStatusCode": values[0], "errorMsg": every}
        ).encode()
    if kind == "xml":
        inner = html.escape(" ".join(every))
        return f"<ResponseStatus><statusCode>4</statusCode><statusString>{inner}</statusString></ResponseStatus>".encode()
    return f"<html><body>You sent {html.escape(' '.join(every))} and {' '.join(every)}</body></html>".encode()


class Stage:
    """The workspace, its simulators, and the command line as a call."""

    def __init__(self, folder: Path, ear: Ear, served: list[Served], doors: list[Terminal], files: Files) -> None:
        self.folder, self.ear, self.doors, self.files = folder, ear, doors, files
        self.urls = [one.url for one in served]
        self.codes: dict[str, int] = {}

    def write_specs(self, extra: str = "", urls: list[str] | None = None) -> None:
        people, *doors = urls or self.urls
        passwords = ("{env: DOOR_PASSWORD}", "{secret: door}", f"{{plain: {json.dumps(CANARIES['plain'])}}}")
        text = SPEC.format(url=people) + "".join(
            DOOR.format(name=f"door-{n}", url=url, password=password)
            for n, (url, password) in enumerate(zip(doors, passwords, strict=True))
        )
        (self.folder / "specs").mkdir(exist_ok=True)
        (self.folder / "specs" / "all.yaml").write_text(text + extra)
        (self.folder / "specs" / "people.secret").write_text(CANARIES["file"] + "\n")
        (self.folder / "specs" / "people.secret").chmod(0o600)

    def call(self, mood: str, *arguments: str, stdin: str = "") -> None:
        """One command, with and without --verbose where that tells more."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = io.StringIO(stdin), out, err
        try:
            code = run(arguments)
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
        name = f"{mood}: trueup {' '.join(arguments)}"
        self.codes[name] = code
        self.ear.hear(f"{name} (stdout)", out.getvalue())
        self.ear.hear(f"{name} (stderr)", err.getvalue())
        assert "Traceback" not in err.getvalue() or "--verbose" in arguments, (name, err.getvalue())
        assert "something unexpected happened" not in err.getvalue(), (name, err.getvalue())

    def every_command(self, mood: str) -> None:
        everything = ["--allow", "revoke:Device/door-0=9"]
        for arguments in (
            ["validate"], ["validate", "-o", "json"], ["validate", "-o", "github"], ["plan", "--bootstrap"],
            ["plan", "-o", "json", "--bootstrap"], ["plan", "--bootstrap", "--out", "plan.json", *everything], 
            ["plan", "--offline"],
            ["apply", "--auto-approve", "--bootstrap"], ["apply", "plan.json", "--auto-approve"],
            ["apply", "--auto-approve", "-o", "json", "--verbose"], ["drift"], ["drift", "-o", "json", "--verbose"], ["status"],
            ["status", "-o", "json"], ["test"], ["test", "-o", "json", "--verbose"], ["secrets", "list"], ["protections", "list"],
            ["plan", "--verbose"], ["state", "list"], ["state", "list", "*", "-o", "json"], ["state", "check"], ["state", "unlock"],
            ["state", "backup", "copy.db", "--force"], ["doctor", "--show-names"], ["doctor", "-o", "json", "--verbose"],
            ["dump", "Device/door-0", "--kind", "person", "--kind", "card"],
            ["dump", "Source/people", "-o", "json"], ["dump", "Device/door-1", "-o", "yaml", "--out", "dump.yaml"],
            ["import", "Device/*", "--auto-approve", "--verbose"],
            ["import", "Device/*", "--write-records", "written/", "--dry-run", "-o", "json"],
            ["history"], ["history", "-o", "json"], ["show", "last", "--verbose"],
            ["show", "last", "-o", "json"], ["show", "plan.json", "--verbose"], ["events", "--limit", "1000"],
            ["events", "-o", "json"], ["diff", "last", "plan.json", "-o", "json"],
            ["rollback", "last", "--out", "undo.json", "--allow", "wider:Device/door-0=9"], ["rollback", "last", "-o", "json"],
        ):  # fmt: skip
            self.call(mood, *arguments)

    def files_written(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.parent.name != "specs" and path.name not in ("key", "literal.yaml"):
                self.ear.hear(str(path.relative_to(self.folder)), path.read_bytes())


def moods(stage: Stage) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each mood of the world outside, and how it comes about."""

    def in_order() -> None:
        stage.write_specs()

    def tampered() -> None:
        stage.doors[0].edit_at_the_door("1002", name="Somebody Else")
        stage.doors[1].remove_at_the_door("1003")

    def refused() -> None:
        for door in stage.doors:
            door.gate.password = "another"
        stage.files.faults.status(401, None)

    def unreachable() -> None:
        stage.write_specs(urls=[f"http://127.0.0.1:{port}" for port in (1, 2, 3, 4)])

    def echoed(kind: str, status: int) -> Callable[[], None]:
        def switch() -> None:
            stage.write_specs()
            for faults in (stage.files.faults, *(door.faults for door in stage.doors)):
                faults.clear()
            for door in stage.doors:
                door.faults.status(status, None, body=echo(kind))
            if kind == "html":
                stage.files.faults.status(status, None, body=echo(kind))

        return switch

    yield "in order", in_order
    yield "tampered with", tampered
    yield "refused", refused
    yield "unreachable", unreachable
    for kind, status in (("html", 200), ("html", 500), ("html", 401), ("json", 200), ("json", 403), ("xml", 400), ("json", 500)):
        yield f"echoed as {kind} with {status}", echoed(kind, status)


def bad_specs(stage: Stage) -> None:
    """Errors are shown with the line they are in, and secrets stand in such lines."""
    plain, literal = json.dumps(CANARIES["plain"]), CANARIES["literal"]
    for number, line in enumerate(
        [
            f"  config: {{url: 7, username: admin, password: {{plain: {plain}}}, unknown: 1}}",
            f"  config: {{url: http://10.0.0.1, username: admin, password: {literal}}}",
            f"  config: {{url: http://10.0.0.1, username: admin, passwrd: {literal}}}",
            f"  config: {{url: http://10.0.0.1, username: admin, password: {{plain: {plain}, env: X}}}}",
            f"  config: {{url: http://10.0.0.1, username: admin, password: [{literal}]}}",
            f"  config: {{url: http://admin:{literal}@10.0.0.1, username: admin, password: {{env: X}}}}",
            f"  config: {{url: http://10.0.0.1, username: admin, password: {{plain: {plain}}}\n  people: [",
            f"  config:\n    password: {literal}\n   url: x",
        ]
    ):
        head = "apiVersion: trueup/v1\nkind: Device\nmetadata: {name: bad}\nspec:\n  provider: hikvision\n"
        (stage.folder / "specs" / "literal.yaml").write_text(head + line + "\n")
        for form in ("text", "json", "github"):
            stage.call(f"bad spec {number}", "validate", "-o", form)
        stage.call(f"bad spec {number}", "plan", "--verbose")
    (stage.folder / "specs" / "literal.yaml").unlink()


def missing_and_untrusted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = stage.folder / "trust.yaml"
    trust.write_text("secrets:\n  env:DOOR_PASSWORD: [192.0.2.1]\n  secret:door: [127.0.0.1]\n")
    for arguments in (["plan", "--verbose"], ["test"], ["plan", "-o", "json"]):
        stage.call("untrusted", *arguments, "--trust", str(trust))
    plan = stage.folder / "plan.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "version": "0"}))
    stage.call("edited plan", "apply", "plan.json", "--auto-approve", "--verbose")
    monkeypatch.delenv("DOOR_PASSWORD")
    stage.call("no variable", "plan", "--verbose")
    monkeypatch.setenv("DOOR_PASSWORD", CANARIES["env"])
    monkeypatch.setenv("TRUEUP_KEY", base64.b64encode(b"x" * 32).decode())
    stage.call("another key", "plan", "--verbose")
    monkeypatch.setenv("TRUEUP_KEY", CANARIES["wrong"])
    stage.call("no key at all", "plan", "--verbose")
    stage.call("no key at all", "secrets", "set", "door", stdin=CANARIES["sealed"])
    monkeypatch.delenv("TRUEUP_KEY")
    stage.call("wrong arguments", "secrets", "set", "door", stdin="")
    stage.call("wrong arguments", "plan", "--nonsense")


def reprs(stage: Stage) -> None:
    """What a debugger, a log line or an assertion would show of the objects that hold secrets or lead to them."""
    from controller.runtime.workspace import open_workspace

    async def look() -> None:
        options = Settings().options()
        stage.ear.hear("repr of Settings and Options", f"{Settings()!r} {options!r} {options}")
        async with open_workspace(options, write=True) as workspace:
            world = workspace._world
            stage.ear.hear("repr of World", f"{world!r} {world.state!r} {world.keys!r} {world.connect!r} {world.scrub!r}")
            stage.ear.hear("repr of specs", f"{workspace.specs!r} {workspace!r}")
            for resource in workspace.specs.resources:
                endpoint: Endpoint | None = resource.provider.endpoint(resource.config)
                stage.ear.hear(f"repr of {resource.address}", f"{resource!r} {endpoint!r} {endpoint}")
                stage.ear.hear(f"dump of {resource.address}", f"{resource.config.model_dump()} {resource.config.model_dump_json()}")
                async with world.connect(resource) as context:
                    stage.ear.hear(f"context of {resource.address}", f"{context!r} {context.http!r} {vars(context.http)!r}")
            stage.ear.hear("repr of a plan", repr(await workspace.plan()))
            stage.ear.hear("repr of answers", repr(await workspace.test()))
            vault = await world.state.secrets.vault()
            stage.ear.hear("repr of the vault", f"{vault!r} {world.state.secrets!r}")

    asyncio.run(look())


def faults_of_ours(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that breaks with a secret in its hands, shown with everything that --verbose shows."""
    from providers.hikvision.reader import HikvisionReader

    def broken(self: HikvisionReader, *_: Any) -> Any:
        raise RuntimeError(f"password {CANARIES['env']} and {CANARIES['sealed']} and {CANARIES['plain']}")

    stage.write_specs()
    with monkeypatch.context() as patch:
        patch.setattr(HikvisionReader, "facts", broken)
        for arguments in (["plan"], ["plan", "-o", "json"], ["test"]):
            stage.call("a broken provider", *arguments)
        stage.ear.told = [(w, c) for w, c in stage.ear.told if not (w.startswith("a broken") and "--verbose" in w)]


class Listening(logging.Handler):
    def __init__(self, ear: Ear) -> None:
        super().__init__(logging.DEBUG)
        self.ear = ear

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage() + ("".join(traceback.format_exception(*record.exc_info)) if record.exc_info else "")
        self.ear.hear(f"log of {record.name}", text)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The whole play, once."""
    folder, ear, files = tmp_path_factory.mktemp("canary"), Ear(), Files()
    doors = [Terminal(serial=f"S{n}", password=CANARIES[name]) for n, name in enumerate(("env", "sealed", "plain"))]
    with ExitStack() as stack:
        served = stack.enter_context(serve_in_thread([(files.app, 0), *((door, 0) for door in doors)]))
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("TRUEUP_SPECS", "TRUEUP_STATE", "TRUEUP_TRUST", "TRUEUP_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("DOOR_PASSWORD", CANARIES["env"])
        monkeypatch.setenv("https_proxy", f"http://admin:{CANARIES['wrong']}@proxy.example:3128")
        handler, root = Listening(ear), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            stage = Stage(folder, ear, served, doors, files)
            play(stage, monkeypatch)
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        yield stage


def play(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.write_specs()
    stage.call("set up", "secrets", "set", "door", stdin=CANARIES["sealed"] + "\n")
    stage.call("set up", "secrets", "set", "api-key", stdin=CANARIES["header"] + "\n")
    for mood, comes_about in moods(stage):
        comes_about()
        stage.every_command(mood)
        stage.files_written()
        if mood == "tampered with":
            stage.call("set up", "secrets", "set", "spare", stdin=CANARIES["wrong"])
            stage.call("set up", "secrets", "rm", "spare")
            stage.call("set up", "secrets", "rotate", "--verbose")
            stage.call("set up", "state", "forget", "Device/door-0:person/1001", "--auto-approve", "-o", "json")
            stage.call("set up", "state", "restore", "copy.db", "--auto-approve")  # of another key by now
            stage.call("set up", "apply", "--auto-approve", "--bootstrap")
        if mood == "refused":
            for door, name in zip(stage.doors, ("env", "sealed", "plain"), strict=True):
                door.gate.password = CANARIES[name]
                door.gate.unlock()
            stage.files.faults.clear()
    for faults in (stage.files.faults, *(door.faults for door in stage.doors)):
        faults.clear()
    stage.call("in order again", "test", "--verbose")
    stage.call("in order again", "plan", "--out", "plan.json")
    missing_and_untrusted(stage, monkeypatch)
    reprs(stage)
    faults_of_ours(stage, monkeypatch)
    bad_specs(stage)
    stage.files_written()


# -- the tests ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CANARIES)
def test_no_secret_sings_in_anything_that_the_program_makes(stage: Stage, name: str) -> None:
    assert stage.ear.singing(name) == []


def test_the_secrets_were_really_out(stage: Stage) -> None:
    """Otherwise the silence would prove nothing: every one opened a door."""
    assert stage.files.let_in > 5
    assert all(door.persons.keys() == {"1001", "1002", "1003"} for door in stage.doors)
    assert all(CANARIES["card"] in door.cards for door in stage.doors)
    assert stage.codes["in order: trueup apply --auto-approve --bootstrap"] == 0
    assert stage.codes["in order: trueup plan --verbose"] == 0
    assert stage.codes["set up: trueup secrets rotate --verbose"] == 0
    assert stage.codes["in order: trueup state backup copy.db --force"] == 0


def test_every_mood_was_met(stage: Stage) -> None:
    assert stage.codes["tampered with: trueup plan --bootstrap"] == 0
    for mood in ("refused", "unreachable", "echoed as html with 200", "echoed as json with 403"):
        assert stage.codes[f"{mood}: trueup test"] == 4, mood
        assert stage.codes[f"{mood}: trueup plan --bootstrap"] == 4, mood
    assert all(code == 3 for name, code in stage.codes.items() if name.startswith("bad spec"))
    assert stage.codes["edited plan: trueup apply plan.json --auto-approve --verbose"] == 6


@pytest.mark.parametrize(
    "form", [*sorted(disguises(CANARIES["env"])), base64.b64encode(b"admin:" + CANARIES["env"].encode()).decode()]
)
def test_the_ear_hears_every_disguise(form: str) -> None:
    assert heard(f"before {form} after".encode(), CANARIES["env"])
    assert not heard(b"before and after", CANARIES["env"])
