"""The commands that are about resources take the same selection, and say when it means nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
DOOR = """\
---
apiVersion: trueup/v1
kind: Device
metadata: {name: NAME, labels: {site: SITE}}
spec:
  provider: hikvision
  config: {url: "http://127.0.0.1:PORT", username: admin, password: {plain: x}}
  people:
    - {from: members, key: "{employee_no}", name: "{full_name}", valid: {until: forever}}
"""
PROTECT = "INSERT INTO protections (resource, kind, pattern, since) VALUES (?, 'protect', 'person/1', '2026-11-22T05:00:00Z')"


@pytest.fixture
def site(trueup: Run) -> Run:
    """Two doors more, of which one is remembered as protected, and a door that left the specs."""
    assert trueup("init").code == 0
    doors = (("back", "pool", "8"), ("side", "hall", "9"))
    text = "".join(DOOR.replace("NAME", name).replace("SITE", where).replace("PORT", port) for name, where, port in doors)
    Path("specs/more.yaml").write_text(text, encoding="utf-8")
    assert trueup("status").code == 0
    connection = sqlite3.connect(".trueup/state.db")
    connection.execute("INSERT INTO inventory (resource, kind, entity_key, status) VALUES ('Device/gone', 'person', '1', 'owned')")
    for resource in ("Device/back", "Device/gone"):
        connection.execute(PROTECT, (resource,))
    connection.commit()
    connection.close()
    return trueup


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((), {"front-door", "back", "side", "gone"}),
        (("--target", "Device/*", "--exclude", "Device/side"), {"front-door", "back", "gone"}),
        (("-l", "site in (pool, hall)"), {"back", "side"}),
        (("-l", "!site"), {"gone"}),
        (("-l", "site!=gym", "--target", "Device/s*"), {"side"}),
    ],
)
def test_status_of_a_part(site: Run, arguments: tuple[str, ...], shown: set[str]) -> None:
    said = site("status", "-o", "json", *arguments)
    assert {row["address"] for row in json.loads(said.out)["resources"]} == {f"Device/{name}" for name in shown}


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [((), ["back", "gone"]), (("-l", "site=pool"), ["back"]), (("--target", "Device/gone"), ["gone"]), (("-l", "site=hall"), [])],
)
def test_protections_of_a_part(site: Run, arguments: tuple[str, ...], shown: list[str]) -> None:
    said = site("protections", "list", *arguments)
    assert [line.split()[0] for line in said.out.splitlines()] == [f"Device/{name}" for name in shown]
    assert ("nothing of that is protected" in said.err) is not bool(shown)


def test_protections_are_listed_while_the_specs_are_wrong(site: Run) -> None:
    Path("specs/bad.yaml").write_text("a: [", encoding="utf-8")
    assert site("protections", "list", "--target", "Device/gone").code == 0
    assert site("protections", "list", "-l", "site=pool").code == 3


@pytest.mark.parametrize("command", ["status", "test"])
def test_a_selection_that_leaves_nothing_is_told(site: Run, command: str) -> None:
    said = site(command, "-l", "site=nowhere")
    assert (said.code, "matches --label site=nowhere" in said.err) == (1, True)
    assert "there are: " in said.err
    assert site(command, "-l", "site=").code == 1


def test_test_takes_arguments_and_options_alike(site: Run) -> None:
    for arguments in (("Source/members",), ("--target", "Source/members"), ("*", "--exclude", "Device/*"), ("-l", "!site")):
        said = site("test", "-o", "json", *arguments)
        assert [row["address"] for row in json.loads(said.out)["results"]] == ["Source/members"]
