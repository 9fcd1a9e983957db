"""Walk a plan. Decides nothing: what the plan does not hold is not done, what its limits forbid is refused, the rest goes on."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from controller.engine.applying.item import withholds
from controller.engine.applying.lane import Conditions, Job, LaneResult, run_lane
from controller.engine.applying.recovery import recover
from controller.engine.applying.stop import Stop
from controller.engine.applying.summing import notices_by_resource, resource_result, run_result
from controller.engine.judging.kinds import provider_of
from controller.engine.past.images import image_named
from controller.engine.plans.limits import overspent_since
from controller.engine.plans.planfile import encode
from controller.engine.plans.planning import Planned
from controller.engine.review.rules import judge, rulebook
from controller.engine.side_by_side import side_by_side
from controller.engine.standing import after_apply, remember_protections
from controller.engine.telling import Listener, Teller, unheard
from controller.engine.today.moving import carry_out
from controller.engine.today.turns import Turns, as_planned, changed_since, not_done
from controller.engine.wishes.desired import Fitted
from controller.engine.wishes.gather import Gathered, gather
from controller.engine.world import Report, World, new_run, silent, stamp
from controller.model.change import Action, Change, Condition, Plan, ResourcePlan
from controller.model.entity import Actual
from controller.model.outcome import Outcome, Progress, RunResult, Status
from controller.state.rows import Finished, RunRow


@dataclass(frozen=True)
class Run:
    """One apply under way. ``before_send`` is the lease's check, ``stop`` the caller's wish to end; ``tell`` hears what recovery
    found, ``listener`` what happens, as it happens."""

    before_send: Callable[[], None]
    stop: asyncio.Event
    report: Report = silent
    tell: Callable[[str], None] = lambda line: None
    listener: Listener = unheard


async def apply_plan(world: World, planned: Planned, run: Run) -> RunResult:
    """Carry out an admitted plan under the lease that the caller holds; every change of it gets an outcome."""
    world, planned = await as_planned(world, planned, run.report)
    plan = planned.plan
    if any(change.action is Action.MOVE for change in plan.changes):
        run.before_send()
        await carry_out(world, plan)
    for line in await recover(world):
        run.tell(line)
    await world.state.prune()
    run_id, started = new_run(world.clock), stamp(world.clock)
    row = RunRow(run=run_id, started=started, plan_id=plan.id, spec=plan.spec, host=world.host, pid=os.getpid())
    await world.state.runs.start(row, encode(plan))
    await remember_protections(world, plan)
    teller = Teller(world, run_id, run.listener)
    teller.run_started(plan)
    results = await _lanes(world, planned, run, teller)
    times = started, stamp(world.clock)
    result = run_result(plan, results, run_id=run_id, times=times, cancelled=run.stop.is_set())
    await after_apply(world, plan, result)
    status = "cancelled" if result.cancelled else result.rollup.value
    await world.state.runs.close(run_id, status, _summary(result))
    teller.run_ended(result)
    return result


async def _lanes(world: World, planned: Planned, run: Run, teller: Teller) -> dict[str, LaneResult]:
    plan = planned.plan
    by_resource: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        by_resource[change.resource].append(change)
    gathered = await _withheld(world, planned, run)
    conditions = Conditions(world, teller.run, run.before_send, Stop(run.stop), Fitted(), _both(run.report, teller), teller)
    forbidden_now = judge(rulebook(world.specs, world.clock.now()), plan).denied  # a rule may hold now and not when it was made
    limited = {limit.resource: limit.message for limit in (*forbidden_now, *plan.limits)}
    if broken := _must_not_be_without(plan):
        conditions.stop.set()

    async def one(summary: ResourcePlan) -> LaneResult:
        changes = by_resource.get(summary.address, [])
        if summary.condition is Condition.PARKED or not changes:
            return LaneResult([], summary.message if summary.condition is Condition.PARKED else "", summary.hint)
        if summary.condition is Condition.MOVED:
            return await _end_all(world, teller, changes, (Status.DONE, "", ""))
        if broken:
            return await _end_all(
                world, teller, changes, (Status.PARKED, f"the run ends with {broken}: onFatal is stop", "stopped")
            )
        if changed := changed_since(world.specs, summary):
            return await _end_all(world, teller, changes, (Status.STALE, changed, "record-changed"))
        if forbidden := limited.get(summary.address):
            return await _refuse(world, teller, changes, forbidden)
        if summary.condition is Condition.ORPHANED:
            return await _forget(world, teller, changes)
        if spent := await overspent_since(world, plan, summary, changes):
            return await _refuse(world, teller, changes, spent)
        desired = gathered.desired.get(summary.address)
        resource, images = world.specs.by_address[summary.address], await _images(world, changes)
        job = Job(resource, summary, tuple(changes), planned.wishes, desired, images)
        async with world.lanes:
            await world.state.origins.doubt(summary.address, summary.origins)  # before, for a run that is killed
            result = await run_lane(job, conditions)
            await world.state.origins.doubt(summary.address, summary.origins)  # after, for a plan that was made meanwhile
            return result

    async def told(summary: ResourcePlan) -> LaneResult:
        result = await one(summary)
        teller.resource_ended(resource_result(summary, result, left_alone.get(summary.address, ())))
        return result

    left_alone = notices_by_resource(plan.notices)
    in_turn = Turns(world.specs, [summary.address for summary in plan.resources])

    async def when_due(summary: ResourcePlan) -> LaneResult:
        async with in_turn.of(summary.address) as reason:
            if reason:
                result = await _end_all(world, teller, by_resource.get(summary.address, ()), (Status.SKIPPED, reason, "depends-on"))
            else:
                result = await told(summary)
            in_turn.ended(summary.address, not_done(result))
            return result

    results = await side_by_side(when_due(summary) for summary in plan.resources)
    return {summary.address: result for summary, result in zip(plan.resources, results, strict=True)}


def _must_not_be_without(plan: Plan) -> str:
    """A target that was given up when the plan was made, and whose policy ends the run for all; empty when there is none."""
    given_up = (one for one in plan.resources if one.condition is Condition.PARKED and one.on_fatal == "stop")
    return next((one.address for one in given_up), "")


async def _withheld(world: World, planned: Planned, run: Run) -> Gathered:
    """A saved plan holds no sensitive value: they come from the records again, and must still be what was planned."""
    specs = world.specs.by_address
    missing = {
        change.resource
        for change in planned.plan.changes
        if change.id not in planned.wishes
        and not change.image
        and change.resource in specs
        and withholds(change, provider_of(specs[change.resource]).kind_of(change.kind))
    }
    resources = [specs[address] for address in sorted(missing)]
    if not resources:
        return Gathered()
    return await gather(world, resources, frozenset(planned.plan.allowances), offline=False, report=run.report)


async def _images(world: World, changes: Iterable[Change]) -> dict[str, Actual]:
    """What a rollback gives back and its plan withholds: the journal keeps it sealed."""
    found: dict[str, Actual] = {}
    for change in changes:
        if change.image:
            kind = provider_of(world.specs.by_address[change.resource]).kind_of(change.kind)
            image = await image_named(world.state, kind, change.image)
            found |= {change.id: image} if image is not None else {}
    return found


def _both(report: Report, teller: Teller) -> Report:
    def each(step: Progress) -> None:
        report(step)
        teller.progress(step)

    return each


async def _forget(world: World, teller: Teller, changes: Sequence[Change]) -> LaneResult:
    """A resource that left the specs: our notes about it end, nothing is touched."""
    outcomes = [_outcome(change, Status.DONE, "") for change in changes]
    if changes:
        await world.state.inventory.forget_resource(changes[0].resource)
        await world.state.targets.forget(changes[0].resource)  # should it come back, its first sync is a first one again
        await world.state.journal.finish(teller.run, [Finished(outcome) for outcome in outcomes])
        teller.ended(outcomes)
    return LaneResult(outcomes)


async def _end_all(world: World, teller: Teller, changes: Sequence[Change], end: tuple[Status, str, str]) -> LaneResult:
    """The same end for every change, without anything being sent; ``end`` is status, message and code."""
    status, message, code = end
    outcomes = [_outcome(change, status, message, code) for change in changes]
    if outcomes:
        await world.state.journal.finish(teller.run, [Finished(outcome) for outcome in outcomes])
        teller.ended(outcomes)
    return LaneResult(outcomes)


async def _refuse(world: World, teller: Teller, changes: Sequence[Change], message: str) -> LaneResult:
    return await _end_all(world, teller, changes, (Status.REFUSED, message, "limit"))


def _outcome(change: Change, status: Status, message: str, code: str = "") -> Outcome:
    return Outcome(
        change.id, change.resource, change.kind, change.key, change.action.value, status, message, code,
        change.label, change.subject,
    )  # fmt: skip


def _summary(result: RunResult) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(result.counts.items())) or "nothing to do"


def remaining(plan: Plan, outcomes: Iterable[Outcome]) -> Plan:
    """What an interrupted run left to do."""

    ended = {o.change for o in outcomes if o.status in (Status.DONE, Status.UNCHANGED)}
    left = tuple(change for change in plan.changes if change.id not in ended)
    return msgspec.structs.replace(plan, changes=left)
