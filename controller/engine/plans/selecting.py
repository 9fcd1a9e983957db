"""What of a judged plan was selected: by address, by kind, by the records behind it. A selection does less, never more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.engine.judging.target import Target
from controller.engine.wishes.picking import Picked, Wording
from controller.engine.world import World
from controller.model.address import Address
from controller.model.change import Change, Notice, Verdict
from controller.model.record import RecordRef
from controller.model.scope import Scope
from controller.spec.resource import Resource

Place = tuple[str, str]  # kind and token


@dataclass(frozen=True)
class Choice:
    """The selection as it applies to one target. ``places`` None: whatever record it is about."""

    scope: Scope
    places: frozenset[Place] | None = None
    records: frozenset[str] = frozenset()  # places of records, as notices name them

    def within(self, changes: Sequence[Change]) -> tuple[list[Change], list[Notice]]:
        """The selected changes that can stand alone. One that waits for something unselected is left out and said."""
        if self.scope.everything:
            return list(changes), []
        chosen: dict[str, Change] = {}
        notices = []
        planned = {change.id for change in changes}
        for change in changes:  # in order, so what it waits for was judged before it
            if not self._covers(change.resource, change.kind, change.key):
                continue
            if all(need in chosen for need in change.after if need in planned):
                chosen[change.id] = change
            else:
                notices.append(_waiting(change))
        return list(chosen.values()), notices

    def tells(self, notice: Notice) -> bool:
        """Whether a notice is about what was selected; what is about the whole target always is."""
        if notice.key:
            return self._covers(notice.resource, notice.kind, notice.key)
        return self.places is None or not notice.kind or notice.place in self.records

    def declared(self, target: Target) -> int:
        """How many subjects of what was selected are declared for it: persons, and what hangs on nobody."""
        covered = [
            wish
            for name, wishes in target.desired.entities.items()
            for wish in wishes.values()
            if self._covers(str(target.address), name, target.marks.token(target.provider.kind_of(name), wish.key))
        ]
        own = {(wish.kind, wish.key) for wish in covered if not wish.subject}
        keys = {key for _, key in own}
        return len(own) + len({wish.subject for wish in covered if wish.subject} - keys)

    def _covers(self, resource: str, kind: str, key: str) -> bool:
        if self.places is not None and (kind, key) not in self.places:
            return False
        return self.scope.covers(Address.parse(resource).of(kind, key))


def _waiting(change: Change) -> Notice:
    message = f"{change.kind} {change.label or change.key} waits for a change that was not selected"
    about = (change.kind, change.key, change.label)
    return Notice(change.resource, Verdict.SKIPPED, "waits-for-unselected", message, *about, subject=change.subject)


async def choice_of(world: World, target: Target, scope: Scope, picked: Picked | None) -> Choice:
    """For one target, once it is judged: what these records make there now, and what they made earlier."""
    if picked is None:
        return Choice(scope)
    places = {(kind, target.marks.token(target.provider.kind_of(kind), key)) for kind, key in _made(target, picked)}
    for source, record in picked.records:
        places |= set(await world.state.inventory.by_record(world.remembered_as(str(target.address)), source, record))
    return Choice(scope, frozenset(places), picked.places)


def _made(target: Target, picked: Picked) -> Iterable[Place]:
    desired = target.desired
    for kind, wishes in desired.entities.items():
        for key, wish in wishes.items():
            if wish.provenance and _any_of(wish.provenance.records, picked):
                yield kind, key
    for place, records in desired.claims.items():
        if _any_of(records, picked):
            yield place


def _any_of(records: Iterable[RecordRef], picked: Picked) -> bool:
    return any((record.source, record.key) in picked.records for record in records)


async def remembered(world: World, resources: Iterable[Resource], asked: Wording) -> frozenset[tuple[str, str]]:
    """Those of the named records that made something on these targets."""
    found = set()
    for resource in resources:
        for source, key in asked.records:
            if await world.state.inventory.by_record(world.remembered_as(resource.address), source, key):
                found.add((source, key))
    return frozenset(found)
