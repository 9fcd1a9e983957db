"""Why a whole resource is as it is: which sources and records feed it, how many fall out where, what the plan says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from controller.engine.why.answer import Answer, Fact
from controller.engine.why.telling import given, limited, unselected
from controller.engine.why.tracks import Track
from controller.engine.wishes.desired import DesiredSet
from controller.engine.wishes.gather import place_of
from controller.engine.world import World
from controller.model.change import Condition, Notice, Plan, ResourcePlan
from controller.model.entity import Refusal
from controller.sdk.where import describe
from controller.spec.resource import Resource


def answer(world: World, resource: Resource, plan: Plan, known: tuple[Sequence[Track], DesiredSet]) -> Answer:
    address = str(resource.address)
    summary = next(summary for summary in plan.resources if summary.address == address)
    facts = [Fact("spec", f"{resource.provider.title}", f"{resource.place.file}:{resource.place.line}")]
    facts += _sources(resource, plan)
    facts += _mappings(world, resource, known[0])
    told = {_code(track) for track in known[0] if not _taken(track)}
    facts += _notices([n for n in plan.notices if n.resource == address and n.code not in told])
    facts += [Fact("rule", f"nothing is removed here: {reason}") for reason in known[1].hold_all]
    facts += given(summary)
    facts += [limited(limit) for limit in plan.limits if limit.resource == address]
    verdict, message, hint = _judged(summary, plan)
    return Answer(address, verdict, message, hint=hint, facts=tuple(facts))


def _judged(summary: ResourcePlan, plan: Plan) -> tuple[str, str, str]:
    if summary.condition is Condition.PARKED:
        return "parked", f"it is left alone: {summary.message}", summary.hint
    changes = [change for change in plan.changes if change.resource == summary.address]
    there = f"{summary.actual:,} there, {summary.desired:,} declared, {summary.unchanged:,} as declared"
    limits = [limit for limit in plan.limits if limit.resource == summary.address]
    if limits:
        flags = " ".join(dict.fromkeys(limit.flag for limit in limits if limit.flag))
        hint = f"check `trueup plan --target {summary.address}`; if it is right, add {flags}" if flags else ""
        return "limited", f"{_count(len(changes))} planned, but a rule stands against them: {limits[0].message}", hint
    if changes:
        return "planned", f"{_count(len(changes))} planned: {there}", f"to see them: trueup plan --target {summary.address}"
    return "as-declared", f"nothing is to be done: {there}", ""


def _count(number: int) -> str:
    return f"{number:,} change is" if number == 1 else f"{number:,} changes are"


def _records(number: int) -> str:
    return f"{number:,} record" if number == 1 else f"{number:,} records"


def _sources(resource: Resource, plan: Plan) -> Iterator[Fact]:
    names = dict.fromkeys(
        name for mapped in resource.mappings for name in (mapped.mapping.from_, *(m.source for m in mapped.mapping.match))
    )
    for name in names:
        count = plan.sources.get(name)
        yield Fact("source", f"{name}: " + (_records(count) if count is not None else "could not be read"))


def _mappings(world: World, resource: Resource, known: Sequence[Track]) -> Iterator[Fact]:
    """Per mapping: how many records it takes, and for each reason to fall out the number and one example."""
    for mapped in resource.mappings:
        own = [track for track in known if track.mapped is mapped]
        taken = [track for track in own if _taken(track)]
        condition = f", where {describe(mapped.mapping.where)}" if mapped.mapping.where else ""
        meant = f"{len(taken):,} of {_records(len(own))} {'is' if len(taken) == 1 else 'are'} meant"
        text = f"{mapped.section} from {mapped.mapping.from_}{condition}: {meant}"
        yield Fact("filter", text, place_of(mapped))
        out: dict[str, list[Track]] = defaultdict(list)
        for track in own:
            if track not in taken:
                out[_code(track)].append(track)
        for code, group in sorted(out.items(), key=lambda item: -len(item[1])):
            reason = unselected(world.specs, resource, group[0])[1]
            yield Fact("count", f"{len(group):,} {code}; for example {_name(group[0])}: {reason}", group[0].row.place)


def _taken(track: Track) -> bool:
    return track.selected and not any(isinstance(w, Refusal) for w in track.made)


def _code(track: Track) -> str:
    if track.stopped is not None:
        return track.stopped.code
    return next(w.code for w in track.made if isinstance(w, Refusal))


def _name(track: Track) -> str:
    return f"{track.mapped.mapping.from_}:{track.row.key}" if track.row.key is not None else "a row without a key"


def _notices(notices: Sequence[Notice]) -> Iterator[Fact]:
    groups: dict[tuple[str, str], list[Notice]] = defaultdict(list)
    for notice in notices:
        groups[notice.verdict.value, notice.code].append(notice)
    for (verdict, code), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield Fact("rule", f"{len(group):,} {verdict} [{code}]; for example: {group[0].message}", group[0].place)
