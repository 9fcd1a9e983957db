"""A dump as CSV, JSON, JSON lines or YAML, written as it comes: memory holds a page.

What is not all must not look whole: JSON is closed, and the last line of JSON lines and of YAML is written, only after the last
entity. CSV has no such sign; there the exit code tells, and ``--out`` gives the file its name only when it is all.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from controller.cli.show.documents import FORMAT
from controller.cli.talk import plain
from controller.engine.intake.dumping import Row
from controller.model.entity import EntityKind, Field
from controller.model.period import Period

Emit = Callable[[str], None]
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # OWASP: CSV injection


@dataclass(frozen=True)
class Head:
    """What a dump is of."""

    resource: str
    identity: str
    kinds: tuple[EntityKind, ...]


class Form(Protocol):
    """One way to write a dump; ``end`` is called only when everything was written."""

    def begin(self, head: Head) -> None: ...

    def rows(self, rows: Iterable[Row]) -> None: ...

    def end(self) -> None: ...


def as_document(head: Head, row: Row) -> dict[str, Any]:
    """One entity as JSON and YAML tell it: empty words and values that there are none of are left out."""
    kind = next(kind for kind in head.kinds if kind.name == row.kind)
    words = {name: getattr(row, name) for name in ("kind", "key", "subject", "guard", "place", "problem") if getattr(row, name)}
    pairs = zip(kind.fields, row.values, strict=True)
    fields = {one.name: msgspec.to_builtins(value) for one, value in pairs if value is not None}
    return {**words, "fields": fields} if not row.problem else words


@dataclass
class Json:
    """One document. ``complete`` and ``count`` stand at its end."""

    emit: Emit
    head: Head | None = None
    count: int = 0

    def begin(self, head: Head) -> None:
        self.head = head
        opening = {"format": FORMAT, "resource": head.resource, "identity": head.identity}
        self.emit(json.dumps(opening, ensure_ascii=False)[:-1] + ', "entities": [\n')

    def rows(self, rows: Iterable[Row]) -> None:
        assert self.head is not None
        parts = []
        for row in rows:
            lead = ", " if self.count else "  "
            parts.append(lead + json.dumps(as_document(self.head, row), ensure_ascii=False) + "\n")
            self.count += 1
        self.emit("".join(parts))

    def end(self) -> None:
        self.emit(f'], "count": {self.count}, "complete": true}}\n')


@dataclass
class JsonLines:
    """A line per entity; the last one is ``{"complete": true, "count": ...}``."""

    emit: Emit
    head: Head | None = None
    count: int = 0

    def begin(self, head: Head) -> None:
        self.head = head

    def rows(self, rows: Iterable[Row]) -> None:
        assert self.head is not None
        lines = [json.dumps(as_document(self.head, row), ensure_ascii=False) + "\n" for row in rows]
        self.count += len(lines)
        self.emit("".join(lines))

    def end(self) -> None:
        self.emit(json.dumps({"complete": True, "count": self.count}) + "\n")


@dataclass
class Yaml:
    """A mapping whose entities stand in braces, a line each: JSON is YAML."""

    emit: Emit
    head: Head | None = None
    count: int = 0

    def begin(self, head: Head) -> None:
        self.head = head
        words = {"format": FORMAT, "resource": head.resource, "identity": head.identity}
        self.emit("".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in words.items()) + "entities:\n")

    def rows(self, rows: Iterable[Row]) -> None:
        assert self.head is not None
        lines = ["  - " + json.dumps(as_document(self.head, row), ensure_ascii=False) + "\n" for row in rows]
        self.count += len(lines)
        self.emit("".join(lines))

    def end(self) -> None:
        self.emit(("" if self.count else "  []\n") + f"count: {self.count}\ncomplete: true\n")


# -- csv ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Csv:
    """A line per entity, the fields of all kinds side by side. Cells that a spreadsheet would take for a formula begin with an
    apostrophe, and control characters are question marks: people open such files by double-click."""

    emit: Emit
    places: Mapping[str, Sequence[int]] = field(default_factory=dict)
    kinds: Mapping[str, EntityKind] = field(default_factory=dict)
    lead: tuple[str, ...] = ()
    width: int = 0

    def begin(self, head: Head) -> None:
        records = head.resource.startswith("Source/")
        self.lead = ("kind", "key", "place", "problem") if records else ("kind", "key", "subject", "guard")
        self.kinds = {kind.name: kind for kind in head.kinds}
        columns = list(dict.fromkeys(name for kind in head.kinds for one in kind.fields for name in _columns(one)))
        index = {name: number for number, name in enumerate(columns)}
        self.places = {k.name: [index[name] for one in k.fields for name in _columns(one)] for k in head.kinds}
        self.width = len(columns)
        named = [f"field_{name}" if name in self.lead else name for name in columns]
        self._write([[*self.lead, *named]])

    def rows(self, rows: Iterable[Row]) -> None:
        self._write(self._line(row) for row in rows)

    def end(self) -> None:
        """Nothing: a CSV file has no end."""

    def _line(self, row: Row) -> list[str]:
        cells = [""] * self.width
        texts = [text for one, value in zip(self.kinds[row.kind].fields, row.values, strict=True) for text in _texts(one, value)]
        for place, text in zip(self.places[row.kind], texts, strict=True):
            cells[place] = text
        return [guarded(cell) for cell in (*(getattr(row, name) for name in self.lead), *cells)]

    def _write(self, lines: Iterable[Sequence[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        self.emit(text.getvalue())


def guarded(cell: str) -> str:
    """The cell as no spreadsheet computes it."""
    return plain(f"'{cell}" if cell.lstrip(" ").startswith(_RISKY) else cell)


def _columns(one: Field) -> tuple[str, ...]:
    return (f"{one.name}_from", f"{one.name}_until") if one.type is Period else (one.name,)


def _texts(one: Field, value: Any) -> tuple[str, ...]:
    """The cells of one value. A period that is open at both ends says so: empty cells would mean that there is none."""
    if one.type is Period:
        if not isinstance(value, Period):
            return ("", "") if value is None else (str(value), str(value))
        return ("for ever", "for ever") if value.permanent else (value.begin, value.end)
    if value is None:
        return ("",)
    if one.show is not None and not isinstance(value, str):
        return (one.show(value),)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, tuple | list):
        return (";".join(map(str, value)),)
    return (value.isoformat() if hasattr(value, "isoformat") else str(value),)


FORMS: Mapping[str, Callable[[Emit], Form]] = {"csv": Csv, "json": Json, "json-lines": JsonLines, "yaml": Yaml}
