"""Look at one target and judge it: who answers, may it be trusted, what is there, what differs. Holds a Reader and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from controller.engine.judging.compare import Differences, Fold, Project, projection
from controller.engine.judging.decide import decide
from controller.engine.judging.finding import find
from controller.engine.judging.remarks import remarks, with_remarks
from controller.engine.judging.target import Looking, Protections, Target
from controller.engine.judging.unseen import Unseen, hides
from controller.engine.side_by_side import asking
from controller.engine.steer.renewal import objections
from controller.engine.wishes.desired import DesiredSet
from controller.engine.world import World, zone_of
from controller.model.change import Action, Change, Condition, Given, Notice, ResourcePlan, Verdict
from controller.model.entity import Actual, EntityKind, Facts, Refusal
from controller.model.outcome import Progress
from controller.sdk.errors import ProviderError, WrongTarget
from controller.sdk.provider import Reader, TargetProvider
from controller.spec.resource import Resource
from controller.state.rows import OwnedRow


class Unfit(ProviderError):
    """The target answers but must not be worked with as it is: its clock is wrong, or it is another device."""

    code = "unfit"
    retry = False


def provider_of(resource: Resource) -> TargetProvider:
    assert isinstance(resource.provider, TargetProvider)
    return resource.provider


def managed_kinds(resource: Resource) -> tuple[EntityKind, ...]:
    """The entity kinds that the resource's mappings manage, in the provider's order."""
    provider = provider_of(resource)
    names = {name for mapped in resource.mappings for name in provider.kinds_of(mapped.mapping)}
    return tuple(kind for kind in provider.kinds if kind.name in names)


async def judge(world: World, resource: Resource, facts: Facts) -> None:
    """Raise WrongTarget or Unfit when this is not the target that was declared, or its clock cannot be trusted."""
    declared = provider_of(resource).identity(resource.config)
    known = declared or await world.state.targets.identity(world.remembered_as(resource.address))
    if known and facts.identity and known != facts.identity:
        expected = f"the spec names {known}" if declared else f"trueup knows this address as {known}"
        raise WrongTarget(
            f"serial number {facts.identity} answers, but {expected}",
            hint="check the address: another device may have got it by DHCP. After a real exchange declare the new serialNumber",
        )
    if known and not facts.identity:
        raise WrongTarget(
            f"it does not tell its serial number, so nobody knows whether it is {known}",
            hint="look at the device; another one may answer at its address",
        )
    offset, most = facts.clock_offset, resource.policy.max_clock_offset
    if offset is None and provider_of(resource).keeps_time and resource.policy.unknown_clock == "park":
        raise Unfit(
            "it does not tell the time, so nobody knows whom it would let in when",
            code="unknown-clock",
            hint="look at the clock at the device; to work with it all the same: policy.unknownClock: accept",
        )
    if offset is not None and abs(offset) > most:
        direction = "ahead" if offset > 0 else "behind"
        raise Unfit(
            f"its clock is {abs(round(offset / 60))} minutes {direction}; it would let people in at the wrong times",
            code="wrong-clock",
            hint="set the clock at the device (NTP), or allow more with policy.maxClockOffset",
        )


async def exchanged(world: World, resource: Resource, facts: Facts) -> bool:
    """Whether the device was exchanged for the declared one: what we know about the old one says nothing about this."""
    known = await world.state.targets.identity(world.remembered_as(resource.address))
    return bool(known and facts.identity and known != facts.identity)


async def survey(world: World, resource: Resource, desired: DesiredSet, looking: Looking) -> tuple[Target, ResourcePlan]:
    """The decisions about one target. Whatever goes wrong on the way parks it, with nothing decided."""
    target = await target_of(world, resource, desired)
    target.anew = {(place.entity, place.key) for place in looking.anew if place.resource == resource.address}
    if desired.failed:
        return target, parked(resource, desired.failed, desired.hint, target.facts)
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
        return target, parked(resource, world.scrub(error.message), world.scrub(error.hint), facts)
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
    kinds = managed_kinds(resource)
    looked_at = _with_parents(target.provider, kinds)
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
    found = {name: fold.finish() for name, fold in folds.items()}
    target.guards = {(name, key): guard for name, one in found.items() for key, guard in one.guarded.items()}
    await conclude(world, target, {kind.name: found[kind.name] for kind in kinds})


async def _unseen(world: World, target: Target, kind: EntityKind) -> Unseen:
    owned, wishes = target.owned.get(kind.name, {}), target.desired.entities.get(kind.name, {})
    rows = await world.state.inventory.load(world.remembered_as(target.address), kind.name, owned.keys()) if owned else {}
    return Unseen(kind, wishes, rows, target.marks)


def _with_parents(provider: TargetProvider, kinds: Sequence[EntityKind]) -> list[EntityKind]:
    """Also what the managed kinds hang on: whose card it is decides whether it may be touched."""
    names = {kind.name for kind in kinds} | {parent for kind in kinds for parent in kind.after}
    return [kind for kind in provider.kinds if kind.name in names]


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
    _respect_capacity(target)


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
        str(target.address), Verdict.REFUSED, refusal.code, refusal.message, refusal.kind, key, refusal.label, place=place,
        subject=refusal.subject,
    )  # fmt: skip


def _respect_capacity(target: Target) -> None:
    """Creates beyond what the target can hold become notices: better said now than at the door."""
    for kind in target.provider.kinds:
        used, most = target.facts.capacity.get(kind.name, (None, None))
        if used is None or most is None:
            continue
        leaving = sum(c.kind == kind.name and c.action is Action.DELETE for c in target.changes)
        creates = [c for c in target.changes if c.kind == kind.name and c.action is Action.CREATE]
        surplus = creates[max(0, most - used + leaving) :]
        surplus += _hanging_on(target, kind, {change.key for change in surplus})
        dropped = {change.id for change in surplus}
        target.changes[:] = [c for c in target.changes if c.id not in dropped]
        for change in surplus:
            message = f"no room: the device holds {used} of at most {most}"
            hint = "remove at the device whom it need not hold, or declare fewer with `where`"
            about = {"kind": change.kind, "key": change.key, "label": change.label, "subject": change.subject}
            target.notice(Verdict.FULL, "full", message, hint=hint, **about)


def _hanging_on(target: Target, parent: EntityKind, keys: set[str]) -> list[Change]:
    """What would be made for somebody who gets no place: the card of a person that cannot be stored."""
    children = {kind.name for kind in target.provider.kinds if parent.name in kind.after}
    return [c for c in target.changes if c.kind in children and c.subject in keys and c.action is Action.CREATE]


def parked(resource: Resource, message: str, hint: str, facts: Facts) -> ResourcePlan:
    return ResourcePlan(
        str(resource.address),
        resource.provider.name,
        Condition.PARKED,
        target=_url(resource),
        identity=facts.identity,
        message=message,
        hint=with_remarks(resource, hint),
        labels=dict(resource.labels),
        on_fatal=resource.policy.on_fatal,
        clock_offset=facts.clock_offset,
        model=facts.model,
        given=given(resource),
        made_of=made_of(resource),
    )


async def summary_of(world: World, resource: Resource, target: Target) -> ResourcePlan:
    kinds = [kind.name for kind in managed_kinds(resource)]
    return ResourcePlan(
        str(resource.address),
        resource.provider.name,
        Condition.COMPLETE,
        target=_url(resource),
        identity=target.facts.identity,
        message="; ".join((*target.facts.notes, *remarks(resource))),
        labels=dict(resource.labels),
        desired=target.desired.count(kinds),
        actual=target.tally.actual,
        owned=sum(len(index) for index in target.owned.values()),
        unchanged=target.tally.unchanged,
        foreign=target.tally.foreign,
        held=len(target.desired.held) + target.tally.held,
        initialised=await world.state.targets.initialised(world.remembered_as(resource.address))
        and not await exchanged(world, resource, target.facts),
        model=target.facts.model,
        clock_offset=target.facts.clock_offset,
        on_fatal=resource.policy.on_fatal,
        given=given(resource),
        made_of=made_of(resource),
    )


def given(resource: Resource) -> tuple[Given, ...]:
    """What the resource has of others, and what must never be removed or changed there: the rules that took part."""
    policy, place = resource.policy, f"{resource.place.file}:{resource.place.line}"
    rules = (("protect", policy.protect), ("neverRemove", policy.never_remove))
    return (*resource.given, *(Given(word, patterns, place) for word, patterns in rules if patterns))


def made_of(resource: Resource) -> str:
    """What a record said when this resource was made of it; empty where a document alone declares it."""
    return resource.digest if "@" in resource.address.name else ""


def _url(resource: Resource) -> str:
    return provider_of(resource).endpoint(resource.config).url
