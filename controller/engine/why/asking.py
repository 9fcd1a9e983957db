"""Asks *why*: reads sources and targets as a plan does, once, and answers about an entity, a record or whole resources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from controller.engine.judging.kinds import provider_of
from controller.engine.judging.target import Looking
from controller.engine.plans.planning import Planned, Wanted, plan_targets
from controller.engine.today.moving import under_old_names
from controller.engine.why import whole
from controller.engine.why.answer import Answer
from controller.engine.why.judging import Evidence, answer
from controller.engine.why.telling import unselected, way
from controller.engine.why.tracks import Track, tracks
from controller.engine.wishes.gather import Gathered, SourceRead, declare, read_sources
from controller.engine.world import Report, World, silent
from controller.model.address import Address
from controller.model.change import Change, Condition, Notice, Plan
from controller.model.entity import Actual, Page
from controller.model.record import RecordRef
from controller.model.scope import Scope
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource
from controller.state.rows import OwnedRow

Place = tuple[str, str]  # kind and token


@dataclass(frozen=True)
class Question:
    """About what. ``entity`` is one address; ``record`` (source, key) asks about everything that it makes or would make on the
    ``resources``; neither: about the resources themselves. ``offline`` asks no target."""

    resources: tuple[Resource, ...]
    entity: Address | None = None
    record: tuple[str, str] | None = None
    offline: bool = False
    allow: frozenset[str] = frozenset()


@dataclass
class _Look:
    """What one plan showed, kept for the entities that are asked about."""

    reads: dict[str, SourceRead]
    gathered: Gathered
    tracks: dict[str, list[Track]]
    watched: dict[str, set[Place]]
    looking: set[str] = field(default_factory=set)  # targets where only the look itself tells who is asked about
    seen: dict[tuple[str, Place], Actual] = field(default_factory=dict)


async def why(world: World, question: Question, report: Report = silent) -> list[Answer]:
    """The answers, entity by entity; a target that cannot be read has its answer too."""
    world, chosen = await under_old_names(world), question.resources
    reads = await read_sources(world, chosen, question.allow, offline=question.offline, report=report)
    for read in reads.values():
        read.kept = True  # the ways of single records are followed through the same rows
    look = _Look(reads, declare(chosen, reads), {}, defaultdict(set))
    for resource in chosen:
        look.tracks[str(resource.address)] = _wanted(world, question, resource, reads)
        look.watched[str(resource.address)] = await _places(world, question, resource, look)
        if question.record is not None and any(track.looks_for for track in look.tracks[str(resource.address)]):
            look.looking.add(str(resource.address))
    planned = await _planned(world, question, look, report)
    answers: list[Answer] = []
    for resource in chosen:
        answers += await _answers(world, question, resource, (look, planned))
    return answers


def _wanted(world: World, question: Question, resource: Resource, reads: dict[str, SourceRead]) -> list[Track]:
    """The ways of the records that matter; all of them when the question is about the resource."""
    found = tracks(resource, reads, {})
    if question.record is not None:
        source, key = question.record
        return [track for track in found if track.is_of(source, key)]
    if question.entity is not None:
        kind, token = question.entity.entity, question.entity.key
        return [track for track in found if track.wish(kind, token, world.marks, resource) is not None]
    return list(found)


async def _places(world: World, question: Question, resource: Resource, look: _Look) -> set[Place]:
    if question.entity is not None:
        return {(question.entity.entity, question.entity.key)}
    if question.record is None:
        return set()
    provider = provider_of(resource)
    made = [wish for track in look.tracks[str(resource.address)] for wish in track.named]
    tokens = {(wish.kind, world.marks.token(provider.kind_of(wish.kind), wish.key)) for wish in made if wish.key is not None}
    return tokens | set(await world.state.inventory.by_record(world.remembered_as(resource.address), *question.record))


async def _planned(world: World, question: Question, look: _Look, report: Report) -> Planned:
    def saw(address: Address, page: Page) -> None:
        watched, all_of_it = look.watched[str(address)], str(address) in look.looking
        if not watched and not all_of_it:
            return
        provider = world.specs.by_address[str(address)].provider
        assert isinstance(provider, TargetProvider)
        kind = provider.kind_of(page.kind)
        for actual in page.entities:
            place = (page.kind, world.marks.token(kind, actual.key))
            if all_of_it or place in watched:
                look.seen[str(address), place] = actual

    scope = Scope(targets=tuple(str(resource.address) for resource in question.resources))
    wanted = Wanted(scope, question.allow, question.offline)
    return await plan_targets(world, wanted, (question.resources, look.gathered), Looking(report, saw=saw))


async def _answers(world: World, question: Question, resource: Resource, known: tuple[_Look, Planned]) -> list[Answer]:
    look, planned = known
    address = str(resource.address)
    if question.entity is None and question.record is None:
        return [whole.answer(world, resource, planned.plan, (look.tracks[address], look.gathered.desired[address]))]
    places = sorted(look.watched[address] | (_found(planned.plan, address, question) if address in look.looking else set()))
    answers = [answer(await _evidence(world, resource, place, (look, planned.plan), question)) for place in places]
    return answers or [_keyless(world, resource, look, question, planned.plan)]


async def _evidence(world: World, resource: Resource, place: Place, known: tuple[_Look, Plan], question: Question) -> Evidence:
    look, plan = known
    address, (kind, token) = str(resource.address), place
    own = await world.state.inventory.load(world.remembered_as(address), kind, {token})
    row, desired, words = own.get(token), look.gathered.desired[address], provider_of(resource).kind_of(kind)
    changes = tuple(c for c in plan.changes if (c.resource, c.kind, c.key) == (address, kind, token))
    relevant = [t for t in look.tracks[address] if t.wish(kind, token, world.marks, resource) is not None]
    notices = tuple(n for n in plan.notices if (n.resource, n.kind, n.key) == (address, kind, token))
    if not relevant:  # what made it once may now make something else, or nothing; or it was found, not named
        relevant = _origins(resource, _origin(row, changes), look) or [
            track for track in tracks(resource, look.reads, {}) if track.would_be(kind, token)
        ]
        notices += _of_records(plan, address, relevant)
        relevant = [track.found_as(kind, token) for track in relevant]
    return Evidence(
        world.specs,
        resource,
        words,
        token,
        world.marks,
        tuple(relevant),
        next(summary for summary in plan.resources if summary.address == address),
        look.reads,
        row,
        look.seen.get((address, place)),
        not question.offline,
        changes,
        notices,
        tuple(limit for limit in plan.limits if limit.resource == address) if changes else (),
        next((r for (name, key), r in desired.held.items() if name == kind and world.marks.token(words, key) == token), None),
        dict(desired.held_records),
        tuple(desired.hold_all),
    )


def _origin(row: OwnedRow | None, changes: Sequence[Change]) -> tuple[str, str] | None:
    """The record that it was made from or found for, as remembered or as planned."""
    if row is not None:
        return row.source, row.record
    records = next((c.provenance.records for c in changes if c.provenance and c.provenance.records), ())
    return (records[0].source, records[0].key) if records else None


def _found(plan: Plan, address: str, question: Question) -> set[Place]:
    """Who was found for the record that is asked about, by what is planned for it."""
    changes = (c for c in plan.changes if c.resource == address and c.provenance and c.provenance.records)
    return {(c.kind, c.key) for c in changes if c.provenance and _is_of(c.provenance.records[0], question)}


def _is_of(ref: RecordRef, question: Question) -> bool:
    return (ref.source, ref.key) == question.record


def _of_records(plan: Plan, address: str, known: Sequence[Track]) -> tuple[Notice, ...]:
    """What the plan says of these records where it has no key for whom they mean at the target."""
    places = {str(track.refs[0]) for track in known if track.refs and track.looks_for}
    return tuple(n for n in plan.notices if n.resource == address and not n.key and n.place in places)


def _origins(resource: Resource, record: tuple[str, str] | None, look: _Look) -> list[Track]:
    if record is None or not record[0]:
        return []
    return [track for track in tracks(resource, look.reads, {}) if track.is_of(*record)]


def _keyless(world: World, resource: Resource, look: _Look, question: Question, plan: Plan) -> Answer:
    """About a record that makes nothing that has a name: no key, a join that found nobody, or no such record at all."""
    assert question.record is not None
    source, key = question.record
    address, known = str(resource.address), look.tracks[str(resource.address)]
    summary = next(summary for summary in plan.resources if summary.address == address)
    if summary.condition is Condition.PARKED and not known:
        return Answer(address, "parked", f"all of {address} is left alone: {summary.message}", hint=summary.hint)
    if not known:
        size = look.reads[source].count if source in look.reads else 0
        message = f"{source} has no record {key} ({size:,} records read), and {address} keeps nothing that one made"
        return Answer(address, "no-record", message, hint="to search by name or e-mail: trueup why --find TEXT")
    if notices := _of_records(plan, address, known):
        ways = tuple(way(world.specs, resource, known[0]))
        return Answer(address, "left-alone", notices[0].message, _name(known), notices[0].hint, ways)
    verdict, message = unselected(world.specs, resource, known[0])
    hint = f"look at {source}: {known[0].row.place}" if known[0].row.place else ""
    return Answer(address, verdict, f"nothing is made of {source}:{key}: {message}", _name(known), hint, tuple(
        way(world.specs, resource, known[0])
    ))  # fmt: skip


def _name(known: Sequence[Track]) -> str:
    fields = known[0].lent.fields if known[0].lent is not None else {}
    parts: Iterable[str] = (str(fields[name]) for name in ("first_name", "last_name") if fields.get(name))
    return " ".join(parts) or str(fields.get("full_name") or fields.get("name") or "")
