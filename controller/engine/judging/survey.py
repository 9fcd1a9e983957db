"""Look at one target and judge it: who answers, may it be trusted, what is there, what differs. Holds a Reader and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from controller.engine.judging.capacity import respect_capacity
from controller.engine.judging.compare import Differences, Fold, Project, projection
from controller.engine.judging.decide import decide
from controller.engine.judging.finding import find
from controller.engine.judging.kinds import managed_kinds, provider_of, with_parents
from controller.engine.judging.remedies import remedy
from controller.engine.judging.summary import parked, summary_of
from controller.engine.judging.target import Looking, Protections, Target
from controller.engine.judging.trust import exchanged, judge
from controller.engine.judging.unseen import Unseen, hides
from controller.engine.side_by_side import asking
from controller.engine.steer.renewal import objections
from controller.engine.wishes.desired import DesiredSet
from controller.engine.world import World, zone_of
from controller.model.change import Notice, ResourcePlan, Verdict
from controller.model.entity import Actual, EntityKind, Facts, Refusal
from controller.model.outcome import Progress
from controller.sdk.errors import ProviderError
from controller.sdk.provider import Reader
from controller.spec.resource import Resource
from controller.state.rows import OwnedRow


async def survey(world: World, resource: Resource, desired: DesiredSet, looking: Looking) -> tuple[Target, ResourcePlan]:
    """The decisions about one target. Whatever goes wrong on the way parks it, with nothing decided."""
    target = await target_of(world, resource, desired)
    target.anew = {(place.entity, place.key) for place in looking.anew if place.resource == resource.address}
    if desired.failed:
        return target, parked(resource, desired.failed, desired.hint, target.facts, "source-unread")
    facts = Facts()
    try:
        with asking(target.provider.name):
            async with world.connect(resource) as context, target.provider.reader(resource.config, context) as reader:
                looking.report(Progress(str(resource.address), "asking who is there"))
                facts = await reader.facts()
                await judge(world, resource, facts)
                await _look(world, resource, target, (reader, facts), looking)
    except ProviderError as error:
        target.changes.clear()
        target.notices.clear()
        return target, parked(resource, world.scrub(error.message), world.scrub(error.hint), facts, error.code)
    summary = await summary_of(world, resource, target)
    target.owned = {}  # judged; a plan over many targets must not hold what each of them owns
    return target, summary


async def target_of(world: World, resource: Resource, desired: DesiredSet) -> Target:
    address = str(resource.address)
    names = {address, world.remembered_as(address)}
    remembered = [p for p in await world.state.protections.all() if p.resource in names]
    protect = {*resource.policy.protect, *(p.pattern for p in remembered if p.kind == "protect")}
    lasting = {*resource.policy.never_remove, *(p.pattern for p in remembered if p.kind == "never_remove")}
    ignored = {*resource.policy.ignore, *(p.pattern for p in remembered if p.kind == "ignore")}
    zone = zone_of(resource)
    now = world.clock.now()
    return Target(
        address=resource.address,
        provider=provider_of(resource),
        policy=resource.policy,
        desired=desired,
        protections=Protections(
            resource.address, tuple(sorted(protect)), tuple(sorted(lasting)), resource.policy.manage_administrators
        ),
        marks=world.marks,
        moment=(now.astimezone(zone) if zone else now).replace(tzinfo=None),
        ignore=frozenset(ignored),
    )


async def _look(world: World, resource: Resource, target: Target, answering: tuple[Reader, Facts], looking: Looking) -> None:
    reader, facts = answering
    kinds = await kinds_at_stake(world, resource, looking)
    looked_at = with_parents(target.provider, kinds)
    target.facts = facts
    target.moment += timedelta(seconds=facts.clock_offset or 0)
    target.desired = looking.fitted.of(target.desired, target.provider, facts)
    if not await exchanged(world, resource, facts):
        target.owned = {
            kind.name: await world.state.inventory.index(world.remembered_as(resource.address), kind.name) for kind in kinds
        }
    sought = bool(target.desired.sought)  # then everything must be seen before anything can be compared
    folds = {} if sought else {kind.name: _fold(target, kind) for kind in looked_at}
    kept: dict[str, list[Actual]] = {kind.name: [] for kind in looked_at}
    unseen = {kind.name: await _unseen(world, target, kind) for kind in kinds if hides(kind)}
    seen: Counter[str] = Counter()
    async for page in reader.observe([kind.name for kind in looked_at]):
        if page.kind in unseen:
            page = msgspec.structs.replace(page, entities=list(unseen[page.kind].completed(page.entities)))
        if sought:
            kept[page.kind] += page.entities
        else:
            folds[page.kind].page(page.entities)
        looking.saw(resource.address, page)
        target.saw(target.provider.kind_of(page.kind), page.entities)
        seen[page.kind] += len(page.entities)
        words = target.provider.kind_of(page.kind)
        doing = f"reading {words.plural or words.name}"
        looking.report(Progress(str(resource.address), doing, done=seen[page.kind], total=page.total or 0))
    if sought:
        place = world.remembered_as(resource.address)
        find(target, kept, {name: await world.state.inventory.found(place, name) for name in target.owned})
        folds = {kind.name: _fold(target, kind) for kind in looked_at}
        for name, entities in kept.items():
            folds[name].page(entities)
    if not kinds:
        await _say_nothing_declared(world, target)
    found = {name: fold.finish() for name, fold in folds.items()}
    target.guards = {(name, key): guard for name, one in found.items() for key, guard in one.guarded.items()}
    await conclude(world, target, {kind.name: found[kind.name] for kind in kinds})


async def _unseen(world: World, target: Target, kind: EntityKind) -> Unseen:
    owned, wishes = target.owned.get(kind.name, {}), target.desired.entities.get(kind.name, {})
    rows = await world.state.inventory.load(world.remembered_as(target.address), kind.name, owned.keys()) if owned else {}
    return Unseen(kind, wishes, rows, target.marks)


async def kinds_at_stake(world: World, resource: Resource, looking: Looking) -> tuple[EntityKind, ...]:
    """What is managed; where all that is ours goes, also what an earlier spec managed."""
    kinds = managed_kinds(resource)
    if resource.address not in looking.emptying:
        return kinds
    owned = (await world.state.inventory.counts()).get(world.remembered_as(resource.address), {})
    return tuple(kind for kind in provider_of(resource).kinds if kind in kinds or kind.name in owned)


async def _say_nothing_declared(world: World, target: Target) -> None:
    """An empty list declares nobody and so manages nothing: what is ours stays, and that must not go unsaid."""
    owned = await world.state.inventory.counts()
    if count := sum(owned.get(world.remembered_as(target.address), {}).values()):
        message = f"nothing is declared for it, so what is ours there ({count:,}) is left as it is"
        hint = f"put back what was declared, or remove what is ours: trueup destroy {target.address}"
        target.notice(Verdict.HELD, "nothing-declared", message, hint=hint)


def _fold(target: Target, kind: EntityKind) -> Fold:
    wishes = target.desired.entities.get(kind.name, {})
    declared = {wish.managed for wish in wishes.values()}
    project: Project | None
    if len(declared) > 1 or target.anew:
        project = _never_equal  # different fields are managed, or something is made anew: compared one by one in decide
    else:
        project = projection(kind, target.managed(kind, next(iter(declared), None)))
    token = (lambda key: target.marks.token(kind, key)) if kind.sensitive_key else None
    return Fold(wishes, target.owned.get(kind.name, {}), project, token, keep_strangers=target.policy.prune == "all")


def _never_equal(values: object) -> object:
    return object()


async def conclude(world: World, target: Target, found: Mapping[str, Differences]) -> None:
    """Decide every kind from what its comparison showed, loading only the inventory rows that matter."""
    target.notices += objections(target)
    for kind in target.provider.kinds:
        if kind.name in found:
            decide(target, kind, found[kind.name], await _rows(world, target, kind, found[kind.name]))
    for refusal in (*target.desired.held.values(), *target.desired.loose):
        target.notices.append(_refused(target, refusal))
    respect_capacity(target)


async def _rows(world: World, target: Target, kind: EntityKind, found: Differences) -> dict[str, OwnedRow]:
    owned, marks = target.owned.get(kind.name, {}), target.marks
    wishes = target.desired.entities.get(kind.name, {})
    tokens = {marks.token(kind, key) for key in wishes} if kind.sensitive_key else wishes.keys()
    wanted = {marks.token(kind, wish.key) for wish, _ in found.unequal} | {marks.token(kind, wish.key) for wish in found.missing}
    wanted = (wanted & owned.keys()) | found.present | (owned.keys() - tokens)
    return await world.state.inventory.load(world.remembered_as(target.address), kind.name, wanted) if wanted else {}


def _refused(target: Target, refusal: Refusal) -> Notice:
    kind = target.provider.kind_of(refusal.kind)
    place = str(refusal.record) if refusal.record else refusal.provenance.spec if refusal.provenance else ""
    key = target.marks.token(kind, refusal.key) if refusal.key else ""
    return Notice(
        str(target.address), Verdict.REFUSED, refusal.code, refusal.message, refusal.kind, key, refusal.label,
        hint=remedy(refusal.code), place=place, subject=refusal.subject,
    )  # fmt: skip
