"""What took part in an answer, as facts: spec, record, joins, filter, what is made, what is ours, which rules."""

from __future__ import annotations

from collections.abc import Iterator

from controller.engine.judging.diff import shown, title_of
from controller.engine.why.answer import Fact, hidden_fields, told_all
from controller.engine.why.tracks import Track
from controller.engine.wishes.gather import place_of
from controller.engine.wishes.select import join_field
from controller.engine.world import zone_of
from controller.model.address import Address, Pattern
from controller.model.change import Action, Change, FieldChange, Limit, ResourcePlan
from controller.model.entity import EntityKind, Refusal
from controller.model.record import Unreadable
from controller.sdk.provider import Wish
from controller.sdk.where import ask_each
from controller.spec.resource import Resource, Specs
from controller.state.rows import OwnedRow

VERBS = {
    Action.CREATE: "add it",
    Action.UPDATE: "correct it",
    Action.DELETE: "remove it",
    Action.ADOPT: "take it over",
    Action.FORGET: "no longer manage it and leave it as it is",
    Action.BAR: "take its access away and leave it listed",
}


def verb(action: Action) -> str:
    return VERBS.get(action, f"{action.value} it")


PROTECTIONS = ("protect", "neverRemove")
_ANSWERS = {True: "yes", False: "no", None: "not known"}


def way(specs: Specs, resource: Resource, track: Track) -> Iterator[Fact]:
    """The way of a record to the point where it stopped."""
    mapping = track.mapped.mapping
    yield Fact("spec", f"{track.mapped.section} from {mapping.from_}", place_of(track.mapped))
    yield Fact("record", _record(track), track.row.place)
    if isinstance(track.row, Unreadable):
        yield Fact("record", f"cannot be read: {track.row.message}", track.row.place)
        return
    yield from _joins(track)
    yield from _filter(specs, resource, track)


def _record(track: Track) -> str:
    key = track.row.key
    return f"{track.mapped.mapping.from_}:{key}" if key is not None else f"a row of {track.mapped.mapping.from_} without a key"


def _joins(track: Track) -> Iterator[Fact]:
    found = track.refs[1:]
    for index, match in enumerate(track.mapped.mapping.match):
        looked = f"{' or '.join(match.on)} against {join_field(match)} of {match.source}"
        if index < len(found):
            yield Fact("join", f"{looked}: found {found[index].key}, takes {', '.join(match.take)}", found[index].place)
        else:
            stopped = track.stopped
            reason = stopped.message if stopped and stopped.code.startswith("join") else "found nobody"
            yield Fact("join", f"{looked}: {reason}")
            return


def _filter(specs: Specs, resource: Resource, track: Track) -> Iterator[Fact]:
    """Each condition with its answer and what the record holds there: the one that decided is seen at once."""
    if not track.mapped.mapping.where or track.lent is None:
        return
    hidden = hidden_fields(specs, track.mapped)
    for asked in ask_each(track.mapped.mapping.where, track.lent.fields, zone_of(resource)):
        holds = told_all(asked.fields, track.lent.fields, hidden)
        yield Fact("filter", f"{asked.condition}: {_ANSWERS[asked.answer.value]}, {holds}")
    stopped = track.stopped
    if stopped is not None and stopped.code == "join-shared":
        yield Fact("join", stopped.message)


def makes(kind: EntityKind, wish: Wish, *, selected: bool) -> Fact:
    """What a record makes under a key, in the kind's own words; sensitive values are masked."""
    title = "makes" if selected else "would make"
    if isinstance(wish, Refusal):
        return Fact(title, f"nothing: {wish.message}")
    managed = wish.managed
    values = [
        f"{title_of(field)} {text}"
        for field, value in zip(kind.fields, wish.values, strict=True)
        if (managed is None or field.name in managed) and (text := shown(field, value))
    ]
    only = " (only where it is there already)" if wish.only_existing else ""
    return Fact(title, f"{named(kind, wish)}{only}: {', '.join(values) or 'nothing but itself'}")


def named(kind: EntityKind, wish: Wish) -> str:
    word = kind.title or kind.name
    if kind.sensitive_key:
        subject = getattr(wish, "subject", "")
        return f"a {word} of {subject or 'nobody'}"
    return f"{word} {wish.key}" if wish.key is not None else f"a {word} without a key"


def owned(row: OwnedRow) -> Fact:
    """What the inventory remembers."""
    written = f"last written {row.written_at}" + (f" in run {row.run}" if row.run else "")
    record = f", from {row.source}:{row.record}" if row.source else ""
    if row.status != "owned":
        return Fact("ours", f"begun in run {row.run or 'unknown'} and not seen since{record}")
    barred = "; barred, and kept so" if row.tombstone else ""
    part = "; only its " + " and ".join(row.managed) if row.managed is not None and row.only_existing else ""
    return Fact("ours", f"{written}{record}{barred}{part}")


def planned(change: Change) -> Fact:
    fields = "; ".join(_difference(field) for field in change.fields) if change.action is not Action.CREATE else ""
    return Fact("plan", f"{verb(change.action)}: {change.reason}" + (f" ({fields})" if fields else ""))


def _difference(field: FieldChange) -> str:
    return f"{field.title or field.name}: {field.was or 'none'} -> {field.becomes or 'none'}"


def given(summary: ResourcePlan, about: Address | None = None) -> Iterator[Fact]:
    """What the resource has of defaults, profiles and forEach, and its standing protections: of an entity those that name it."""
    for one in summary.given:
        gives = one.gives
        if about is not None and one.by in PROTECTIONS:
            gives = tuple(text for text in gives if Pattern(f"{about.resource}:{text}").covers(about))
        if gives:
            yield Fact("rule", f"{one.by}: {', '.join(gives)}", one.place)


def limited(limit: Limit) -> Fact:
    return Fact("rule", limit.message, limit.place)


def unselected(specs: Specs, resource: Resource, track: Track) -> tuple[str, str]:
    """The verdict and the sentence about a record that makes nothing here."""
    stopped = track.stopped
    if stopped is not None and stopped.code == "filtered":
        return "filtered", f"its record is left out: {_deciding(specs, resource, track) or stopped.message}"
    if stopped is not None:
        return "held", f"its record cannot be followed, so nothing is changed: {stopped.message}"
    refusals = [wish for wish in track.made if isinstance(wish, Refusal)]
    if refusals:
        return "refused", f"its record does not say enough: {refusals[0].message}"
    return "not-declared", "its record makes nothing here"


def _deciding(specs: Specs, resource: Resource, track: Track) -> str:
    """The first condition that said no, with what the record holds."""
    lent = track.lent
    if lent is None:
        return ""
    for asked in ask_each(track.mapped.mapping.where, lent.fields, zone_of(resource)):
        if asked.answer.value is False:
            holds = told_all(asked.fields, lent.fields, hidden_fields(specs, track.mapped))
            return f"the filter asks that {asked.condition}, but {holds}"
    return ""
