"""One run as people read it: when and how, each resource, and what became of every entity; what went wrong first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from controller.cli.show.layout import STANDARD, View, rest, wrapped
from controller.cli.show.past.documents import EntityLine, FieldLine, ResourceLine, ShowDocument
from controller.cli.show.past.history_text import RESULTS, counts_words
from controller.cli.show.plan_end import zone_words
from controller.cli.show.plan_text import named
from controller.cli.show.subject_text import subject_lines
from controller.cli.show.words import STATUSES, counted, exact, number, phrase, sign
from controller.engine.past.differing import PLANNED
from controller.model.change import Action
from controller.model.entity import Effect
from controller.model.outcome import Status
from controller.model.units import show_duration

_WRONG_FIRST = (
    Status.FAILED, PLANNED, Status.STALE, Status.REFUSED, Status.PARKED, Status.SKIPPED, Status.DONE, Status.UNCHANGED,
)  # fmt: skip
_UNDO = frozenset({Status.DONE.value})


def run_text(document: ShowDocument, view: View = STANDARD) -> str:
    lines = [*_head_lines(document, view)]
    by_resource: dict[str, list[EntityLine]] = defaultdict(list)
    for entity in document.entities:
        by_resource[entity.resource].append(entity)
    for resource in document.resources:
        if by_resource.get(resource.address) or resource.message or not document.entities:
            lines += ["", *_resource_lines(resource, by_resource.get(resource.address, []), view)]
    told = {(entity.resource, entity.subject or entity.key) for entity in document.entities}
    if whom := list(subject_lines(document.subjects, document.subject_counts, told, view)):
        lines += ["", *whom]
    return "\n".join([*lines, *_closing_lines(document, view)])


def _head_lines(document: ShowDocument, view: View) -> Iterator[str]:
    run = document.run
    yield from wrapped(f"Run {run.run}: {RESULTS.get(run.result, run.result)}", 0, hang=2)
    took = f", took {show_duration(run.seconds)}" if run.seconds is not None else ""
    yield from wrapped(
        f"began {exact(run.started, view.zone)}{zone_words(view)}{took}" + (f", on {run.host}" if run.host else ""), 2
    )
    plan = f"plan {run.plan}"
    plan += f", selected: {' '.join(document.scope)}" if document.scope else ""
    plan += f", allowed: {', '.join(document.allowances)}" if document.allowances else ""
    yield from wrapped(plan, 2, hang=2)
    if document.returns:
        yield from wrapped(f"a rollback: it returned what run {document.returns} had changed", 2, hang=2)


def _resource_lines(resource: ResourceLine, entities: Sequence[EntityLine], view: View) -> Iterator[str]:
    serial = f"serial {resource.identity}" if resource.identity else ""
    known = ", ".join(part for part in (serial, resource.target) if part)
    yield from wrapped(f"{resource.address}  {known}".rstrip(), 0, hang=2)
    if resource.counts:
        last = f", the last at {exact(resource.ended, view.zone)}" if resource.ended else ""
        yield from wrapped(counts_words(resource.counts) + last, 2, hang=2)
    if resource.message:
        yield from wrapped(resource.message, 2, hang=2, sign="! ")
    for (outcome, message), members in _grouped(entities):
        if message or len(resource.counts) > 1:
            yield from wrapped(_group_words(outcome, message, len(members)), 2, hang=2)
        shown = len(members) if view.whole else view.first
        for entity in members[:shown]:
            yield from _entity_lines(entity, view)
        yield from rest(len(members), shown, 4)


def _grouped(entities: Iterable[EntityLine]) -> list[tuple[tuple[str, str], list[EntityLine]]]:
    groups: dict[tuple[str, str], list[EntityLine]] = defaultdict(list)
    for entity in entities:
        groups[entity.outcome, entity.message].append(entity)
    order = [str(status) for status in _WRONG_FIRST]
    return sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))


def _group_words(outcome: str, message: str, count: int) -> str:
    words = "planned, and never ended" if outcome == PLANNED else STATUSES[Status(outcome)]
    return f"{number(count)} {words}" + (f": {message}" if message else "")


def _entity_lines(entity: EntityLine, view: View) -> Iterator[str]:
    mark, words = _words(entity)
    yield from wrapped(f"{named(entity.kind, entity.key, entity.label, entity.subject)}: {words}", 4, hang=2, sign=f"{mark} ")
    facts = [exact(entity.ended, view.zone)] if entity.ended else []
    facts += [show_duration(entity.seconds)] if entity.seconds else []
    facts += [counted(entity.attempts, "attempt")] if entity.attempts > 1 or (view.whole and entity.attempts) else []
    facts += ["it is not known whether it took effect"] if not entity.certain else []
    if facts:
        yield from wrapped(", ".join(facts), 8, hang=2)
    for line in written_lines(entity.action, entity.fields, (entity.label, entity.subject)):
        yield from wrapped(line, 8, hang=2)


def _words(entity: EntityLine) -> tuple[str, str]:
    """Its sign and what was done; our own notes alone have no words for the door."""
    try:
        action, effect = Action(entity.action), Effect(entity.effect)
    except ValueError:
        return "~", "taken as last written"
    words = phrase(action, effect, 1) + (f" ({entity.reason.removeprefix('is ')})" if entity.reason else "")
    return (sign(action, effect) if entity.outcome in _UNDO else "!"), words


def written_lines(action: str, fields: Sequence[FieldLine], known: tuple[str, ...] = ()) -> list[str]:
    """What a change wrote: a line per field, and one for all of what is new. What the name says already (``known``) is left out."""
    if action != Action.CREATE.value:
        return [field_words(field) for field in fields]
    told = [f"{field.title} {field.becomes}" for field in fields if field.becomes and field.becomes not in known]
    return [", ".join(told)] if told else []


def field_words(field: FieldLine) -> str:
    return f"{field.title.replace('_', ' ')}: {field.was or 'none'} -> {field.becomes or 'none'}"


def _closing_lines(document: ShowDocument, view: View) -> Iterator[str]:
    run = document.run
    counts = {outcome for resource in document.resources for outcome in resource.counts}
    if run.result == "running" or not counts:
        return
    yield ""
    if counts & {Status.FAILED.value, Status.PARKED.value, PLANNED}:
        yield f"To go on where it stopped: {view.command('apply --resume ' + run.run)}"
    if counts & _UNDO:
        yield f"To plan its undoing:       {view.command('rollback ' + run.run)}"
