"""``trueup doctor`` from the outside: a page to paste, without names and secrets, and an exit code for scripts."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.cli.schemas import all_schemas
from controller.sdk.context import SystemClock
from controller.state.rows import RunRow
from controller.state.statements import statements
from controller.state.store import State

Run = Callable[..., Any]
SPEC = """\
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config: {path: members.csv, record: person, map: {id: id, full_name: name, valid_until: until}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front}
spec:
  provider: hikvision
  config: {url: "http://127.0.0.1:1", username: admin, password: {plain: hunter2hunter2}, timezone: Europe/Stockholm}
  people:
    - {from: members, key: "{id}", name: "{full_name}", valid: {until: "{valid_until}"}, doors: [{door: 1, plan: 1}]}
"""


@pytest.fixture
def site(trueup: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    Path("specs").mkdir()
    Path("specs/all.yaml").write_text(SPEC, encoding="utf-8")
    Path("specs/members.csv").write_text("id,name,until\n", encoding="utf-8")
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return trueup


async def _remember() -> None:
    async with State.open(Path(".trueup"), keys=None, clock=SystemClock()) as state:
        await state.runs.start(RunRow("r1", "2026-11-22T02:00:00Z", host="gym-pc", pid=7), b"{}")
        values = {
            "name": "apply", "holder": "x", "host": "office-pc", "node": "elsewhere", "pid": 9,
            "acquired_at": "2026-11-22T02:00:00Z",
            "expires_at": SystemClock().now().timestamp() + 60, "account": "anna", "doing": "apply",
        }  # fmt: skip
        await state.store.write(lambda conn: conn.execute(statements("leases").take, values).rowcount)


def test_what_fails_is_told_and_left_with_one(site: Run) -> None:
    said = site("doctor")
    assert said.code == 1
    text = " ".join(said.out.split())
    assert "FAIL Device/front (host-" in text and "it refuses the connection" in text
    assert "there is no state in .trueup yet" in text
    assert said.out.rstrip().endswith("1 failed.")
    assert max(map(len, said.out.splitlines())) <= 80


def test_nothing_fails_when_the_network_is_left_alone(site: Run) -> None:
    assert site("doctor", "--no-network").code == 0


def test_programs_get_the_same_page(site: Run) -> None:
    document = json.loads(site("doctor", "-o", "json").out)
    jsonschema.validate(document, json.loads(all_schemas()["doctor.json"]))
    assert (document["worst"], document["page"]["redacted"]) == ("fail", True)


def test_no_name_and_no_secret_is_on_the_page(site: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://anna:canary-pass-1@proxy.example.org:3128")
    asyncio.run(_remember())
    said = site("doctor")
    assert "of user-" in said.out
    for word in (
        "anna",
        "gym-pc",
        "office-pc",
        "proxy.example",
        "canary-pass-1",
        "hunter2",
        "127.0.0.1",
        socket.gethostname() + " ",
    ):
        assert word not in said.out + said.err, word


def test_names_are_shown_when_asked_for_with_a_warning(site: Run) -> None:
    asyncio.run(_remember())
    said = site("doctor", "--show-names")
    assert "process 9 of anna on office-pc" in " ".join(said.out.split())
    assert "(127.0.0.1:1)" in said.out
    assert "leave out --show-names before you paste it" in said.err


@pytest.mark.parametrize("text", ["soon", "0s"])
def test_a_timeout_that_is_none_is_refused(site: Run, text: str) -> None:
    said = site("doctor", "--timeout", text)
    assert (said.code, "--timeout" in said.err) == (1, True)
