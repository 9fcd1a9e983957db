"""A workspace as a new user has it: two members in a CSV file, one simulated door on loopback; and a terminal that writes down.

What changes from run to run (ports, times, run names, this machine) is masked, so that a transcript is the words and nothing else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.cli.app import run
from controller.sdk.context import SystemClock

WEDNESDAY = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
PASSWORD = "Door-12345"

SITE = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec:
  timezone: Europe/Stockholm
---
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config:
    path: ../data/members.csv
    record: person
    key: employee_no
    map: {employee_no: number}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door}
spec:
  provider: hikvision
  config:
    url: URL
    username: admin
    password: {env: DOOR_PASSWORD}
  people:
    - from: members
      where: {active: true}
      key: "{employee_no}"
      name: "{first_name} {last_name}"
      valid: {from: "{valid_from}", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
  policy: {pace: 0}
"""
HEAD = "number,first_name,last_name,active,valid_from,valid_until\n"
NAMES = ("Anna Lind", "Bo Ek", "Cia Dahl", "Dan Falk", "Eva Berg", "Finn Holm", "Gun Strand", "Hugo Moberg", "Ida Nyman", "Jan Alm")


def members(*left_out: str, of: int = 10, inactive: int = 0) -> str:
    """The register as CSV: numbers 1001, 1002, ...; so many of the first are not active."""
    rows = [
        f"{number},{first},{last},{str(number > 1000 + inactive).lower()},2026-01-01,2037-12-31"
        for number, (first, last) in _people(of)
    ]
    return HEAD + "".join(f"{row}\n" for row in rows if row.partition(",")[0] not in left_out)


def _people(of: int) -> list[tuple[int, list[str]]]:
    return [(1001 + position, name.split()) for position, name in enumerate(NAMES[:of])]


_MASKS: tuple[tuple[str, str], ...] = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b\d{8}-\d{6}-[0-9a-f]+\b", "RUN"),
    (r"sha256:[0-9a-f]{6,}", "sha256:DIGEST"),
    (r"process \d+ on \S+", "process PID on HOST"),
    (r"\b\d+ ms\b", "N ms"),
    (r"(?m) +(took|[\d.]+(ms|s|min))$", r"  \1"),  # its width is that of the figures
    (r"(?m)  [\d.]+(ms|s|min)$", "  N ms"),
)


@dataclass
class Stage:
    """``type`` a command; ``transcript`` is all that was typed and answered so far."""

    folder: Path
    door: Any
    url: str
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    now: datetime = WEDNESDAY
    lines: list[str] = field(default_factory=list)
    said: str = ""

    def begin(self) -> None:
        self.monkeypatch.setattr(SystemClock, "now", lambda clock: self.now)
        self.monkeypatch.setattr("controller.cli.show.progress.pace_words", lambda pace: "")  # a slow machine would tell its pace
        self.specs(lambda text: text)
        self.register(members())
        self.monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)

    def specs(self, change: Callable[[str], str], name: str = "site.yaml") -> None:
        """Change the specs as an editor would."""
        path = self.folder / "specs" / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else SITE.replace("URL", self.url)
        path.write_text(change(before), encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        """Replace in the specs; what is not there is a mistake of the test."""

        def change(text: str) -> str:
            assert old in text
            return text.replace(old, new, 1)

        self.specs(change)

    def register(self, text: str | bytes) -> None:
        path = self.folder / "data" / "members.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    def type(self, command: str) -> int:
        """``trueup plan``: runs it, writes it down with its exit code. Lines on stderr are marked ``|``."""
        self.lines.append(f"$ {command}")
        code = run(shlex.split(command)[1:])
        self.note(*self.capsys.readouterr(), code)
        return code

    def note(self, out: str, err: str, code: int) -> None:
        self.said = out + err
        self.lines += [line.rstrip() for line in out.rstrip("\n").split("\n") if out]
        self.lines += [f"| {line}".rstrip() for line in err.rstrip("\n").split("\n") if err]
        self.lines += [f"-> exit {code}", ""]

    def quietly(self, command: str) -> int:
        """Something that has to be done first and is not part of the story."""
        code = run(shlex.split(command)[1:])
        self.capsys.readouterr()
        return code

    def settled(self) -> None:
        """The door as declared: what most days begin with."""
        assert self.quietly("trueup apply --bootstrap --auto-approve --quiet") == 0

    def aside(self, text: str) -> None:
        """What happens between two commands, for the reader."""
        self.lines += [f"# {text}"]

    @property
    def transcript(self) -> str:
        text = "\n".join(self.lines).replace(str(self.folder), "HERE")
        for pattern, mask in _MASKS:
            text = re.sub(pattern, mask, text)
        return text
