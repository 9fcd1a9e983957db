"""From specs, sources, targets and inventory to a plan. Reads everything, writes nothing outside trueup's own state."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from controller.engine.judging.kinds import provider_of
from controller.engine.judging.survey import survey
from controller.engine.judging.target import Looking, Target
from controller.engine.plans.discretion import by_token, selected
from controller.engine.plans.limits import exceeded, is_allowed, spent_today, stock_of
from controller.engine.plans.offline import recall
from controller.engine.plans.order import ordered
from controller.engine.plans.selecting import choice_of, remembered
from controller.engine.review.rules import rulebook, ruled
from controller.engine.side_by_side import side_by_side
from controller.engine.standing import remember_origins
from controller.engine.today.asking import today
from controller.engine.today.waiting import blocked, in_order, needs_of
from controller.engine.wishes.desired import DesiredSet
from controller.engine.wishes.gather import Gathered, declare, gather, read_sources
from controller.engine.wishes.picking import Picked, fed_by, pick, wording
from controller.engine.world import Report, World, silent, stamp
from controller.model.address import Address
from controller.model.change import PLAN_FORMAT, Action, Change, Condition, Limit, Notice, Plan, ResourcePlan
from controller.model.entity import Effect, Entity
from controller.model.scope import EVERYTHING, Scope
from controller.spec.resource import Resource, Specs

Surveyed = tuple[Resource, Target, ResourcePlan]
Look = Callable[[Resource], Awaitable[tuple[Target, ResourcePlan]]]


@dataclass(frozen=True)
class Planned:
    """A plan, and what it withholds: ``wishes`` are the entities behind its changes, by change id, only in this process.
    ``specs`` are those that it was made from, with what records made of them."""

    plan: Plan
    wishes: dict[str, Entity] = field(default_factory=dict)
    specs: Specs | None = None


@dataclass(frozen=True)
class Wanted:
    """What a plan is asked for. ``replace`` names entities to be made anew; ``destroy``: nothing is wanted any more, so what we own
    goes, within the same rules."""

    scope: Scope = EVERYTHING
    allow: frozenset[str] = frozenset()
    offline: bool = False
    replace: frozenset[Address] = frozenset()
    destroy: bool = False
    returns: str = ""  # a rollback: the run whose changes are returned
    told: tuple[str, ...] = ()  # the scope in words, without what is sensitive
    picked: Picked | None = None  # the records that the scope names, once they are known

    def words(self) -> tuple[str, ...]:
        """As it was given on the command line, for the plan."""
        anew = (f"--replace {address}" for address in sorted(self.replace))
        return (*self.told, *anew, *(("--destroy",) if self.destroy else ()))


async def make_plan(world: World, wanted: Wanted, report: Report = silent) -> Planned:
    """Gather, survey every target in scope side by side, order, and judge against the limits."""
    wording(world.specs, wanted.scope)  # a slip of the pen is told before anybody is asked
    now = await today(world, wanted.scope, wanted.allow, wanted.offline, report)
    world = now.world
    wanted = await discreet(world, wanted)
    declared = [r for r in world.specs.targets if wanted.scope.covers_resource(r.address, r.labels)]
    gone = [r for r in world.specs.departed if wanted.scope.covers_resource(r.address, r.labels)]
    if wanted.destroy:
        declared, gone = [], [*declared, *gone]
    gathered, wanted, declared = await _gathered(world, wanted, declared, report)
    gathered.desired |= {str(resource.address): DesiredSet() for resource in gone}
    gathered.unknown = now.unknown
    looking = Looking(report, anew=wanted.replace, emptying=frozenset(resource.address for resource in gone))
    planned = await plan_targets(world, wanted, ([*declared, *map(emptied, gone)], gathered), looking)
    return Planned(await now.told(planned.plan), planned.wishes, world.specs if now.expansion else None)


async def _gathered(
    world: World, wanted: Wanted, declared: list[Resource], report: Report
) -> tuple[Gathered, Wanted, list[Resource]]:
    """What the declared targets shall have. With a selection by record, only those that draw on its source are looked at."""
    if not wanted.scope.by_record:
        return await gather(world, declared, wanted.allow, offline=wanted.offline, report=report), wanted, declared
    asked = wording(world.specs, wanted.scope)
    declared = fed_by(declared, asked)
    reads = await read_sources(world, declared, wanted.allow, offline=wanted.offline, report=report)
    picked = pick(asked, reads, await remembered(world, declared, asked))
    return declare(declared, reads), replace(wanted, picked=picked, told=(*wanted.told, *asked.words())), declared


async def plan_targets(world: World, wanted: Wanted, declared: tuple[Sequence[Resource], Gathered], looking: Looking) -> Planned:
    """The plan of these targets from what was gathered for them."""

    async def look(resource: Resource) -> tuple[Target, ResourcePlan]:
        looked = recall if wanted.offline else survey
        target, summary = await looked(world, resource, declared[1].desired[str(resource.address)], looking)
        if summary.condition is Condition.COMPLETE:
            summary = msgspec.structs.replace(summary, origins=await remember_origins(world, target))
        return target, summary

    return await plan_by(world, wanted, declared, look)


async def plan_by(world: World, wanted: Wanted, declared: tuple[Sequence[Resource], Gathered], look: Look) -> Planned:
    """The plan of what ``look`` decides about each target: in order, within the limits, by every rule about plans as a whole."""
    needs = needs_of(world.specs)
    chosen, gathered = in_order(declared[0], needs), declared[1]

    async def one(resource: Resource) -> Surveyed:
        async with world.lanes:
            return resource, *await look(resource)

    others = await _identities(world, chosen)
    surveyed = _refuse_twins(await side_by_side(one(resource) for resource in chosen), others)
    surveyed = _skip_waiting(surveyed, needs, gathered.unknown) if needs else surveyed
    return await _assemble(world, wanted, surveyed, gathered)


async def discreet(world: World, wanted: Wanted) -> Wanted:
    """The same, without the number of any card in what is told of it."""
    matching, told = selected(world, wanted.scope)
    return replace(wanted, scope=matching, told=told.words(), replace=await by_token(world, wanted.replace))


def emptied(resource: Resource) -> Resource:
    """The same resource with nothing declared on it and everything that we own there to be deleted."""
    return replace(resource, policy=resource.policy.model_copy(update={"on_removal": "delete", "prune": "owned"}))


async def _identities(world: World, chosen: Sequence[Resource]) -> dict[str, list[str]]:
    """Serial number to address of the declared resources that are not looked at now, as declared or as met before."""
    asked = {str(resource.address) for resource in chosen}
    met = {row.resource: row.identity for row in await world.state.targets.all()}
    found: dict[str, list[str]] = defaultdict(list)
    for resource in world.specs.targets:
        address = str(resource.address)
        identity = provider_of(resource).identity(resource.config) or met.get(world.remembered_as(address), "")
        if identity and address not in asked:
            found[identity].append(address)
    return found


def _refuse_twins(surveyed: Sequence[Surveyed], others: Mapping[str, Sequence[str]]) -> list[Surveyed]:
    """Two resources that turn out to be one device are parked: each would undo the other. ``others`` were not looked at."""
    by_identity: dict[str, list[str]] = defaultdict(list)
    for identity, addresses in others.items():
        by_identity[identity] += addresses
    for resource, _, summary in surveyed:
        if summary.identity:
            by_identity[summary.identity].append(str(resource.address))
    result = []
    for resource, target, summary in surveyed:
        twins = by_identity.get(summary.identity, [])
        if len(twins) > 1:
            target.changes.clear()
            message = f"{' and '.join(twins)} are one and the same device (serial number {summary.identity})"
            summary = msgspec.structs.replace(
                summary,
                condition=Condition.PARKED,
                message=message,
                hint="each would undo the other: keep one of them, and put the mappings of both into its list",
                code="one-device",
            )
        result.append((resource, target, summary))
    return result


def _skip_waiting(surveyed: Sequence[Surveyed], needs: Mapping[str, Sequence[str]], unknown: Mapping[str, str]) -> list[Surveyed]:
    """Who waits for a target that cannot be judged is left alone as well."""
    parked = {s.address: s.message for _, _, s in surveyed if s.condition is Condition.PARKED}
    reasons = blocked([s.address for _, _, s in surveyed], needs, {**unknown, **parked})
    result = []
    for resource, target, summary in surveyed:
        if reason := reasons.get(summary.address, ""):
            target.changes.clear()
            hint = "put right what it waits for, then plan again"
            summary = msgspec.structs.replace(summary, condition=Condition.PARKED, message=reason, hint=hint, code="waits")
        result.append((resource, target, summary))
    return result


async def _assemble(world: World, wanted: Wanted, surveyed: Sequence[Surveyed], gathered: Gathered) -> Planned:
    changes: list[Change] = []
    notices: list[Notice] = list(gathered.notices)
    limits: list[Limit] = []
    summaries: list[ResourcePlan] = []
    wishes: dict[str, Entity] = {}
    for resource, target, summary in surveyed:
        in_order = ordered(target.changes, target.provider.kinds)
        limits += await _limits(world, resource, in_order, summary, wanted)
        choice = await choice_of(world, target, wanted.scope, wanted.picked)
        if summary.condition is Condition.PARKED:
            summary = msgspec.structs.replace(summary, unserved=choice.declared(target))
        chosen, left_out = choice.within(in_order)
        changes += chosen
        notices += left_out
        notices += filter(choice.tells, target.notices)
        summaries.append(summary)
        wishes |= {c.id: target.wishes[c.id] for c in chosen if c.id in target.wishes}
    if wanted.scope.everything and not wanted.destroy and not wanted.returns:
        orphans = await _orphans(world, {s.identity: s.address for _, _, s in surveyed if s.identity})
        changes += [change for _, batch in orphans for change in batch]
        summaries += [summary for summary, _ in orphans]
    now = world.clock.now()
    plan = Plan(
        format=PLAN_FORMAT,
        id=uuid.uuid4().hex[:12],
        made=stamp(world.clock),
        expires=(now + timedelta(seconds=world.specs.controller.plan_expiry)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        workspace=world.state.workspace,
        spec=world.specs.digest,
        version=world.version,
        resources=tuple(summaries),
        changes=tuple(changes),
        notices=tuple(notices),
        limits=tuple(limits),
        allowances=tuple(sorted(wanted.allow)),
        sources=gathered.counts,
        scope=wanted.words(),
        offline=wanted.offline,
        returns=wanted.returns,
    )
    return Planned(ruled(rulebook(world.specs, now), plan), wishes)


async def _limits(
    world: World, resource: Resource, changes: Sequence[Change], summary: ResourcePlan, wanted: Wanted
) -> list[Limit]:
    stock = stock_of(summary, resource.policy, await spent_today(world, summary.address))
    found = exceeded(summary.address, changes, resource.policy, stock)
    return [limit for limit in found if not is_allowed(limit, wanted.allow)]


async def _orphans(world: World, answering: Mapping[str, str]) -> list[tuple[ResourcePlan, list[Change]]]:
    """Resources that we own something on and that no spec declares any more: forgotten, never silently left half managed.
    ``answering``: which declared resource has which serial number; one that answers here was renamed."""
    result = []
    met = {row.resource: row.identity for row in await world.state.targets.all()}
    for address in await world.state.inventory.resources():
        if address in world.specs.by_address or world.specs.why_undecided(address):
            continue
        changes = []
        for kind, rows in (await world.state.inventory.everything(address)).items():
            changes += [
                Change(
                    f"{address}#{kind}/{key}",
                    address,
                    kind,
                    key,
                    Action.FORGET,
                    Effect.NEUTRAL,
                    "its resource left the specs; it stays at the target, no longer managed",
                    label=row.label or key,
                )
                for key, row in rows.items()
            ]
        message = f"no spec declares it any more: {len(changes)} entries that we own there are forgotten and stay as they are"
        hint = f"to remove them as well, put the spec back, then: trueup destroy {address}"
        if renamed := answering.get(met.get(address, "")):
            message += f". {renamed} is the same device (serial number {met[address]})"
            instead = f"trueup state mv {address} {renamed}"
            hint = f"if it was only renamed, do not apply this, or nobody there is ours any more; instead: {instead}"
        result.append((ResourcePlan(address, "", Condition.ORPHANED, message=message, hint=hint, owned=len(changes)), changes))
    return result
