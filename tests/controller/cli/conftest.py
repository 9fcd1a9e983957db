"""Runs the command line in this process, and makes plans to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.cli.app import run
from controller.model.change import Action, Change, Condition, FieldChange, Limit, Notice, Plan, ResourcePlan, Verdict
from controller.model.entity import Effect, Provenance
from controller.model.record import RecordRef
from tests.doors import simulated_door


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def trueup(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``trueup("plan", "-o", "json")`` in an empty folder, without anybody at the keyboard."""
    monkeypatch.chdir(tmp_path)
    for name in ("TRUEUP_SPECS", "TRUEUP_STATE", "TRUEUP_TRUST", "TRUEUP_KEY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> Said:
        code = run(arguments)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture
def door() -> Iterator[Any]:
    with simulated_door() as terminal:
        yield terminal


DOOR = "Device/front-door"


def field(name: str, was: str, becomes: str, *, withheld: bool = False) -> FieldChange:
    return FieldChange(name, was, becomes, withheld=withheld, was=was, becomes=becomes)


def three_changes() -> tuple[Change, ...]:
    origin = Provenance("specs/doors.yaml:21", (RecordRef("members", "900001", "member 900001"),))
    return (
        Change(
            "1", DOOR, "person", "1001", Action.CREATE, Effect.GRANTS, "is declared and not there",
            (field("name", "", "Åsa Öberg"), field("valid", "", "2026-01-01 to 2026-12-31"), field("doors", "", "door 1")),
            label="Åsa Öberg", provenance=origin,
        ),
        Change(
            "2", DOOR, "person", "1002", Action.BAR, Effect.REVOKES, "is no longer declared",
            (field("valid", "2026-01-01 to 2026-12-31", "2000-01-01 to 2000-01-01"),), label="Živa Čuk O'Neill",
        ),
        Change(
            "3", DOOR, "card", "0123456789abcdef", Action.UPDATE, Effect.NEUTRAL, "was changed at the target",
            (field("number", "***", "***", withheld=True),), subject="1001", label="Åsa Öberg", drift=True,
        ),
    )  # fmt: skip


def a_plan(changes: tuple[Change, ...] = (), *, limits: tuple[Limit, ...] = (), offline: bool = False, quiet: bool = False) -> Plan:
    resources: tuple[ResourcePlan, ...] = (
        ResourcePlan(
            DOOR, "hikvision", Condition.COMPLETE, "http://192.168.1.100", "K1T671-0001", desired=1001, actual=1002, owned=990,
            unchanged=998, foreign=2, model="DS-K1T671MF", clock_offset=-45.0,
        ),
        ResourcePlan(
            "Device/side-door", "hikvision", Condition.COMPLETE, desired=1000, actual=1003, unchanged=1000, foreign=3, held=1
        ),
    )  # fmt: skip
    notices: tuple[Notice, ...] = ()
    if not quiet:
        hint = "check the password, then: trueup test Device/back-door"
        message = "the device refused the password of admin"
        resources += (
            ResourcePlan("Device/back-door", "hikvision", Condition.PARKED, "http://192.168.1.101", message=message, hint=hint),
        )
        adopt = "take over what agrees with `policy: {adopt: matching}`"
        there = "is there already and not ours"
        foreign = [Notice(DOOR, Verdict.FOREIGN, "not-ours", f"person {n} {there}", "person", str(n), hint=adopt) for n in range(7)]
        notices = (*foreign, Notice("", Verdict.REFUSED, "end-missing", "the end of validity is missing", place="members.csv:17"))
    return Plan(
        1, "p1", "2026-11-22T05:00:00Z", "2026-11-23T05:00:00Z", "w", "sha256:0", "0.1.0", resources, changes, notices, limits,
        sources={"members": 1000, "ids": 1}, offline=offline,
    )  # fmt: skip


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    return a_plan


@pytest.fixture
def three() -> tuple[Change, ...]:
    return three_changes()
