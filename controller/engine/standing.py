"""How resources stand: conditions and events after a plan and after an apply, in the manner of Kubernetes, and the inventory's
word on which record made what."""

from __future__ import annotations

from collections import Counter

from controller.engine.judging.target import Target
from controller.engine.wishes.desired import DesiredSet
from controller.engine.wishes.gather import source_allowances
from controller.engine.world import World, stamp
from controller.model.change import Condition, Plan, ResourcePlan
from controller.model.entity import EntityKind
from controller.model.event import ConditionState, Event
from controller.model.outcome import ResourceResult, Rollup, RunResult, Status
from controller.spec.departed import remembered
from controller.state.tables.origins import Behind


async def after_look(world: World, plan: Plan) -> None:
    """What a plan found: readable or not, drifted or not, and what of it is worth remembering."""
    conditions = []
    drifts = Counter(change.resource for change in plan.changes if change.drift)
    for summary in plan.resources:
        if summary.condition in (Condition.OFFLINE, Condition.ORPHANED, Condition.MOVED):
            continue
        readable = summary.condition is Condition.COMPLETE
        conditions.append(_condition(world, summary, "Ready", readable, "Answered" if readable else "Parked", summary.message))
        if readable:
            drifted = drifts[summary.address]
            message = f"{drifted} entries differ from what was last written" if drifted else ""
            if drifted or _whole(plan):
                reason = "DriftFound" if drifted else "NoDrift"
                conditions.append(_condition(world, summary, "Drifted", drifted > 0, reason, message))
            await world.state.targets.remember_read(summary.address, {"": summary.actual})
    await world.state.conditions.set(conditions)


def _condition(world: World, summary: ResourcePlan, kind: str, holds: bool, reason: str, message: str) -> ConditionState:
    resource = world.specs.by_address.get(summary.address)
    status = "True" if holds else "False"
    return ConditionState(summary.address, kind, status, reason, message, resource.digest if resource else "", stamp(world.clock))


async def after_apply(world: World, plan: Plan, result: RunResult) -> None:
    """What a run did: synced or not, targets initialised, protections remembered. Each change was told when it ended."""
    summaries = {summary.address: summary for summary in plan.resources}
    limited = {limit.resource for limit in plan.limits}
    conditions, events = [], []
    for resource in result.resources:
        summary = summaries[resource.resource]
        if summary.condition is Condition.ORPHANED:
            events.append(_event(world, result, "resource.forgotten", resource.resource, summary.message, "warning"))
            continue
        if summary.condition is Condition.MOVED:
            events.append(_event(world, result, "resource.moved", resource.resource, summary.message, "info"))
            continue
        done = resource.rollup is Rollup.SUCCESS
        emptied = done and "--destroy" in plan.scope and bool(resource.counts)  # all was done, and nothing is as declared
        synced = done and not emptied
        reason = "Destroyed" if emptied else "Applied" if synced else resource.rollup.value.capitalize()
        if not synced or _whole(plan):
            conditions.append(_condition(world, summary, "Synced", synced, reason, resource.fatal))
        events.append(_told(world, result, resource))
        if resource.resource not in limited and not plan.returns:  # what was returned to before was not brought into order
            await _remember(world, summary, resource, result)
    await world.state.conditions.set(conditions)
    await world.state.events.add(events)
    for name, count in plan.sources.items():
        if source_allowances(name) & set(plan.allowances):
            await world.state.targets.remember_source(name, count)  # it was meant to be so small: the measure from now on


async def remember_protections(world: World, plan: Plan) -> None:
    """Before anything is sent: a protection outlives its spec even if the run that first met it is killed."""
    for summary in plan.resources:
        declared = world.specs.by_address.get(summary.address)
        if declared is None:
            continue
        policy = declared.policy
        for kind, patterns in (("protect", policy.protect), ("never_remove", policy.never_remove), ("ignore", policy.ignore)):
            if patterns:
                await world.state.protections.remember(summary.address, kind, patterns)


def _whole(plan: Plan) -> bool:
    """Whether the plan holds everything of the resources it is about. One that holds a part says nothing good about the rest."""
    partly = (":" in words or words.startswith(("--only", "--record", "--where")) for words in plan.scope)
    return not plan.returns and not any(partly)


async def _remember(world: World, summary: ResourcePlan, resource: ResourceResult, result: RunResult) -> None:
    """A target that a run walked to its end has had its first sync; one that was interrupted has not, nor one of which nothing
    is ours yet: a selection of nothing must not answer the question that the first sync asks."""
    declared = world.specs.by_address.get(resource.resource)
    if declared is None:
        return
    statuses = {outcome.status for outcome in result.outcomes if outcome.resource == resource.resource}
    ours = summary.owned or statuses & {Status.DONE, Status.UNCHANGED}
    if ours and not resource.fatal and not statuses & {Status.PARKED, Status.REFUSED}:
        await world.state.targets.applied(resource.resource, result.run, declared.digest, remembered(declared))


def _told(world: World, result: RunResult, resource: ResourceResult) -> Event:
    counts = ", ".join(f"{count} {status}" for status, count in resource.counts.items()) or "nothing to do"
    message = resource.fatal or counts
    severity = "info" if resource.rollup is Rollup.SUCCESS else "warning"
    return _event(world, result, f"resource.{resource.rollup.value}", resource.resource, message, severity)


def _event(world: World, result: RunResult, kind: str, subject: str, message: str, severity: str) -> Event:
    return Event(stamp(world.clock), kind, subject, message, severity, result.run)


# -- whose word it stands on ----------------------------------------------------------------------------------------------


async def remember_origins(world: World, target: Target) -> str:
    """After a complete survey: rows name the records of today. Returns the mark; costs one read while that is the known one.

    What is unchanged is never written, so a row would name its first record for ever; when another one wishes the same later and
    then cannot be read, nobody would know that it may still mean them, and they would be barred.
    """
    address, mark = world.remembered_as(target.address), _mark(world, target.desired)
    if not world.read_only and await world.state.origins.mark(address) != mark:
        behind = {kind.name: _behind(world, target.desired, kind) for kind in target.provider.kinds}
        await world.state.origins.settle(address, mark, behind)
    return mark


def _mark(world: World, desired: DesiredSet) -> str:
    """Keyed, because card numbers are among what it is made from."""
    return world.keys.fingerprint(b"origins\0" + desired.origins)


def _behind(world: World, desired: DesiredSet, kind: EntityKind) -> Behind:
    if not kind.sensitive_key:
        return lambda key: desired.records(kind.name, key)
    keys = {*desired.entities.get(kind.name, ()), *(key for name, key in desired.claims if name == kind.name)}
    by_token = {world.marks.token(kind, key): key for key in keys}
    return lambda token: desired.records(kind.name, by_token[token]) if token in by_token else ()
