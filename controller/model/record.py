"""Records: the rows that a source yields, of a declared record type, with canonical typed fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

Value: TypeAlias = bool | int | float | str | date | datetime | tuple[str, ...] | None


class FieldType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    STRINGS = "strings"


class RecordType(msgspec.Struct, frozen=True):
    """A named set of fields. Sources may add fields of their own; the canonical ones keep their meaning everywhere."""

    name: str
    fields: Mapping[str, FieldType]
    sensitive: frozenset[str] = frozenset()  # fields whose values are masked in every output


class RecordRef(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where a record came from: the source's name, the record's key in it, and a place a person can look at."""

    source: str
    key: str
    place: str = ""  # "members.csv:17", "member 900001"

    def __str__(self) -> str:
        return f"{self.source}: {self.place or self.key}"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One row. ``key`` is unique within its source; ``fields`` holds canonical values, a missing one is absent or None.

    ``notes`` are things worth telling that stop nothing ("its roles leave a gap in July").
    """

    key: str
    fields: Mapping[str, Value]
    place: str = ""
    notes: tuple[str, ...] = ()


class Unreadable(msgspec.Struct, frozen=True):
    """A row that the source holds but could not make sense of: neither present nor absent.

    Without a ``key`` nobody can tell whom it is about, so nothing fed by this source may be removed.
    """

    key: str | None
    code: str  # kebab-case, stable: "end-before-begin"
    message: str
    place: str = ""


PERSON = RecordType(
    "person",
    {
        "id": FieldType.STRING,
        "email": FieldType.STRING,
        "phone": FieldType.STRING,
        "first_name": FieldType.STRING,
        "last_name": FieldType.STRING,
        "full_name": FieldType.STRING,
        "employee_no": FieldType.STRING,
        "card_no": FieldType.STRING,
        "card_numbers": FieldType.STRINGS,
        "valid_from": FieldType.DATETIME,
        "valid_until": FieldType.DATETIME,
        "active": FieldType.BOOLEAN,
        "roles": FieldType.STRINGS,
        "tags": FieldType.STRINGS,
        "units": FieldType.STRINGS,
    },
    sensitive=frozenset({"card_no", "card_numbers"}),
)
DEVICE = RecordType(
    "device",
    {
        "id": FieldType.STRING,
        "name": FieldType.STRING,
        "url": FieldType.STRING,
        "host": FieldType.STRING,  # name or address, without scheme and port
        "port": FieldType.INTEGER,
        "username": FieldType.STRING,
        "password": FieldType.STRING,
        "serial_number": FieldType.STRING,
        "active": FieldType.BOOLEAN,
        "status": FieldType.STRING,
        "environment": FieldType.STRING,
        "site": FieldType.STRING,
    },
    sensitive=frozenset({"password"}),
)
TABLE = RecordType("table", {})

RECORD_TYPES: Mapping[str, RecordType] = {t.name: t for t in (PERSON, DEVICE, TABLE)}
