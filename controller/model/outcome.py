"""Outcomes: what became of each change, and the roll-ups that people read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Status(StrEnum):
    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"
    STALE = "stale"
    FAILED = "failed"
    PARKED = "parked"


class Rollup(StrEnum):
    """Per person, device or run; *partial* and *fatal* exist only here."""

    SUCCESS = "success"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    FAILED = "failed"
    PARKED = "parked"
    FATAL = "fatal"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The end of one change. ``effect`` unknown means: look before doing it again."""

    change: str
    resource: str
    kind: str
    key: str
    action: str
    status: Status
    message: str = ""
    code: str = ""
    label: str = ""
    subject: str = ""
    effect: str = "none"  # none | done | unknown
    attempts: int = 1
    seconds: float = 0.0


def roll_up(statuses: Iterable[Status]) -> Rollup:
    """One word for many outcomes: all fine, some fine, none fine."""
    found = set(statuses)
    bad = found & {Status.FAILED, Status.STALE, Status.REFUSED, Status.PARKED}
    if not bad:
        return Rollup.SKIPPED if found == {Status.SKIPPED} else Rollup.SUCCESS
    if found & {Status.DONE, Status.UNCHANGED}:
        return Rollup.PARTIAL
    return Rollup.PARKED if bad == {Status.PARKED} else Rollup.FAILED


class ResourceResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource in a run: its roll-up, how many changes ended how, and the first message that stopped it."""

    resource: str
    rollup: Rollup
    counts: dict[str, int] = {}
    fatal: str = ""
    hint: str = ""
    seconds: float = 0.0


class RunResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One apply, in sum and per resource. ``resume`` is true when changes are left that ``apply --resume`` would do."""

    run: str
    rollup: Rollup
    started: str
    ended: str
    resources: tuple[ResourceResult, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    counts: dict[str, int] = {}
    first_fatal: str = ""
    cancelled: bool = False
    resume: bool = False


class Progress(msgspec.Struct, frozen=True):
    """Where one resource stands right now: ``doing`` is a short phrase, counts are changes."""

    resource: str
    doing: str
    done: int = 0
    failed: int = 0
    total: int = 0
