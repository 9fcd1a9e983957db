"""The JSON outputs of history, show, events and diff, described by the schemas in ``schemas/``. Times are UTC texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.engine.past.account import Account
from controller.engine.past.differing import PLANNED, Comparison, Deed, Differs
from controller.model.change import Change, Condition, FieldChange, ResourcePlan
from controller.model.event import Event
from controller.model.outcome import SubjectCounts, SubjectResult
from controller.state.rows import RunRow
from controller.state.tables.past import Ended

FORMAT = 1


class RunLine(msgspec.Struct, frozen=True):
    """One run. ``result`` is success, partial, skipped, failed, parked, fatal, cancelled, interrupted (it was killed) or running;
    ``ended`` is empty and ``seconds`` null while it runs. ``resources`` counts changes by resource and status."""

    run: str
    started: str
    ended: str
    seconds: float | None
    result: str
    plan: str
    spec: str
    host: str
    resources: dict[str, dict[str, int]] = {}


class HistoryDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup history -o json``, the newest run first. ``more``: there are older ones beyond ``--limit``."""

    runs: tuple[RunLine, ...]
    more: bool = False
    format: int = FORMAT


class FieldLine(msgspec.Struct, frozen=True):
    """A field that was written, in plain words; what is sensitive is masked."""

    name: str
    title: str
    was: str
    becomes: str


class EntityLine(msgspec.Struct, frozen=True):
    """One change of a run. ``outcome`` is a status, or "planned" where it never ended; ``effect`` is what it did to access:
    grants, revokes or neutral. ``certain`` is false where it is not known whether it took effect."""

    resource: str
    kind: str
    key: str
    label: str
    subject: str
    action: str
    outcome: str
    effect: str
    reason: str = ""
    message: str = ""
    code: str = ""
    ended: str = ""
    attempts: int = 0
    seconds: float = 0.0
    certain: bool = True
    fields: tuple[FieldLine, ...] = ()


class ResourceLine(msgspec.Struct, frozen=True):
    """One resource of a run: who answered there, its changes by outcome, when the last of them ended. ``message`` says why it was
    left alone."""

    address: str
    target: str = ""
    identity: str = ""
    condition: str = ""
    message: str = ""
    counts: dict[str, int] = {}
    ended: str = ""


class ShowDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup show RUN -o json``; of a plan file it is that of ``trueup plan -o json``. ``returns`` is the run that it
    was a rollback of. Resources count everything, ``entities`` and ``subjects`` hold what was selected."""

    run: RunLine
    allowances: tuple[str, ...]
    scope: tuple[str, ...]
    returns: str
    resources: tuple[ResourceLine, ...]
    entities: tuple[EntityLine, ...]
    subjects: tuple[SubjectResult, ...] = ()
    subject_counts: SubjectCounts = SubjectCounts()
    format: int = FORMAT


class EventLine(msgspec.Struct, frozen=True):
    """One event, and one line of ``-o json-lines``. ``seq`` only ever grows; ``subject`` is an address or empty."""

    seq: int
    time: str
    type: str
    subject: str
    message: str
    severity: str
    run: str = ""


class EventsDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup events -o json``, the oldest first."""

    events: tuple[EventLine, ...]
    format: int = FORMAT


class DeedLine(msgspec.Struct, frozen=True):
    """What one side did to an entity; ``outcome`` "planned" where it did not end."""

    action: str
    outcome: str
    message: str = ""
    fields: tuple[FieldLine, ...] = ()


class DifferenceLine(msgspec.Struct, frozen=True):
    """One entity. A side without deeds did not touch it."""

    resource: str
    kind: str
    key: str
    label: str
    subject: str
    differs: tuple[Differs, ...]
    one: tuple[DeedLine, ...]
    two: tuple[DeedLine, ...]


class DiffDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup diff -o json``. ``one`` and ``two`` are run ids or plan files; ``alike`` counts entities with which both
    did the same, with the same end."""

    one: str
    two: str
    alike: int
    differences: tuple[DifferenceLine, ...]
    format: int = FORMAT


DOCUMENTS: Mapping[str, Any] = {
    "history": HistoryDocument,
    "show": ShowDocument,
    "events": EventsDocument,
    "events-line": EventLine,
    "diff": DiffDocument,
}


def run_line(row: RunRow, resources: Mapping[str, dict[str, int]]) -> RunLine:
    return RunLine(
        row.run, row.started, row.ended, seconds_between(row.started, row.ended), row.status, row.plan_id, row.spec, row.host,
        dict(resources),
    )  # fmt: skip


def seconds_between(started: str, ended: str) -> float | None:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds() if ended else None


def show_document(account: Account, entities: Sequence[EntityLine], subjects: tuple[SubjectResult, ...] = ()) -> ShowDocument:
    everything = entity_lines(account)
    plan = account.plan
    counts: dict[str, Counter[str]] = {}
    last: dict[str, str] = {}
    for entity in everything:
        counts.setdefault(entity.resource, Counter())[entity.outcome] += 1
        last[entity.resource] = max(last.get(entity.resource, ""), entity.ended)
    summaries = {summary.address: summary for summary in plan.resources} if plan else {}
    lines = []
    for address in dict.fromkeys([*summaries, *counts]):
        line = ResourceLine(address, counts=dict(counts.get(address, {})), ended=last.get(address, ""))
        lines.append(_with_summary(line, summaries.get(address)))
    by_resource = {address: dict(found) for address, found in counts.items()}
    allowances, scope, returns = (plan.allowances, plan.scope, plan.returns) if plan else ((), (), "")
    run = run_line(account.row, by_resource)
    return ShowDocument(run, allowances, scope, returns, tuple(lines), tuple(entities), subjects, account.counted(subjects))


def _with_summary(line: ResourceLine, summary: ResourcePlan | None) -> ResourceLine:
    if summary is None:
        return line
    message = summary.message if summary.condition is not Condition.COMPLETE else ""
    return msgspec.structs.replace(
        line, target=summary.target, identity=summary.identity, condition=summary.condition.value, message=message
    )


def entity_lines(account: Account) -> tuple[EntityLine, ...]:
    """Everything that the run did, in the order in which it ended, then what never ended."""
    changes = account.changes
    turn = {change: number for number, change in enumerate(changes)}  # of what ended within one second the plan tells the order
    in_order = sorted(account.ended, key=lambda entry: (entry.at, turn.get(entry.outcome.change, 0)))
    ended = (_ended_line(entry, changes.get(entry.outcome.change)) for entry in in_order)
    return (*ended, *map(_left_line, account.left))


def _ended_line(entry: Ended, change: Change | None) -> EntityLine:
    o = entry.outcome
    return EntityLine(
        o.resource, o.kind, o.key, o.label, o.subject, o.action, o.status.value, change.effect.value if change else entry.effect,
        change.reason if change else "", o.message, o.code, entry.at, o.attempts, o.seconds, o.effect != "unknown",
        field_lines(change.fields if change else ()),
    )  # fmt: skip


def _left_line(change: Change) -> EntityLine:
    return EntityLine(
        change.resource, change.kind, change.key, change.label, change.subject, change.action.value, PLANNED, change.effect.value,
        change.reason, fields=field_lines(change.fields),
    )  # fmt: skip


def field_lines(fields: Iterable[FieldChange]) -> tuple[FieldLine, ...]:
    return tuple(FieldLine(f.name, f.title or f.name, f.was, f.becomes) for f in fields)


def event_line(seq: int, event: Event) -> EventLine:
    return EventLine(seq, event.time, event.type, event.subject, event.message, event.severity, event.run)


def diff_document(one: str, two: str, comparison: Comparison) -> DiffDocument:
    lines = [
        DifferenceLine(d.resource, d.kind, d.key, d.label, d.subject, d.differs, _deed_lines(d.one), _deed_lines(d.two))
        for d in comparison.differences
    ]
    return DiffDocument(one, two, comparison.alike, tuple(lines))


def _deed_lines(deeds: Iterable[Deed]) -> tuple[DeedLine, ...]:
    return tuple(DeedLine(d.action, d.status, d.message, field_lines(d.fields)) for d in deeds)
