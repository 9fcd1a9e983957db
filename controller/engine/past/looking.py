"""Look at one target for a rollback: who answers, how what a run changed stands there, what is ours. Holds a Reader alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from controller.engine.judging.capacity import respect_capacity
from controller.engine.judging.finding import find
from controller.engine.judging.kinds import managed_kinds, provider_of, with_parents
from controller.engine.judging.summary import parked, summary_of
from controller.engine.judging.survey import target_of
from controller.engine.judging.target import Looking, Target
from controller.engine.judging.trust import exchanged, judge
from controller.engine.past.deeds import Done, Place
from controller.engine.past.returning import Case
from controller.engine.past.widening import return_all
from controller.engine.side_by_side import asking
from controller.engine.wishes.desired import DesiredSet
from controller.engine.world import World
from controller.model.change import ResourcePlan
from controller.model.entity import Actual, EntityKind, Facts
from controller.model.outcome import Progress
from controller.sdk.errors import ProviderError, WrongTarget
from controller.sdk.provider import Reader
from controller.spec.resource import Resource
from controller.state.rows import OwnedRow


@dataclass(frozen=True)
class Backward:
    """What the look at one target is about. ``allowances`` are those of the plan."""

    resource: Resource
    done: Done
    desired: DesiredSet
    allowances: Collection[str]
    looking: Looking = field(default_factory=Looking)


async def look_back(world: World, asked: Backward) -> tuple[Target, ResourcePlan]:
    """What returns one target to what it was. Where a source failed nobody knows what is declared: then nothing is given back, but
    what the run added can still be taken away. Whatever goes wrong on the way parks the target."""
    resource, known = asked.resource, not asked.desired.failed
    target = await target_of(world, resource, asked.desired if known else DesiredSet())
    facts = Facts()
    try:
        with asking(target.provider.name):
            async with world.connect(resource) as context, target.provider.reader(resource.config, context) as reader:
                asked.looking.report(Progress(str(resource.address), "asking who is there"))
                facts = await reader.facts()
                await judge(world, resource, facts)
                await _same(world, asked, facts)
                actuals = await _read(world, asked, target, (reader, facts))
    except ProviderError as error:
        target.changes.clear()
        target.notices.clear()
        return target, parked(resource, world.scrub(error.message), world.scrub(error.hint), facts, error.code)
    rows = await _rows(world, asked)
    done = asked.done
    cases = [Case(target, entry, actuals.get(place), rows.get(place)) for place, entry in done.entries.items()]
    return_all(target, cases, asked.allowances, known=known)
    respect_capacity(target)
    summary = await summary_of(world, resource, target)
    target.owned = {}
    return target, summary


async def _same(world: World, asked: Backward, facts: Facts) -> None:
    then = asked.done.identity
    if (then and facts.identity != then) or await exchanged(world, asked.resource, facts):
        raise WrongTarget(
            f"the run worked on serial number {then or 'of another device'}, but {facts.identity or 'one without'} answers now",
            hint="what was done to a device that was exchanged cannot be returned",
        )


async def _read(world: World, asked: Backward, target: Target, answering: tuple[Reader, Facts]) -> dict[Place, Actual]:
    """A complete read: limits are measured against it, and only then is what was not seen known to be missing."""
    reader, facts = answering
    target.facts = facts
    target.moment += timedelta(seconds=facts.clock_offset or 0)
    target.desired = asked.looking.fitted.of(target.desired, target.provider, facts)
    kinds, managed = _kinds(asked), {kind.name for kind in managed_kinds(asked.resource)}
    name = world.remembered_as(asked.resource.address)
    target.owned = {kind.name: await world.state.inventory.index(name, kind.name) for kind in kinds}
    found: dict[Place, Actual] = {}
    kept: dict[str, list[Actual]] = {kind.name: [] for kind in kinds}
    seen: Counter[str] = Counter()
    async for page in reader.observe([kind.name for kind in kinds]):
        kind = target.provider.kind_of(page.kind)
        tokens = ((target.marks.token(kind, actual.key), actual) for actual in page.entities)
        target.saw(kind, page.entities)
        found |= {(kind.name, token): actual for token, actual in tokens if (kind.name, token) in asked.done.entries}
        if target.desired.sought:
            kept[kind.name] += page.entities
        else:
            _count(target, kind, page.entities, measured=kind.name in managed)
        seen[kind.name] += len(page.entities)
        doing = f"reading {kind.plural or kind.name}"
        asked.looking.report(Progress(str(target.address), doing, done=seen[kind.name], total=page.total or 0))
    if target.desired.sought:
        find(target, kept, {kind.name: await world.state.inventory.found(name, kind.name) for kind in kinds})
        target.notices.clear()  # who is meant today is for a normal plan to say
        for kind in kinds:
            _count(target, kind, kept[kind.name], measured=kind.name in managed)
    return found


def _kinds(asked: Backward) -> list[EntityKind]:
    """What is managed, what the run changed, and what both hang on."""
    provider = provider_of(asked.resource)
    names = {kind.name for kind in managed_kinds(asked.resource)} | {kind for kind, _ in asked.done.entries}
    return with_parents(provider, [kind for kind in provider.kinds if kind.name in names])


def _count(target: Target, kind: EntityKind, entities: Sequence[Actual], *, measured: bool) -> None:
    """Who is guarded; and how much there is of what is managed, which limits are measured against."""
    wishes, owned = target.desired.entities.get(kind.name, {}), target.owned[kind.name]
    target.tally.actual += len(entities) if measured else 0
    for actual in entities:
        if actual.guard:
            target.guards[kind.name, actual.key] = actual.guard
        if not measured:
            continue
        if owned.get(target.marks.token(kind, actual.key)) != "owned":
            target.tally.foreign += 1
        elif (wish := wishes.get(actual.key)) and wish.managed is None and wish.values == actual.values:
            target.tally.unchanged += 1


async def _rows(world: World, asked: Backward) -> dict[Place, OwnedRow]:
    name, found = world.remembered_as(asked.resource.address), {}
    for kind in {kind for kind, _ in asked.done.entries}:
        tokens = {token for of, token in asked.done.entries if of == kind}
        rows = await world.state.inventory.load(name, kind, tokens)
        found.update({(kind, token): row for token, row in rows.items()})
    return found
