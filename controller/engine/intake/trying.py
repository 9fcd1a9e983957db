"""Rows tried before they are written: read as a file is, made into wishes, fitted, and held against what stands there. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from controller.model.entity import Actual, Entity, Facts, Refusal
from controller.model.record import Record, RecordRef
from controller.sdk.columns import FileConfig, RowReader
from controller.sdk.provider import Selected, TargetProvider, Wish
from controller.sdk.transcript import Transcript

_SOURCE = "records"


@dataclass(frozen=True)
class Row:
    """One subject with what hangs on it, and its transcript."""

    actual: Actual
    hanging: tuple[Actual, ...]
    transcript: Transcript

    def cells(self, columns: Sequence[str]) -> tuple[str, ...]:
        cells = {self.transcript.key_field: self.actual.key, **self.transcript.cells}
        return tuple(value if isinstance(value := cells.get(name, ""), str) else ",".join(value) for name in columns)


@dataclass(frozen=True)
class Trial:
    """At one target: what it can hold, and the zone of its times."""

    provider: TargetProvider
    facts: Facts
    zone: ZoneInfo | None

    def run(self, rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
        """Rows of one item, each with why it would not come out as it stands; empty when it does."""
        transcript = rows[0].transcript
        columns = tuple(dict.fromkeys((transcript.key_field, *(name for row in rows for name in row.transcript.cells))))
        reader = RowReader(FileConfig(path=_SOURCE, key=transcript.key_field), columns)
        read = {row.actual.key: reader.read(self._raw(reader, row), row.actual.key) for row in rows}
        wishes = self._wishes(transcript, [record for record in read.values() if isinstance(record, Record)])
        for row in rows:
            record = read[row.actual.key]
            yield row, self._trouble(row, wishes.get(record.key, [])) if isinstance(record, Record) else record.message

    def _raw(self, reader: RowReader, row: Row) -> list[str]:
        return list(row.cells([cell.column for cell in reader.cells]))

    def _wishes(self, transcript: Transcript, records: Sequence[Record]) -> Mapping[str, list[Wish]]:
        mapping = self.provider.sections[transcript.section].model_validate({"from": _SOURCE, **transcript.words})
        selected = [Selected(record.fields, (RecordRef(_SOURCE, record.key),)) for record in records]
        found: dict[str, list[Wish]] = defaultdict(list)
        for wish in self.provider.desired(mapping, selected, self.zone, ""):
            origin = wish.provenance
            if origin is not None and origin.records:
                found[origin.records[0].key].append(self.provider.fit(wish, self.facts) if isinstance(wish, Entity) else wish)
        return found

    def _trouble(self, row: Row, wishes: Sequence[Wish]) -> str:
        for wish in wishes:
            if isinstance(wish, Refusal):
                return wish.message
        made = {(wish.kind, wish.key): wish for wish in wishes if isinstance(wish, Entity)}
        there = [row.actual, *row.hanging]
        if len(made) != len(there):
            return "its records would make something else"
        for actual, wish in zip(there, made.values(), strict=True):
            if wish.key != actual.key:
                return "its key cannot be declared as it stands"
            if other := self._differing(wish, actual):
                return f"its {' and '.join(other)} cannot be declared as it stands"
        return ""

    def _differing(self, wish: Entity, actual: Actual) -> list[str]:
        pairs: Any = zip(self.provider.kind_of(wish.kind).fields, wish.values, actual.values, strict=True)
        managed = None if wish.managed is None else frozenset(wish.managed)
        return [f.title or f.name for f, a, b in pairs if a != b and (managed is None or f.name in managed)]
