"""The desired side of a plan, built once per distinct mapping and shared by every target that has the same one.

A key that two records claim, and a record that cannot be followed, are *held*: neither granted nor revoked.
"""

from __future__ import annotations

import gc
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from controller.model.entity import Entity, Facts, Provenance, Refusal
from controller.model.record import RecordRef
from controller.sdk.provider import TargetProvider, Wish


@dataclass
class DesiredSet:
    """What a target must look like. ``entities`` by kind and key; ``held`` the keys that stay as they are, with the reason.

    ``held_records`` hold back what these records made earlier although nobody can tell its key any more. ``hold_all`` are
    reasons for which nothing at all may be removed. ``claims`` are the records behind what is held. ``sought`` are wishes by kind
    whose key only a look at the target tells; once it has told, they are among the others. ``failed`` is set when a source could
    not be read: then nothing is known.
    """

    entities: dict[str, dict[str, Entity]] = field(default_factory=lambda: defaultdict(dict))
    sought: dict[str, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    held: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    held_records: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    hold_all: list[str] = field(default_factory=list)
    loose: list[Refusal] = field(default_factory=list)
    claims: dict[tuple[str, str], tuple[RecordRef, ...]] = field(default_factory=dict)
    failed: str = ""
    hint: str = ""

    def add(self, wish: Wish) -> None:
        if isinstance(wish, Refusal):
            self._hold(wish)
            return
        if wish.sought is not None:
            self.sought[wish.kind].append(wish)
            return
        place = (wish.kind, wish.key)
        if place in self.held:
            self.hold_records(wish, self.held[place])
            return
        known = self.entities[wish.kind].setdefault(wish.key, wish)
        if known is not wish:
            self._meet_twin(known, wish)

    def _meet_twin(self, known: Entity, wish: Entity) -> None:
        """Two that wish the same are one, with the records of both behind it; two that differ are none."""
        if (known.values, known.subject) == (wish.values, wish.subject):
            self.entities[wish.kind][wish.key] = _merged(known, wish)
            return
        del self.entities[wish.kind][wish.key]
        refusal = _claimed_twice(known, wish)
        self._hold(refusal)
        self.hold_records(known, refusal)
        self.hold_records(wish, refusal)

    def _hold(self, refusal: Refusal) -> None:
        if refusal.key is not None:
            self.held.setdefault((refusal.kind, refusal.key), refusal)
            popped = self.entities[refusal.kind].pop(refusal.key, None)
            self._claim((refusal.kind, refusal.key), (*(_records(popped) if popped else ()), *_records(refusal)))
        elif refusal not in self.loose[-1:]:  # what concerns the whole target is said once, not for every record
            self.loose.append(refusal)
        if refusal.record is not None:
            self.held_records.setdefault((refusal.record.source, refusal.record.key), refusal)
        elif refusal.key is None and refusal.message not in self.hold_all[-1:]:
            self.hold_all.append(refusal.message)

    def hold_records(self, wish: Entity, refusal: Refusal) -> None:
        """Also what the records behind a held wish made earlier, under whatever key, stays as it is."""
        self._claim((wish.kind, wish.key), _records(wish))
        for record in _records(wish):
            self.held_records.setdefault((record.source, record.key), refusal)

    def _claim(self, place: tuple[str, str], records: tuple[RecordRef, ...]) -> None:
        self.claims[place] = tuple(dict.fromkeys((*self.claims.get(place, ()), *records)))

    def without_entities(self) -> DesiredSet:
        """The same with nothing wished for: what is held is copied, so that the copy may hold more."""
        return DesiredSet(
            held=dict(self.held),
            held_records=dict(self.held_records),
            hold_all=list(self.hold_all),
            loose=list(self.loose),
            claims=dict(self.claims),
            failed=self.failed,
            hint=self.hint,
        )

    def records(self, kind: str, key: str) -> tuple[RecordRef, ...]:
        """The records behind what is wished for this key, or behind what is held there."""
        wish = self.entities[kind].get(key) if kind in self.entities else None
        return _records(wish) if wish else self.claims.get((kind, key), ())

    @cached_property
    def origins(self) -> bytes:
        """A digest of which records stand behind which keys, once per set: many targets share it. Sensitive keys are in it."""
        parts: list[str] = []
        for kind in sorted(self.entities):
            wishes = self.entities[kind]
            parts.append(kind)
            for key in sorted(wishes):
                parts.append(key)
                if origin := wishes[key].provenance:
                    for record in origin.records:
                        parts += (record.source, record.key)
        for place in sorted(self.claims):
            parts += place
            for record in self.claims[place]:
                parts += (record.source, record.key)
        return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()

    @property
    def held_subjects(self) -> frozenset[str]:
        return frozenset(key for _, key in self.held)

    def count(self, kinds: Iterable[str]) -> int:
        return sum(len(self.entities.get(kind, ())) for kind in kinds)


def _records(wish: Wish) -> tuple[RecordRef, ...]:
    if wish.provenance:
        return wish.provenance.records
    return (wish.record,) if isinstance(wish, Refusal) and wish.record else ()


def _merged(known: Entity, wish: Entity) -> Entity:
    behind = {(record.source, record.key) for record in _records(known)}
    further = tuple(record for record in _records(wish) if (record.source, record.key) not in behind)
    if not further:
        return known
    spec = known.provenance.spec if known.provenance else ""
    return msgspec.structs.replace(known, provenance=Provenance(spec, (*_records(known), *further)))


def _claimed_twice(one: Entity, two: Entity) -> Refusal:
    who = " and ".join(str(record) for record in (*_records(one)[:1], *_records(two)[:1]))
    what = f"one {one.kind}" if one.subject else f"{one.kind} {one.key}"  # the key of what hangs on somebody may be a card number
    message = f"two records claim {what}" + (f": {who}" if who else "") + "; it stays as it is until only one does"
    return Refusal(
        one.kind, one.key, "claimed-twice", message, provenance=two.provenance, label=one.label,
        subject=one.subject if one.subject == two.subject else "",
    )  # fmt: skip


@contextmanager
def uncollected() -> Iterator[None]:
    """Builds many values at once without the cycle collector: wishes hold no cycles, and it would walk over all of them again and
    again. Only around work that does not wait: what others make meanwhile would stay uncollected, too."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Fitted:
    """Desired sets as each sort of target can hold them: made once per set and per ``facts.limits``."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, Any], DesiredSet] = {}

    def of(self, desired: DesiredSet, provider: TargetProvider, facts: Facts) -> DesiredSet:
        place = (id(desired), facts.limits)
        if place not in self._made:
            with uncollected():
                self._made[place] = fit_all(desired, provider, facts)
        return self._made[place]


def fit_all(desired: DesiredSet, provider: TargetProvider, facts: Facts) -> DesiredSet:
    """What fits, and what does not as refusals; a dependent of something that does not fit is held with it."""
    fitted = desired.without_entities()
    for kind in provider.kinds:
        fit = provider.fit
        made = fitted.entities[kind.name]
        for key, entity in desired.entities.get(kind.name, {}).items():
            wish = fit(entity, facts)
            if isinstance(wish, Entity):
                made[key] = wish
            else:
                wish = msgspec.structs.replace(wish, subject=wish.subject or entity.subject, label=wish.label or entity.label)
                fitted.add(wish)
                fitted.hold_records(entity, wish)
        for entity in desired.sought.get(kind.name, ()):
            fitted.add(fit(entity, facts))
    _hold_orphans(fitted, provider)
    return fitted


def _hold_orphans(fitted: DesiredSet, provider: TargetProvider) -> None:
    for kind in provider.kinds:
        for parent in kind.after:
            orphans = [e for e in fitted.entities[kind.name].values() if (parent, e.subject) in fitted.held]
            for orphan in orphans:
                reason = fitted.held[parent, orphan.subject]
                fitted.add(
                    Refusal(
                        kind.name, orphan.key, reason.code, reason.message, provenance=orphan.provenance, label=orphan.label,
                        subject=orphan.subject,
                    )
                )  # fmt: skip
