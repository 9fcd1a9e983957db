"""What is measured on: members, terminals' pages, specs and inventories, made up so that they are the same in every run.

A person on a page is written as the simulated terminal writes it (475 bytes); 1 in 100 has another end of validity than declared.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.sdk import Endpoint, SystemClock
from controller.state.keys import Keys
from controller.state.store import State

PAGE = 30
CHANGED = 100  # one in so many differs
PASSWORD = "Door-12345"
KEY = bytes(range(32))
ENVIRON = {"TRUEUP_KEY": base64.b64encode(KEY).decode(), "DOOR_PASSWORD": PASSWORD}
BEGIN, END, OTHER_END = "2026-01-01T00:00:00", "2026-12-31T23:59:59", "2026-11-30T23:59:59"


def member(number: int) -> dict[str, Any]:
    """One of a register of eight fields, every fifth with letters beyond ASCII."""
    last = f"Åström-{number}" if number % 5 == 0 else f"Member-{number}"
    return {
        "id": f"M{number:07d}",
        "first_name": "Anna" if number % 2 else "Björn",
        "last_name": last,
        "email": f"member{number}@club.example",
        "employee_no": f"{number:07d}",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "active": True,
    }


def name_of(number: int) -> str:
    one = member(number)
    return f"{one['first_name']} {one['last_name']}"


def wire_person(number: int, end: str = "") -> bytes:
    """A person as a terminal keeps it."""
    changed = number % CHANGED == CHANGED - 1
    return _PERSON % (b"%07d" % number, name_of(number).encode(), (end or (OTHER_END if changed else END)).encode())


_PERSON = (
    b'{"employeeNo":"%s","name":"%s","userType":"normal","closeDelayEnabled":false,"Valid":{"enable":true,'
    b'"beginTime":"2026-01-01T00:00:00","endTime":"%s","timeType":"local"},"belongGroup":"","password":"","doorRight":"1",'
    b'"RightPlan":[{"doorNo":1,"planTemplateNo":"1"}],"maxOpenDoorTime":0,"openDoorTime":0,"roomNumber":0,"floorNumber":0,'
    b'"localUIRight":false,"gender":"unknown","numOfCard":0,"numOfFP":0,"numOfFace":0,"PersonInfoExtends":[{"value":""}]}'
)


def pages(count: int) -> Iterator[bytes]:
    """The answers to a search, page by page."""
    for start in range(0, count, PAGE):
        numbers = range(start, min(start + PAGE, count))
        more = b"MORE" if numbers.stop < count else b"OK"
        yield _HEAD % (more, len(numbers), count) + b",".join([wire_person(number) for number in numbers]) + b"]}}"


_HEAD = b'{"UserInfoSearch":{"searchID":"trueup-1","responseStatusStrg":"%s","numOfMatches":%d,"totalMatches":%d,"UserInfo":['


def write_members(folder: Path, count: int) -> Path:
    path = folder / "members.json"
    path.write_text(json.dumps([member(number) for number in range(count)], ensure_ascii=False), encoding="utf-8")
    return path


def write_pages(folder: Path, count: int) -> Path:
    """One answer per line, and beside it where each begins."""
    path, starts, position = folder / "pages.jsonl", array("q", [0]), 0
    with path.open("wb") as out:
        for page in pages(count):
            position += out.write(page + b"\n")
            starts.append(position)
    (folder / "pages.starts").write_bytes(starts.tobytes())
    return path


def device_name(index: int) -> str:
    return f"door-{index:02d}"


def write_specs(folder: Path, urls: Sequence[str], *, parallel: int = 20) -> Path:
    """A source of members and terminals that all have the same mapping."""
    specs = folder / "specs"
    specs.mkdir(parents=True, exist_ok=True)
    documents = [_SOURCE % {"parallel": parallel}]
    documents += [_DEVICE % {"name": device_name(i), "url": url} for i, url in enumerate(urls)]
    (specs / "site.yaml").write_text("---\n".join(documents), encoding="utf-8")
    return specs


_SOURCE = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: settings}
spec: {timezone: Europe/Stockholm, parallelDevices: %(parallel)d}
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: json
  config:
    path: ../members.json
    record: person
    map: {id: id, first_name: first_name, last_name: last_name, email: email, employee_no: employee_no,
          valid_from: valid_from, valid_until: valid_until, active: active}
"""
_DEVICE = """\
apiVersion: trueup/v1
kind: Device
metadata: {name: %(name)s}
spec:
  provider: hikvision
  config: {url: "%(url)s", username: admin, password: {env: DOOR_PASSWORD}}
  people:
    - from: members
      where: {active: true}
      key: "{employee_no}"
      name: "{first_name} {last_name}"
      valid: {from: "{valid_from}", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
  policy: {pace: 0, limits: {revoke: 100%%, grant: 100%%}}
"""


def write_inventory(folder: Path, devices: int, count: int) -> Path:
    """A state that owns every person on every terminal, as after a first sync."""
    path = folder / ".trueup"
    asyncio.run(_make_state(path))
    with closing(sqlite3.connect(path / "state.db", isolation_level=None)) as conn:
        conn.execute("BEGIN")
        conn.execute("CREATE TEMP TABLE people (no TEXT, name TEXT)")
        conn.executemany("INSERT INTO people VALUES (?, ?)", ((f"{n:07d}", name_of(n)) for n in range(count)))
        for index in range(devices):
            address = f"Device/{device_name(index)}"
            conn.execute(_OWN, {"resource": address, "managed": '["name","valid","doors","user_type"]'})
            conn.execute("INSERT INTO targets (resource, initialised) VALUES (?, 1)", (address,))
        conn.execute("COMMIT")
    return path


_OWN = """\
INSERT INTO inventory (resource, kind, entity_key, status, label, managed, source, record)
SELECT :resource, 'person', no, 'owned', name, :managed, 'members', 'M' || no FROM people ORDER BY no
"""


async def _make_state(path: Path) -> None:
    async with State.open(path, keys=Keys(KEY), clock=SystemClock()):
        pass


def write_documents(folder: Path) -> Path:
    """What a terminal answers to everything but searches, by path, as JSON of texts."""
    path = folder / "documents.json"
    path.write_text(json.dumps(asyncio.run(_documents())), encoding="utf-8")
    return path


async def _documents() -> dict[str, str]:
    import httpx

    from controller.sdk.http import Http
    from providers.hikvision.simulator import Terminal

    terminal = terminal_for()
    assert isinstance(terminal, Terminal)
    base = "/ISAPI/AccessControl"
    paths = {
        "/ISAPI/System/deviceInfo": None,
        "/ISAPI/System/time": None,
        f"{base}/capabilities": None,
        f"{base}/UserInfo/capabilities": {"format": "json"},
        f"{base}/CardInfo/capabilities": {"format": "json"},
        f"{base}/UserInfo/Count": {"format": "json"},
    }
    endpoint = Endpoint("http://terminal.test", scheme="digest")
    transport = httpx.ASGITransport(app=terminal)
    async with Http(endpoint, username="admin", password=PASSWORD, clock=SystemClock(), transport=transport) as http:
        return {path: (await http.request("GET", path, params=params)).body.decode() for path, params in paths.items()}


def terminal_for(serial: str = "BENCH-01", *, persons: int = 0, latency: float = 0.0) -> Any:
    """A simulated terminal with room for everybody, holding that many persons, all with the declared validity."""
    from providers.hikvision.simulator import DEFAULT_PROFILE, PROFILES, Quirks, Terminal

    profile = replace(PROFILES[DEFAULT_PROFILE], persons=1_000_000, quirks=Quirks())
    terminal = Terminal(profile, serial=serial, password=PASSWORD, latency=latency)
    terminal.load((f"{number:07d}", wire_person(number, END)) for number in range(persons))
    return terminal
