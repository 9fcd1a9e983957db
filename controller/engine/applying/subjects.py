"""How each subject came out of a run: changes that ended, and notices of the plan, put together by whom they are about. Pure.

A subject is a person with its cards and its face; what nothing hangs on is a subject by itself. The words are those of
facts/angajati.md 2.5: a face that failed is *partial*, a record without a number is *skipped*, a dead device is *fatal* for all
that were still to be done there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

import msgspec

from controller.model.change import Notice, Verdict
from controller.model.outcome import Outcome, Served, Status, SubjectCounts, SubjectResult

_STOPPED = "stopped"  # the code of what was parked because the run ended, not because its target failed
_SILENT = frozenset({Verdict.WARNED})  # about changes that are made all the same
_BY_RULE = frozenset({Verdict.PROTECTED, Verdict.HELD})  # left alone on purpose: takes nothing from what else was done


class _Standing(IntEnum):
    """One step of a subject, the worst last."""

    LEFT = 0  # on purpose
    FINE = 1
    SKIPPED = 2
    SHORT = 3  # something that hangs on the subject failed
    FATAL = 4


class _Step(msgspec.Struct, frozen=True):
    resource: str
    kind: str
    key: str
    subject: str
    label: str
    standing: _Standing
    message: str
    place: str = ""  # of the record, where the key is not known


_Place = tuple[str, str, str, str]  # resource, kind where known, key, place of the record


def by_subject(outcomes: Iterable[Outcome], notices: Iterable[Notice] = ()) -> tuple[SubjectResult, ...]:
    """One result per resource and subject, in the order in which they are first met. Notices about a whole resource are left
    out: its result tells them."""
    steps = [_of_outcome(outcome) for outcome in outcomes]
    steps += [_of_notice(n) for n in notices if n.kind and n.verdict not in _SILENT]
    kinds, places = _known(steps)
    groups: dict[_Place, list[_Step]] = defaultdict(list)
    for step in steps:
        groups[_place(step, kinds, places)].append(step)
    return tuple(_result(place, group) for place, group in groups.items())


def count(subjects: Iterable[SubjectResult]) -> SubjectCounts:
    found = Counter(subject.status.value for subject in subjects)
    return SubjectCounts(**found)


def served(counts: SubjectCounts, fatal: str) -> Served:
    """One word for a resource: ``fatal`` is what stopped it."""
    if fatal:
        return Served.FATAL
    present = [status for status in Served if getattr(counts, status.value)]
    if not present:
        return Served.SUCCESS
    return present[0] if len(present) == 1 else Served.PARTIAL


def called(subject: SubjectResult) -> str:
    """How a sentence names a subject: ``person 1001 (Test Unu)``; by the place of its record where it has no key."""
    name = f"{subject.kind} {subject.subject}".strip() if subject.subject else ""
    if not name:
        return subject.label or "a record"
    return f"{name} ({subject.label})" if subject.label and subject.label != subject.subject else name


# -- steps -------------------------------------------------------------------------------------------------------------------


def _of_outcome(outcome: Outcome) -> _Step:
    match outcome.status:
        case Status.DONE | Status.UNCHANGED:
            standing = _Standing.FINE
        case Status.FAILED:
            standing = _Standing.SHORT if outcome.subject else _Standing.FATAL
        case Status.PARKED if outcome.code != _STOPPED:
            standing = _Standing.FATAL
        case _:
            standing = _Standing.SKIPPED
    message = "" if standing is _Standing.FINE else outcome.message
    return _Step(outcome.resource, outcome.kind, outcome.key, outcome.subject, outcome.label, standing, message)


def _of_notice(notice: Notice) -> _Step:
    standing = _Standing.LEFT if notice.verdict in _BY_RULE else _Standing.SKIPPED
    if notice.verdict is Verdict.FULL:
        standing = _Standing.SHORT if notice.subject else _Standing.FATAL
    return _Step(
        notice.resource, notice.kind, notice.key, notice.subject, notice.label, standing, notice.message, notice.place
    )  # fmt: skip


# -- whom they are about -----------------------------------------------------------------------------------------------------


def _known(steps: Iterable[_Step]) -> tuple[Mapping[tuple[str, str], set[str]], Mapping[tuple[str, str], _Place]]:
    """By resource and key the kinds of what hangs on nothing, and by resource and place of a record whom it made."""
    kinds: dict[tuple[str, str], set[str]] = defaultdict(set)
    places: dict[tuple[str, str], _Place] = {}
    for step in steps:
        if step.key and not step.subject:
            kinds[step.resource, step.key].add(step.kind)
            if step.place:
                places.setdefault((step.resource, step.place), (step.resource, step.kind, step.key, ""))
    return kinds, places


def _place(
    step: _Step, kinds: Mapping[tuple[str, str], set[str]], places: Mapping[tuple[str, str], _Place]
) -> _Place:  # fmt: skip
    if step.subject:
        meant = kinds.get((step.resource, step.subject), set())
        return step.resource, next(iter(meant)) if len(meant) == 1 else "", step.subject, ""
    if step.key:
        return step.resource, step.kind, step.key, ""
    whose = step.place or step.message
    return places.get((step.resource, step.place)) or (step.resource, "", "", whose)


def _result(place: _Place, steps: Sequence[_Step]) -> SubjectResult:
    resource, kind, key, whose = place
    status, blamed = _judged(steps)
    own = next((step.label for step in steps if step.label and not step.subject), "")
    label = own or next((step.label for step in steps if step.label), "") or whose
    if blamed is None:
        return SubjectResult(resource, key, label, status, kind=kind)
    return SubjectResult(resource, key, label, status, blamed.kind, blamed.message, kind)


def _judged(steps: Sequence[_Step]) -> tuple[Served, _Step | None]:
    """The status of a subject, and the first of its steps that is to blame for it."""
    worst = max(steps, key=lambda step: step.standing)  # the first of several
    fine = any(step.standing is _Standing.FINE for step in steps)
    match worst.standing:
        case _Standing.FINE:
            return Served.SUCCESS, None
        case _Standing.FATAL:
            return Served.FATAL, worst
        case _Standing.SHORT:
            return Served.PARTIAL, worst
        case _Standing.SKIPPED if fine:
            return Served.PARTIAL, worst
    return Served.SKIPPED, worst
