"""``--refresh-only``: what is there is taken as last written. Changes our notes alone; no writer is ever opened here.

Afterwards the same difference is no drift any more: the next plan tells it as something that is declared otherwise.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from controller.engine.judging.kinds import provider_of
from controller.engine.plans.planfile import encode
from controller.engine.world import World, new_run, stamp
from controller.model.change import Action, Change, FieldChange, Plan
from controller.model.entity import EntityKind
from controller.model.event import ConditionState, Event
from controller.model.outcome import Outcome, ResourceResult, Rollup, RunResult, Status, roll_up
from controller.state.rows import Finished, OwnedRow, RunRow

ACTION = "refresh"


def what_moved(plan: Plan) -> Plan:
    """The part of a plan that is about what somebody changed at the targets. It is not signed and can never be applied."""
    drifted = tuple(change for change in plan.changes if change.drift)
    return msgspec.structs.replace(plan, changes=drifted, notices=(), limits=(), signature="")


async def take_as_written(world: World, plan: Plan, tell: Callable[[str], None]) -> RunResult:
    """Write what was observed into the inventory, as a run of its own; the caller holds the lease.

    What the inventory does not hold any more, because another run worked meanwhile, is left alone as stale.
    """
    run, started = new_run(world.clock), stamp(world.clock)
    row = RunRow(run=run, started=started, plan_id=plan.id, spec=plan.spec, host=world.host, pid=os.getpid())
    # Without its changes: going on with this run must never write to a target.
    await world.state.runs.start(row, encode(msgspec.structs.replace(plan, changes=())))
    by_resource: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        by_resource[change.resource].append(change)
    outcomes: list[Outcome] = []
    for address, changes in by_resource.items():
        ended = await _take(world, address, changes, run)
        await world.state.journal.finish(run, ended)
        await _tell(world, address, run, len(changes))
        tell(f"{address}: {len(changes)} taken as last written")
        outcomes += [entry.outcome for entry in ended]
    result = _result(run, started, stamp(world.clock), outcomes)
    await world.state.runs.close(run, result.rollup.value, f"refreshed {len(outcomes)}")
    return result


async def _take(world: World, address: str, changes: Sequence[Change], run: str) -> list[Finished]:
    provider, ended = provider_of(world.specs.by_address[address]), []
    for name in dict.fromkeys(change.kind for change in changes):
        kind = provider.kind_of(name)
        mine = [change for change in changes if change.kind == name]
        rows = await world.state.inventory.load(address, name, {change.key for change in mine})
        ended += [_end(world, kind, change, rows.get(change.key), run) for change in mine]
    return ended


def _end(world: World, kind: EntityKind, change: Change, row: OwnedRow | None, run: str) -> Finished:
    if row is None:
        return Finished(_outcome(change, Status.STALE, "it left the inventory since the look; left alone"))
    if change.action is Action.CREATE:
        return Finished(_outcome(change, Status.DONE, "was removed at the target; it is ours no more"), remove=True)
    fields = dict(row.fields) | {field.name: _observed(world, kind, field) for field in change.fields}
    taken = msgspec.structs.replace(row, fields=fields, tombstone=False, run=run, written_at=stamp(world.clock))
    return Finished(_outcome(change, Status.DONE, "taken as last written"), owned=taken)


def _observed(world: World, kind: EntityKind, field: FieldChange) -> str:
    """The fingerprint of what was seen; a withheld value stands in the plan as its fingerprint already."""
    if field.withheld and field.before is not None:
        return str(field.before)
    return world.marks.value(kind, field.name, field.before)


def _outcome(change: Change, status: Status, message: str) -> Outcome:
    return Outcome(
        change.id, change.resource, change.kind, change.key, ACTION, status, message, label=change.label, subject=change.subject
    )  # fmt: skip


async def _tell(world: World, address: str, run: str, count: int) -> None:
    message = f"{count} entries that were changed at the target are taken as last written"
    digest = world.specs.by_address[address].digest
    condition = ConditionState(address, "Drifted", "False", "Refreshed", "", digest, stamp(world.clock))
    await world.state.conditions.set([condition])
    await world.state.events.add([Event(stamp(world.clock), "resource.refreshed", address, message, "info", run)])


def _result(run: str, started: str, ended: str, outcomes: Sequence[Outcome]) -> RunResult:
    resources = tuple(
        ResourceResult(address, roll_up(o.status for o in mine), _counts(mine))
        for address in dict.fromkeys(o.resource for o in outcomes)
        if (mine := [o for o in outcomes if o.resource == address])
    )
    rollup = roll_up(o.status for o in outcomes) if outcomes else Rollup.SUCCESS
    return RunResult(run, rollup, started, ended, resources, tuple(outcomes), _counts(outcomes))


def _counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.status.value for outcome in outcomes))
