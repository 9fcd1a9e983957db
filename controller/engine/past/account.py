"""What one run did, put together from what the state kept of it: the run, its plan, and how each change ended. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.engine.applying.subjects import by_subject, count
from controller.engine.applying.summing import and_unserved, unserved_on
from controller.engine.plans.planfile import peek
from controller.model.change import Change, Plan
from controller.model.errors import PlanRejected, UsageError
from controller.model.outcome import Outcome, Status, SubjectCounts, SubjectResult
from controller.state.rows import RunRow
from controller.state.store import State
from controller.state.tables.past import Ended

LAST = ("last", "latest")
NEVER = "planned, and never ended"
_SHOWN = 5


@dataclass(frozen=True)
class Account:
    """``plan`` is None where it is not kept any more, or another version of trueup wrote it. It is to look back at: nothing of it
    was checked, so it must never be walked."""

    row: RunRow
    plan: Plan | None
    ended: tuple[Ended, ...]

    @property
    def changes(self) -> Mapping[str, Change]:
        """What was planned, by change id."""
        return {change.id: change for change in self.plan.changes} if self.plan else {}

    @property
    def left(self) -> tuple[Change, ...]:
        """What was planned and has no end: the run was killed, or is still at it."""
        ended = {entry.outcome.change for entry in self.ended}
        return tuple(change for change in self.changes.values() if change.id not in ended)

    @property
    def subjects(self) -> tuple[SubjectResult, ...]:
        """Whom it served and whom not; what never ended counts as not tried."""
        left = [
            Outcome(c.id, c.resource, c.kind, c.key, c.action.value, Status.PARKED, NEVER, "stopped", c.label, c.subject)
            for c in self.left
        ]  # fmt: skip
        notices = self.plan.notices if self.plan else ()
        return by_subject((*(entry.outcome for entry in self.ended), *left), notices)

    def counted(self, subjects: tuple[SubjectResult, ...]) -> SubjectCounts:
        """Of all of them, with those whom a target that could not be judged was to serve; of a part, these alone."""
        whole = self.plan.resources if self.plan and subjects == self.subjects else ()
        return and_unserved(count(subjects), sum(map(unserved_on, whole)))


async def account(state: State, name: str) -> Account:
    """The account of a run, named as ``run_named`` takes it."""
    run = await run_named(state, name)
    row = await state.runs.get(run)
    assert row is not None  # it was found a moment ago, and only `apply` drops runs that are months old
    return Account(row, kept(await state.runs.plan(run)), tuple(await state.past.ended(run)))


async def run_named(state: State, name: str) -> str:
    """The id of the run that is meant: ``last``, or any beginning of an id that only one has. Raises UsageError."""
    if name in LAST:
        newest = await state.runs.latest(1)
        if not newest:
            raise UsageError("there was no run yet", hint="`trueup apply` makes the first one")
        return newest[0].run
    found = await state.past.find(name, _SHOWN + 1) if name else []
    if name in found:
        return name
    if not found:
        raise UsageError(f"there is no run {name!r} in this state", hint="see: trueup history")
    if len(found) > 1:
        more = " and more" if len(found) > _SHOWN else ""
        raise UsageError(f"several runs begin with {name!r}: {', '.join(found[:_SHOWN])}{more}", hint="write more of its id")
    return found[0]


def kept(raw: bytes | None) -> Plan | None:
    """The plan that the state kept with its run, unchecked; None where it cannot be read."""
    try:
        return peek(raw, "this run") if raw else None
    except PlanRejected:
        return None
