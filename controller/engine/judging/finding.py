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


def _folded(value: Any, sought: Sought) -> str:
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
        """Put every wish into ``settled`` under its key, or the reason why it has none. Who is not there and must not be made is
        told and in neither."""
        claimants: dict[str, set[tuple[str, str]]] = defaultdict(set)
        claimed = _claimed_values(wishes)
        answers = [(wish, self._answer(wish, claimed)) for wish in wishes]
        for wish, answer in answers:
            if isinstance(answer, str):
                claimants[answer].add(_record(wish))
        for wish, answer in answers:
            if isinstance(answer, Refusal):
                settled.add(answer)
            elif answer and len(claimants[answer]) > 1:
                others = f"{len(claimants[answer])} records are all found as {self._called(answer)}"
                settled.add(self._refuse(wish, "found-by-several", f"{others}, so it cannot be told whose it is"))
            elif answer:
                settled.add(_found(self._pinned(wish, answer), answer))

    def _answer(self, wish: Entity, claimed: Mapping[tuple[str, str], int]) -> str | Refusal:
        """Its key, empty when it is not there and must not be made; or why that cannot be told."""
        assert wish.sought is not None
        text, title = _folded(wish.sought.value, wish.sought), self._title(wish.sought)
        if text and (count := claimed[wish.sought.field, text]) > 1:
            reason = f"{count} records have the same {title}, so it cannot be told whose it is; give each its own"
            return self._refuse(wish, "same-value", reason)
        known, holders = self._known(wish), self._holders(wish.sought, text)
        if len(known) > 1:
            return self._refuse(wish, "found-twice", f"it is {self._names(known)} so far; remove one of them at the target")
        if known:
            return self._still(wish, text, known[0], holders)
        if wish.key in self._by_key:
            return self._by_own_key(wish, text, self._by_key[wish.key], holders)
        return self._by_value(wish, text, holders)

    def _pinned(self, wish: Entity, key: str) -> Entity:
        """Whoever is found for the first time must still have the value when it is written: the field is looked at as if it were
        managed, and what stands there is what is wished."""
        assert wish.sought is not None
        actual, field = self._by_key.get(key), wish.sought.field
        if actual is None or wish.managed is None or field in wish.managed or self._known(wish):
            return wish
        at = self._kind.index(field)
        values = (*wish.values[:at], actual.values[at], *wish.values[at + 1 :])
        return msgspec.structs.replace(wish, values=values, managed=(*wish.managed, field))

    def _still(self, wish: Entity, text: str, actual: Actual, holders: Sequence[Actual]) -> str:
        """Once found it stays so, whatever somebody writes into the field at the target; that is told."""
        assert wish.sought is not None
        held, title = _folded(actual.values[self._kind.index(wish.sought.field)], wish.sought), self._title(wish.sought)
        managed = wish.managed is None or wish.sought.field in wish.managed
        others = [holder for holder in holders if holder is not actual]
        if others or (text and held != text and not managed):
            where = f"; {self._names(others)} {'holds' if len(others) == 1 else 'hold'} the one of the record" if others else ""
            message = f"{who(self._kind, actual)} goes on being the one that was found, although its {title} has changed{where}"
            if held == text:
                message = f"{who(self._kind, actual)} goes on being the one that was found, although not alone{where}"
            hint = "put the field right at the target; it is looked for anew once that entry is gone there"
            self._tell(wish, "value-moved", message, hint, key=actual.key)
        return actual.key

    def _by_own_key(self, wish: Entity, text: str, actual: Actual, holders: Sequence[Actual]) -> str | Refusal:
        assert wish.sought is not None
        title, name = self._title(wish.sought), who(self._kind, actual)
        if others := [holder for holder in holders if holder is not actual]:
            reason = f"its key is that of {name}, but its {title} is with {self._names(others)}; put one of the two right"
            return self._refuse(wish, "found-elsewhere", reason)
        held = _folded(actual.values[self._kind.index(wish.sought.field)], wish.sought)
        if held and held != text:
            reason = f"its key is that of {name}, who has another {title}; put one of the two right"
            return self._refuse(wish, "another-value", reason)
        return actual.key

    def _by_value(self, wish: Entity, text: str, holders: Sequence[Actual]) -> str | Refusal:
        assert wish.sought is not None
        title = self._title(wish.sought)
        if not text:
            reason = f"the record has no value for the {title} that it is to be found by; give it one"
            return self._refuse(wish, "nothing-to-find-by", reason)
        if len(holders) > 1:
            reason = f"{self._names(holders)} have its {title}, so it cannot be told who is meant; leave it with one of them"
            return self._refuse(wish, "found-several", reason)
        if holders:
            return holders[0].key
        if not wish.only_existing and not wish.key:
            reason = f"nobody at the target has the {title} of this record, and it has no key to be made under; give it one"
            return self._refuse(wish, "no-key", reason)
        if not wish.only_existing:
            return wish.key
        word = self._kind.title or self._kind.name
        message = f"no {word} at the target has the {title} of this record; only what is already there is managed"
        self._tell(wish, "not-there", message, f"write it into the {word}'s {title} at the target, or look at the record")
        return ""

    def _known(self, wish: Entity) -> list[Actual]:
        """What is still there of what this record was found as, or made, before."""
        places = self._remembered.get(_record(wish), ()) if wish.provenance else ()
        found = (self._by_remote_id.get(remote_id) if remote_id else self._by_token.get(key) for key, remote_id in places)
        return [actual for actual in found if actual is not None]

    def _holders(self, sought: Sought, text: str) -> Sequence[Actual]:
        if not text:
            return ()
        place = (sought.field, sought.ignore_case)
        if place not in self._indexes:
            at, index = self._kind.index(sought.field), self._indexes.setdefault(place, defaultdict(list))
            for actual in self._there:
                index[_folded(actual.values[at], sought)].append(actual)
        return self._indexes[place].get(text, ())

    # -- words ---------------------------------------------------------------------------------------------------------------

    def _refuse(self, wish: Entity, code: str, message: str) -> Refusal:
        """Without a key: whoever has the record's own key may be somebody else, and must not be held because of it."""
        record = wish.provenance.records[0] if wish.provenance and wish.provenance.records else None
        return Refusal(self._kind.name, None, code, message, record, wish.provenance, wish.label)

    def _tell(self, wish: Entity, code: str, message: str, hint: str, key: str = "") -> None:
        place = str(wish.provenance.records[0]) if wish.provenance and wish.provenance.records else ""
        token = self._target.marks.token(self._kind, key) if key else ""
        self._target.notice(
            Verdict.SKIPPED, code, message, kind=self._kind.name, key=token, label=wish.label, hint=hint, place=place
        )

    def _title(self, sought: Sought) -> str:
        return title_of(self._kind.fields[self._kind.index(sought.field)])

    def _called(self, key: str) -> str:
        return who(self._kind, self._by_key[key]) if key in self._by_key else f"one new {self._kind.title or self._kind.name}"

    def _names(self, actuals: Sequence[Actual]) -> str:
        shown = [who(self._kind, actual) for actual in actuals[:3]]
        return " and ".join(shown) + (f" and {len(actuals) - 3} more" if len(actuals) > 3 else "")


def _claimed_values(wishes: Sequence[Entity]) -> Mapping[tuple[str, str], int]:
    """How many records claim each value of a field."""
    claims: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for wish in wishes:
        if wish.sought is not None:
            claims[wish.sought.field, _folded(wish.sought.value, wish.sought)].add(_record(wish))
    return {place: len(records) for place, records in claims.items()}
