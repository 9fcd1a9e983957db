"""In what two runs (or plans) differ, entity by entity: what was done, how it ended, what was written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.engine.past.account import Account
from controller.model.change import Change, FieldChange, Plan
from controller.model.outcome import Outcome

PLANNED = "planned"  # in place of a status: nobody knows yet how it ends, or it never ended
Place = tuple[str, str, str]  # resource, kind, key


class Differs(StrEnum):
    """In what the two sides of an entity differ."""

    PRESENCE = "presence"  # only one of them was about it
    ACTION = "action"
    OUTCOME = "outcome"
    WRITTEN = "written"
    MESSAGE = "message"


@dataclass(frozen=True)
class Deed:
    """What one run did to one entity. ``written`` is a keyed fingerprint of the values, empty where nothing is written."""

    action: str
    status: str
    message: str = ""
    written: str = ""
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One entity on which the two do not agree; a side is empty where it was not touched."""

    resource: str
    kind: str
    key: str
    label: str
    subject: str
    one: tuple[Deed, ...]
    two: tuple[Deed, ...]
    differs: tuple[Differs, ...]


@dataclass(frozen=True)
class Comparison:
    differences: tuple[Difference, ...]
    alike: int


@dataclass(frozen=True)
class Deeds:
    """The deeds of one run or plan by entity, with how people call each."""

    by_place: Mapping[Place, tuple[Deed, ...]]
    names: Mapping[Place, tuple[str, str]]


def of_run(account: Account) -> Deeds:
    changes = account.changes
    done = [(entry.outcome, changes.get(entry.outcome.change)) for entry in account.ended]
    return _deeds([*(_ended(*pair) for pair in done), *map(_planned, account.left)])


def of_plan(plan: Plan) -> Deeds:
    return _deeds(map(_planned, plan.changes))


def compare(one: Deeds, two: Deeds) -> Comparison:
    """Every entity that either is about, in the order of addresses."""
    places = sorted(one.by_place.keys() | two.by_place.keys())
    found = [_difference(place, one, two) for place in places]
    return Comparison(tuple(d for d in found if d.differs), sum(not d.differs for d in found))


_Told = tuple[Place, tuple[str, str], Deed]


def _ended(outcome: Outcome, change: Change | None) -> _Told:
    written, fields = (change.fingerprint, change.fields) if change else ("", ())
    deed = Deed(outcome.action, outcome.status.value, outcome.message, written, fields)
    return (outcome.resource, outcome.kind, outcome.key), (outcome.label, outcome.subject), deed


def _planned(change: Change) -> _Told:
    deed = Deed(change.action.value, PLANNED, "", change.fingerprint, change.fields)
    return (change.resource, change.kind, change.key), (change.label, change.subject), deed


def _deeds(told: Iterable[_Told]) -> Deeds:
    by_place: dict[Place, tuple[Deed, ...]] = {}
    names: dict[Place, tuple[str, str]] = {}
    for place, name, deed in told:
        by_place[place] = (*by_place.get(place, ()), deed)
        names[place] = name
    return Deeds(by_place, names)


def _difference(place: Place, one: Deeds, two: Deeds) -> Difference:
    first, second = one.by_place.get(place, ()), two.by_place.get(place, ())
    label, subject = two.names.get(place) or one.names[place]
    return Difference(*place, label, subject, first, second, tuple(_differs(first, second)))


def _differs(one: tuple[Deed, ...], two: tuple[Deed, ...]) -> Iterable[Differs]:
    if not one or not two:
        yield Differs.PRESENCE
        return
    for differs, words in _ASPECTS:
        if sorted(map(words, one)) != sorted(map(words, two)):
            yield differs


_ASPECTS = (
    (Differs.ACTION, lambda deed: deed.action),
    (Differs.OUTCOME, lambda deed: deed.status),
    (Differs.WRITTEN, lambda deed: deed.written),
    (Differs.MESSAGE, lambda deed: deed.message),
)
