"""Which records of a source become subjects of a resource: what joins lend them, what ``where`` says, and who is held.

A record that ``where`` plainly answers with *no* is absent, and what it once made may be removed. Everything that is unclear
(an unknown answer, a join that finds nobody or several, an unreadable row) is held: neither granted nor revoked.

Conditions on a record's own fields are asked before the joins and settle a *no* whatever a join would say; conditions on joined
fields are asked after, and never of a record whose join failed (``exists: true`` would call it absent).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.model.record import Record, RecordRef, Unreadable, Value
from controller.sdk.mapping import Match, SubjectMapping
from controller.sdk.provider import Selected
from controller.sdk.template import Fill, compile_template, missing_fields, render, template_fields
from controller.sdk.where import NO, YES, Answer, compile_where, describe, where_fields


class NotSelected(msgspec.Struct, frozen=True):
    """A record that makes nothing. ``held``: what it made earlier stays as it is; otherwise it may be removed.

    ``refs`` are the record and the partners that its joins found; empty when nobody can tell whose row it is, and then
    everything this mapping made is held. Codes: filtered, filter-unknown, join-value-missing, join-no-partner, join-ambiguous,
    join-shared, and those of unreadable rows.
    """

    code: str
    message: str
    held: bool
    refs: tuple[RecordRef, ...] = ()
    place: str = ""

    @property
    def holds_everything(self) -> bool:
        return self.held and not self.refs


Selection = Selected | NotSelected


# -- joins -------------------------------------------------------------------------------------------------------------------


@dataclass
class JoinTable:
    """Another source's records by the normalised value of one field. Values that several records share are ``ambiguous``."""

    source: str
    by: str
    rows: dict[str, Record] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)  # value -> keys of the records that share it


def join_field(match: Match) -> str:
    """The field of the other source that is looked in. Raises ValueError when ``by`` is missing and ``on`` names several."""
    if match.by:
        return match.by
    names = template_fields(match.on)
    if len(names) != 1:
        raise ValueError(
            f"`by` is missing: `on` names {len(names)} fields, so it is not clear which field of {match.source} to look in"
        )
    return next(iter(names))


def join_name(match: Match) -> str:
    """What tables are shared by: one table serves every match with the same source and field."""
    return f"{match.source}.{join_field(match)}"


def build_join(match: Match, records: Iterable[Record | Unreadable]) -> JoinTable:
    """The table for a match; a list field is found by each of its items. Unreadable rows are nobody's partner, so that who
    looks for one finds none and is held."""
    table = JoinTable(match.source, join_field(match))
    for record in records:
        if isinstance(record, Record):
            for value in dict.fromkeys(_values(record.fields.get(table.by))):
                _enter(table, value, record)
    return table


def _values(value: Value) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else (value,):
        text = fold(render(item))
        if text:
            yield text


def _enter(table: JoinTable, value: str, record: Record) -> None:
    if value in table.ambiguous:
        table.ambiguous[value].append(record.key)
    elif value in table.rows:
        table.ambiguous[value] = [table.rows.pop(value).key, record.key]
    else:
        table.rows[value] = record


def fold(text: str) -> str:
    """How join values are compared: without outer blanks, without case, in NFC."""
    text = text.strip()
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@dataclass(frozen=True)
class _Step:
    """One match, ready to run."""

    match: Match
    fill: Fill
    table: JoinTable


# -- selecting ---------------------------------------------------------------------------------------------------------------


class Selector:
    """One mapping's choice among the records of its source. Pure; holds no record."""

    def __init__(
        self, mapping: SubjectMapping, joins: Mapping[str, JoinTable], source_name: str, zone: ZoneInfo | None = None
    ) -> None:
        """``joins`` by ``join_name``. Templates and filter must have been checked; ``zone`` is the site's, for times in filters."""
        self._source = source_name
        self._steps = tuple(_Step(m, compile_template(m.on), joins[join_name(m)]) for m in mapping.match)
        taken = frozenset(name for m in mapping.match for name in m.take)
        own, joined = _split(mapping.where, taken)
        self._own = compile_where(own, zone) if own else None
        self._joined = compile_where(joined, zone) if joined else None
        self._filtered = f"left out by the filter: {describe(mapping.where)}"

    def select_all(self, records: Iterable[Record | Unreadable]) -> Iterator[Selection]:
        """Every record's selection, in order. Without joins this streams; with joins it looks at all of them first, because
        records that find the same partner (two persons with one e-mail address) are held, all of them."""
        if not self._steps:
            yield from map(self.select, records)
            return
        selections = [self.select(record) for record in records]
        partners = Counter(ref for selection in selections if _may_exist(selection) for ref in selection.refs[1:])
        for selection in selections:
            yield _hold_shared(selection, partners) if _may_exist(selection) else selection

    def select(self, record: Record | Unreadable) -> Selection:
        """One record's selection; it cannot know of others that find the same partner."""
        if isinstance(record, Unreadable):
            return self._unreadable(record)
        ref = RecordRef(self._source, record.key, record.place)
        own = YES if self._own is None else self._own(record.fields)
        if own is NO:
            return NotSelected("filtered", self._filtered, False, (ref,), record.place)
        if not self._steps:
            return Selected(record.fields, (ref,), record.notes) if own is YES else self._unknown(own, (ref,))
        return self._select_joined(record, ref, own)

    def follow(self, record: Record) -> Selected:
        """The record with what its joins lend, as far as they reach and whatever the filter says: what could be made of it."""
        return self._lend(record, RecordRef(self._source, record.key, record.place))[0]

    def _select_joined(self, record: Record, ref: RecordRef, own: Answer) -> Selection:
        lent, stopped = self._lend(record, ref)
        if stopped is not None:
            return stopped
        joined = YES if self._joined is None else self._joined(lent.fields)
        if joined is NO:
            return NotSelected("filtered", self._filtered, False, lent.refs, ref.place)
        unknown = own if own is not YES else joined
        return lent if unknown is YES else self._unknown(unknown, lent.refs)

    def _lend(self, record: Record, ref: RecordRef) -> tuple[Selected, NotSelected | None]:
        """The record with the fields of its partners, and what stopped the joins before their end."""
        fields: dict[str, Value] = dict(record.fields)
        refs, stopped = [ref], None
        for step in self._steps:
            partner = self._partner(step, ref, fields)
            if isinstance(partner, NotSelected):
                stopped = partner
                break
            refs.append(RecordRef(step.match.source, partner.key, partner.place))
            for name in step.match.take:
                fields[name] = partner.fields.get(name)
        return Selected(fields, tuple(refs), record.notes), stopped

    def _partner(self, step: _Step, ref: RecordRef, fields: Mapping[str, Value]) -> Record | NotSelected:
        match, table = step.match, step.table
        text = step.fill(fields)
        who = _who(ref)
        consequence = f"so no {' or '.join(match.take)} can be looked up in {match.source}"
        if text is None:
            lacking = " and ".join(missing_fields(match.on, fields)) or table.by
            return _held("join-value-missing", f"{who} has no {lacking}, {consequence}", ref)
        value = fold(text)
        if value in table.rows:
            return table.rows[value]
        if value in table.ambiguous:
            count = len(table.ambiguous[value])
            return _held("join-ambiguous", f"{who}: {count} records of {match.source} have its {table.by}, {consequence}", ref)
        return _held("join-no-partner", f"{who}: no record of {match.source} has its {table.by}, {consequence}", ref)

    def _unknown(self, answer: Answer, refs: tuple[RecordRef, ...]) -> NotSelected:
        message = f"{_who(refs[0])}: it is not clear whether it is meant: {answer.reason}"
        return NotSelected("filter-unknown", message, True, refs, refs[0].place)

    def _unreadable(self, row: Unreadable) -> NotSelected:
        refs = () if row.key is None else (RecordRef(self._source, row.key, row.place),)
        where = f"{self._source}: {row.place or row.key or 'a row'}"
        return NotSelected(row.code, f"{where}: {row.message}", True, refs, row.place)


def _split(where: Mapping[str, Any], taken: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The filter in two: conditions on own fields alone, and those that need a join."""
    own: dict[str, Any] = {}
    joined: dict[str, Any] = {}
    for name, condition in where.items():
        part = {name: condition}
        (joined if where_fields(part) & taken else own).update(part)
    return own, joined


def _may_exist(selection: Selection) -> bool:
    return isinstance(selection, Selected) or selection.held


def _hold_shared(selection: Selection, partners: Counter[RecordRef]) -> Selection:
    shared = next((ref for ref in selection.refs[1:] if partners[ref] > 1), None)
    if shared is None:
        return selection
    ref = selection.refs[0]
    message = f"{_who(ref)} and {partners[shared] - 1} more find the same record of {shared.source} ({shared.place or shared.key})"
    return NotSelected("join-shared", f"{message}; it cannot be told whose it is", True, selection.refs, ref.place)


def _held(code: str, message: str, ref: RecordRef) -> NotSelected:
    return NotSelected(code, message, True, (ref,), ref.place)


def _who(ref: RecordRef) -> str:
    return f"{ref.source}: {ref.place or f'record {ref.key}'}"


__all__ = ["JoinTable", "NotSelected", "Selection", "Selector", "build_join", "fold", "join_field", "join_name"]
