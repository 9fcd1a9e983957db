"""One simulated door on loopback and a workspace around it, as the tests of the command line have it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.cli.schemas import all_schemas
from controller.registry import load_simulator
from controller.sdk.loopback import serve_in_thread

PASSWORD = "canary-pass-1"


@contextmanager
def simulated_door() -> Iterator[Any]:
    """A terminal that holds nobody; ``url`` is where it listens."""
    terminal = load_simulator("hikvision")({"password": PASSWORD, "serial": "A1", "timezone": "Europe/Stockholm"})
    with serve_in_thread([(terminal.app, 0)]) as (served,):
        terminal.url = served.url
        yield terminal


def furnish(trueup: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, specs: str, members: str) -> None:
    """Specs and members in the current folder, and the door's password in the sealed store as DOOR."""
    Path("specs").mkdir()
    Path("specs/site.yaml").write_text(specs, encoding="utf-8")
    Path("specs/members.csv").write_text(members, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    assert trueup("secrets", "set", "DOOR").code == 0


def judged(name: str, text: str) -> Any:
    """The output as JSON, held against its own schema."""
    document = json.loads(text)
    jsonschema.validate(document, json.loads(all_schemas()[f"{name}.json"]))
    return document
