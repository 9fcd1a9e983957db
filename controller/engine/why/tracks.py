"""The way of each record through one resource: what its mapping says to it, and what it makes or would make."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from controller.engine.judging.kinds import provider_of
from controller.engine.marks import Marks
from controller.engine.wishes.gather import Row, SourceRead, place_of, selector_of
from controller.engine.wishes.select import JoinTable, NotSelected, Selection
from controller.engine.world import zone_of
from controller.model.entity import Entity, Refusal
from controller.model.record import Record, RecordRef
from controller.sdk.provider import Selected, Wish
from controller.spec.resource import Mapped, Resource


@dataclass(frozen=True)
class Track:
    """One record under one mapping. ``lent`` is the record with what joins lend (None: the row could not be read), ``made`` what it
    makes; where it is not selected, what it would make if it were."""

    mapped: Mapped
    row: Row
    selection: Selection
    lent: Selected | None
    made: tuple[Wish, ...]

    @property
    def selected(self) -> bool:
        return isinstance(self.selection, Selected)

    @property
    def refs(self) -> tuple[RecordRef, ...]:
        if self.lent is not None:
            return self.lent.refs
        return self.selection.refs

    @property
    def stopped(self) -> NotSelected | None:
        return self.selection if isinstance(self.selection, NotSelected) else None

    def is_of(self, source: str, key: str) -> bool:
        """Whether this is the way of that record, or of one that draws on it."""
        own = self.mapped.mapping.from_ == source and self.row.key == key
        return own or any((ref.source, ref.key) == (source, key) for ref in self.refs)

    @property
    def looks_for(self) -> bool:
        """Whether only a look at the target tells whom it means."""
        return self.selected and any(isinstance(wish, Entity) and wish.sought is not None for wish in self.made)

    def would_be(self, kind: str, key: str) -> bool:
        """Whether this is the key under which it is made when nobody is found."""
        return any(isinstance(w, Entity) and w.sought is not None and (w.kind, w.key) == (kind, key) for w in self.made)

    def found_as(self, kind: str, key: str) -> Track:
        """The same with what it looks for at the target found under this key."""
        made = (replace(w, key=key, sought=None) if isinstance(w, Entity) and w.sought and w.kind == kind else w for w in self.made)
        return dataclasses.replace(self, made=tuple(made))

    def wish(self, kind: str, token: str, marks: Marks, resource: Resource) -> Wish | None:
        """What it makes, or would make, under this key (a token where keys are sensitive). What is looked for has no key yet."""
        return next((w for w in self.named if w.kind == kind and _is(w, token, marks, resource)), None)

    @property
    def named(self) -> list[Wish]:
        """What it makes whose key is known without looking."""
        return [w for w in self.made if w.key and not (isinstance(w, Entity) and w.sought)]


def _is(wish: Wish, token: str, marks: Marks, resource: Resource) -> bool:
    kind = provider_of(resource).kind_of(wish.kind)
    return wish.key is not None and marks.token(kind, wish.key) == token


def tracks(resource: Resource, reads: Mapping[str, SourceRead], joins: dict[str, JoinTable]) -> Iterator[Track]:
    """Every record of every mapping of a resource whose sources could be read, in order."""
    for mapped in resource.mappings:
        names = (mapped.mapping.from_, *(match.source for match in mapped.mapping.match))
        if not any(reads[name].failed for name in names):
            yield from _of_mapping(resource, mapped, reads, joins)


def _of_mapping(
    resource: Resource, mapped: Mapped, reads: Mapping[str, SourceRead], joins: dict[str, JoinTable]
) -> Iterator[Track]:
    rows, selector = reads[mapped.mapping.from_].rows, selector_of(resource, mapped, reads, joins)
    ways: list[tuple[Row, Selection, Selected | None]] = []
    for row, selection in zip(rows, selector.select_all(rows), strict=True):
        lent = selection if isinstance(selection, Selected) else selector.follow(row) if isinstance(row, Record) else None
        ways.append((row, selection, lent))
    made = _made(resource, mapped, (lent for _, _, lent in ways if lent is not None))
    for row, selection, lent in ways:
        yield Track(mapped, row, selection, lent, tuple(made.get(lent.refs[0], ())) if lent is not None else ())


def _made(resource: Resource, mapped: Mapped, selected: Iterable[Selected]) -> Mapping[RecordRef, list[Wish]]:
    """What the provider makes of these records, by the record at its beginning."""
    by_record: dict[RecordRef, list[Wish]] = defaultdict(list)
    for wish in provider_of(resource).desired(mapped.mapping, selected, zone_of(resource), place_of(mapped)):
        record = wish.record if isinstance(wish, Refusal) else None
        record = record or (wish.provenance.records[0] if wish.provenance and wish.provenance.records else None)
        if record is not None:
            by_record[record].append(wish)
    return by_record
