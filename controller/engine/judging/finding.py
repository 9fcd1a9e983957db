"""Who is meant: wishes whose key only a look at the target tells. By what we remember, then by key, then by the field they name.

Never a guess: two who hold the value, two records that claim it, or answers that contradict each other refuse the record, and what
it made earlier stays as it is. An empty value finds nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from controller.engine.judging.diff import title_of
from controller.engine.judging.making import who
from controller.engine.judging.target import Target
from controller.engine.wishes.desired import DesiredSet
from controller.model.change import Change, Verdict
from controller.model.entity import Actual, Entity, EntityKind, Refusal, Sought
from controller.sdk.template import normal_text
from controller.state.rows import OwnedRow

Remembered: TypeAlias = Mapping[tuple[str, str], Sequence[tuple[str, str]]]
"""(source, record) to the (key, remote id) of what is ours on its word."""


def find(target: Target, there: Mapping[str, Sequence[Actual]], remembered: Mapping[str, Remembered]) -> None:
    """Give every sought wish its key. ``there`` must be complete: who was not seen would be taken for absent."""
    settled = _copy(target.desired)
    for kind in target.provider.kinds:
        wishes = target.desired.sought.get(kind.name)
        if wishes:
            _Finder(target, kind, there.get(kind.name, ()), remembered.get(kind.name, {})).settle(wishes, settled)
    target.desired = settled


def recall_found(target: Target, rows: Mapping[str, Mapping[str, OwnedRow]]) -> None:
    """From memory alone, for a plan without looking: whoever was never found and has no key of his own is left out."""
    if not target.desired.sought:
        return
    settled = _copy(target.desired)
    for name, wishes in target.desired.sought.items():
        by_record = {(row.source, row.record): row.key for row in rows.get(name, {}).values()}
        for wish in wishes:
            if key := by_record.get(_record(wish), wish.key):
                settled.add(_found(wish, key))
    target.desired = settled


def found_as_planned(desired: DesiredSet, change: Change) -> Entity | None:
    """The sought wish behind a change of a saved plan: that of the same record, under the key that was found then."""
    first = change.provenance.records[0] if change.provenance and change.provenance.records else None
    for wish in desired.sought.get(change.kind, ()) if first else ():
        if first and _record(wish) == (first.source, first.key):
            return _found(wish, change.key)
    return None


def _copy(desired: DesiredSet) -> DesiredSet:
    """Wishes are shared between targets; who is found is not."""
    settled = desired.without_entities()
    for name, wishes in desired.entities.items():
        settled.entities[name] = dict(wishes)
    return settled


def _found(wish: Entity, key: str) -> Entity:
    return msgspec.structs.replace(wish, key=key, sought=None)


def _record(wish: Entity) -> tuple[str, str]:
    """(source, record) that it was made from."""
    records = wish.provenance.records if wish.provenance else ()
    return (records[0].source, records[0].key) if records else ("", "")


def _text(value: Any, sought: Sought) -> str:
    text = "" if value is None else normal_text(str(value))
    return text.casefold() if sought.ignore_case else text


class _Finder:
    """One kind at one target."""

    def __init__(self, target: Target, kind: EntityKind, there: Sequence[Actual], remembered: Remembered) -> None:
        self._target, self._kind, self._there, self._remembered = target, kind, there, remembered
        self._by_key = {actual.key: actual for actual in there}
        self._by_token = {target.marks.token(kind, key): actual for key, actual in self._by_key.items()}
        self._by_remote_id = {actual.remote_id: actual for actual in there if actual.remote_id}
        self._indexes: dict[tuple[str, bool], dict[str, list[Actual]]] = {}

    def settle(self, wishes: Sequence[Entity], settled: DesiredSet) -> None:
        holders = _records_by(wishes, lambda wish: _sought_text(wish))
        answers: list[tuple[Entity, str]] = []
        for wish in wishes:
            shared = holders[_sought_text(wish)] if _sought_text(wish) else ()
            answer = self._shared(wish, len(shared)) if len(shared) > 1 else self._answer(wish)
            if isinstance(answer, Refusal):
                settled.add(answer)
            elif answer:
                answers.append((wish, answer))
        claimants: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for wish, key in answers:
            claimants[key].add(_record(wish))
        for wish, key in answers:
            settled.add(_found(wish, key) if len(claimants[key]) == 1 else self._claimed(wish, key, len(claimants[key])))

    def _answer(self, wish: Entity) -> str | Refusal:
        """The key, empty when nobody is there to be found, or why it cannot be told."""
        assert wish.sought is not None
        known = self._known(wish)
        if len(known) > 1:
            return self._refuse(wish, "found-twice", f"it stands for {self._names(known)} so far; remove one of them at the target")
        holders = self._holders(wish.sought)
        if known:
            self._tell_moved(wish, known[0], holders)
            return known[0].key
        if wish.key in self._by_key:
            return self._by_own_key(wish, self._by_key[wish.key], holders)
        title = self._title(wish)
        if not wish.sought.value:
            reason = f"it has no value for the {title} that it is to be found by; give the record one"
            return self._refuse(wish, "nothing-to-find-by", reason)
        if len(holders) > 1:
            reason = f"{self._names(holders)} hold its {title}, so it cannot be told who is meant; leave it with one of them"
            return self._refuse(wish, "found-several", reason)
        if holders:
            return holders[0].key
        return self._nobody(wish) if wish.only_existing else wish.key

    def _by_own_key(self, wish: Entity, actual: Actual, holders: Sequence[Actual]) -> str | Refusal:
        assert wish.sought is not None
        title, name = self._title(wish), who(self._kind, actual)
        if others := [holder for holder in holders if holder is not actual]:
            reason = f"its key is that of {name}, but its {title} is with {self._names(others)}; put one of the two right"
            return self._refuse(wish, "found-elsewhere", reason)
        held = _text(actual.values[self._kind.index(wish.sought.field)], wish.sought)
        if held and held != _sought_text(wish)[1:]:
            reason = f"its key is that of {name}, who has another {title}; put one of the two right"
            return self._refuse(wish, "another-value", reason)
        return actual.key

    def _known(self, wish: Entity) -> list[Actual]:
        """What is there of what this record was found as, or made, before."""
        places = self._remembered.get(_record(wish), ()) if wish.provenance else ()
        found = (self._by_remote_id.get(remote_id) if remote_id else self._by_token.get(key) for key, remote_id in places)
        return [actual for actual in found if actual is not None]

    def _holders(self, sought: Sought) -> list[Actual]:
        text = _text(sought.value, sought)
        if not text:
            return []
        place = (sought.field, sought.ignore_case)
        if place not in self._indexes:
            at, index = self._kind.index(sought.field), self._indexes.setdefault(place, defaultdict(list))
            for actual in self._there:
                index[_text(actual.values[at], sought)].append(actual)
        return self._indexes[place].get(text, [])

    def _title(self, wish: Entity) -> str:
        assert wish.sought is not None
        return title_of(self._kind.fields[self._kind.index(wish.sought.field)])

    def _names(self, actuals: Sequence[Actual]) -> str:
        shown = [who(self._kind, actual) for actual in actuals[:3]]
        return " and ".join(shown) + (f" and {len(actuals) - 3} more" if len(actuals) > 3 else "")
