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


class Served(StrEnum):
    """How one subject (a person with its cards and its face) or one resource came out of a run."""

    SUCCESS = "success"  # everything that was to be done is done, or stood there already
    PARTIAL = "partial"  # it stands there, and something of it does not: a card, a face
    SKIPPED = "skipped"  # nothing was tried: the record lacks something, a rule forbids it, it moved meanwhile
    FATAL = "fatal"  # it was tried and does not stand there, or its resource could not be worked with


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


class SubjectCounts(msgspec.Struct, frozen=True):
    """How many subjects came out how."""

    success: int = 0
    partial: int = 0
    skipped: int = 0
    fatal: int = 0

    @property
    def total(self) -> int:
        return self.success + self.partial + self.skipped + self.fatal


class SubjectResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One subject on one resource: a person with everything that hangs on it, or a single entity on which nothing does.

    ``subject`` is its key, empty when the record names none; then ``label`` is the place of the record. ``kind`` is what it is,
    where that is known. ``step`` is the kind of entity at which it went wrong (person, card, face) and ``message`` why; both are
    empty on success. What was as wanted before the run is nobody's step and makes no result.
    """

    resource: str
    subject: str
    label: str
    status: Served
    step: str = ""
    message: str = ""
    kind: str = ""


class ResourceResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource in a run: its roll-up, how many changes ended how, and the first message that stopped it. ``status`` and
    ``subjects`` say the same in the words of subjects."""

    resource: str
    rollup: Rollup
    counts: dict[str, int] = {}
    fatal: str = ""
    hint: str = ""
    seconds: float = 0.0
    status: Served | None = None  # None: written by a command that serves nobody
    subjects: SubjectCounts = SubjectCounts()


class RunResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One apply, in sum, per resource and per subject. ``resume`` is true when changes are left that ``apply --resume`` would do.
    ``first_fatal`` is what first stopped a resource, or else the first subject that could not be served. ``subject_counts`` is the
    sum of those of the resources: whom one that could not be judged was to serve is fatal there, and has no result of its own.
    """

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
    subjects: tuple[SubjectResult, ...] = ()
    subject_counts: SubjectCounts = SubjectCounts()


class Progress(msgspec.Struct, frozen=True):
    """Where one resource stands right now: ``doing`` is a short phrase, counts are changes."""

    resource: str
    doing: str
    done: int = 0
    failed: int = 0
    total: int = 0
