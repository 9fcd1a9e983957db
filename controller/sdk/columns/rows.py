"""One row to one record. A row with a cell that cannot be read becomes Unreadable under its key; the other rows go on.

A key that two rows share makes all of them unreadable, because nobody can tell which one is meant; so a source hands its
records out only after all its rows were seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from controller.model.record import FieldType, Record, Unreadable, Value
from controller.sdk.columns.cells import Read, cell_reader
from controller.sdk.columns.words import RowsConfig, file_sensitive
from controller.sdk.template import compile_template, missing_fields, nearest, template_fields


class Cell(NamedTuple):
    """One field of a row: where it comes from, how it is read, whether its value may stand in a message (``sensitive``), whether
    an absent one has a default (``filled``), and whether it is a text as it stands (``plain``)."""

    field: str
    column: str
    read: Read
    sensitive: bool
    filled: bool
    plain: bool


def missing_columns(config: RowsConfig, columns: Iterable[str]) -> str:
    """What is wrong when mapped columns, or the key's, are not among these; empty when all is there.

    A column with a default is as required as any other: a misspelt name must not turn every row into the default.
    """
    there = list(columns)
    wanted = {column.column or field: field for field, column in config.map.items() if not column.optional}
    for name in sorted(template_fields((config.key_template,)) - config.map.keys()):
        wanted.setdefault(name, name)
    parts = []
    for name, field in wanted.items():
        if name not in there:
            close = nearest(name, there)
            parts.append(f"no column {name!r} for {field}" + (f" (did you mean {close!r}?)" if close else ""))
    return "; ".join(parts)


class RowReader:
    """Reads rows of one layout. ``get`` of a row and a column gives the raw cell."""

    def __init__(self, config: RowsConfig, columns: Sequence[str] | None = None) -> None:
        """``columns`` None: any column may be there (JSON), so every canonical field is looked for."""
        self._template = (config.key_template,)
        self._key = compile_template(self._template)
        self.cells = tuple(_cells(config, columns))

    def read(self, values: Iterable[Any], place: str) -> Record | Unreadable:
        """``values`` are the raw cells in the order of ``cells``."""
        fields: dict[str, Value] = {}
        bad: list[str] = []
        for cell, raw in zip(self.cells, values, strict=True):
            if raw is None and not cell[4]:  # filled; by place, because this runs for every cell
                continue
            if cell[5] and type(raw) is str and (text := raw.strip()):  # plain, as most are: its reader would say the same
                fields[cell[0]] = text if text.isascii() else unicodedata.normalize("NFC", text)
                continue
            try:
                value = cell[2](raw)
            except ValueError as problem:
                shown = "its value" if cell.sensitive or isinstance(raw, dict | list) else repr(raw)[:60]
                bad.append(f"{cell.column}: {shown} {problem}")
            else:
                if value is not None:
                    fields[cell[0]] = value
        key = self._key(fields)
        if bad:
            return Unreadable(key, "cell-unreadable", "; ".join(bad), place)
        if key is None:
            lacking = " and ".join(missing_fields(self._template, fields))
            return Unreadable(None, "key-missing", f"{lacking} is empty, so nobody can tell whose row it is", place)
        return Record(key, fields, place)


def _cells(config: RowsConfig, columns: Sequence[str] | None) -> Iterable[Cell]:
    hidden = file_sensitive(config)
    for field, column in config.map.items():
        declared = config.type_of(field)
        reader = cell_reader(declared, column)
        if columns is None or (column.column or field) in columns:
            plain = declared is FieldType.STRING
            yield Cell(field, column.column or field, reader, field in hidden, column.default is not None, plain)
    for field, kind in config.record_type.fields.items():
        if field not in config.map and (columns is None or field in columns):
            yield Cell(field, field, cell_reader(kind), field in hidden, False, kind is FieldType.STRING)


def hold_duplicates(rows: Sequence[Record | Unreadable]) -> list[Record | Unreadable]:
    """The same rows, those that share a key made unreadable, each naming the others."""
    first: dict[str, Record | Unreadable] = {}
    shared: dict[str, list[str]] = {}
    for row in rows:
        if row.key is not None and first.setdefault(row.key, row) is not row:
            shared.setdefault(row.key, [first[row.key].place]).append(row.place)
    return list(rows) if not shared else [_refuse_shared(row, shared) for row in rows]


def _refuse_shared(row: Record | Unreadable, shared: dict[str, list[str]]) -> Record | Unreadable:
    if row.key is None or row.key not in shared or isinstance(row, Unreadable):
        return row
    others = [place for place in shared[row.key] if place != row.place]
    named = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return Unreadable(row.key, "duplicate-key", f"its key {row.key!r} stands in {named} as well", row.place)


def row_notes(rows: Sequence[Record | Unreadable], size: int) -> tuple[str, ...]:
    """What ``trueup test`` tells of a document: how many rows, how many of them unreadable, how large."""
    bad = sum(isinstance(row, Unreadable) for row in rows)
    return (f"{len(rows):,} rows" + (f", {bad:,} of them unreadable" if bad else ""), f"{size:,} bytes")
