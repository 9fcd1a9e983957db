"""The words of a source made of rows: what its rows are, which column is which field, and for a file or a URL where it is.

Only canonical fields and those that ``map`` names are read, so that what a record can hold is known without opening anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from controller.model.record import RECORD_TYPES, FieldType, RecordType
from controller.sdk.columns.cells import cell_reader
from controller.sdk.context import Endpoint
from controller.sdk.mapping import SpecModel
from controller.sdk.provider import Problem
from controller.sdk.reference import Reference, SecretRef, TextOrRef
from controller.sdk.template import check_template, nearest, template_fields

MAX_BYTES = 128 * 1024 * 1024
_BARE_NAME = re.compile(r"[^\W\d]\w*")
_TIMES = frozenset({FieldType.DATE, FieldType.DATETIME})


class Column(SpecModel):
    """Where a field comes from and how it is written there."""

    column: str | None = Field(
        None,
        min_length=1,
        description="Column in the file, or dotted path in JSON; default: the field's own name.",
        examples=["E-post"],
    )
    type: FieldType | None = Field(None, description="Type of the field; default: that of the canonical field, else string.")
    format: str | None = Field(None, description="How dates are written, in strptime's letters.", examples=["%d/%m/%Y"])
    separator: str = Field(",", min_length=1, description="What stands between the items of a list.")
    decimal: Literal[".", ","] = Field(".", description="The decimal sign of numbers.")
    default: str | int | float | bool | None = Field(None, description="Taken where the cell is empty, written as in the file.")
    optional: bool = Field(False, description="The column may be missing altogether; otherwise that stops the source.")
    sensitive: bool = Field(False, description="Masked in every output.")
    yes: tuple[str, ...] = Field(("yes", "ja", "da", "true", "1"), description="Words that mean true, in any case.")
    no: tuple[str, ...] = Field(("no", "nej", "nu", "false", "0"), description="Words that mean false, in any case.")


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class RowsConfig(SpecModel):
    """A source made of rows: what a row is, what identifies it, and which column is which field."""

    record: Literal["person", "device", "table"] = Field(
        "person",
        description="What a row is: a person or a device with the canonical fields, or a table of mapped fields to be joined.",
    )
    key: str | None = Field(
        None, description="Field, or template of fields, that identifies a row; default: id.", examples=["employee_no"]
    )
    map: dict[str, Annotated[Column, BeforeValidator(_column)]] = Field(
        default_factory=dict,
        description="Field: column. A column that has a canonical field's name needs no entry.",
        examples=[{"email": "E-post", "valid_until": {"column": "Slut", "format": "%d/%m/%Y"}}],
    )

    @property
    def record_type(self) -> RecordType:
        return RECORD_TYPES[self.record]

    @property
    def key_template(self) -> str:
        key = self.key or "id"
        return key if "{" in key else f"{{{key}}}"

    def type_of(self, field: str) -> FieldType:
        declared = self.map[field].type if field in self.map else None
        return declared or self.record_type.fields.get(field, FieldType.STRING)


class FileConfig(RowsConfig):
    """Rows in a file or behind a URL."""

    path: str | None = Field(None, description="File, relative to the folder of the spec.", examples=["members.csv"])
    url: str | None = Field(None, description="Address to fetch instead of a file.", examples=["https://intranet/members.csv"])
    username: TextOrRef | None = Field(None, description="User name for the URL (Basic).", examples=["trueup"])
    password: SecretRef | None = Field(None, description="Password for the URL (Basic).", examples=[{"env": "MEMBERS_PASSWORD"}])
    headers: dict[str, str | Reference] = Field(
        default_factory=dict,
        description="Headers sent to the URL; a value that is secret is a reference.",
        examples=[{"X-Api-Key": {"env": "MEMBERS_KEY"}}],
    )


def file_fields(config: RowsConfig) -> Mapping[str, FieldType]:
    """Every field that a record can have: the canonical ones and the mapped ones."""
    return {name: config.type_of(name) for name in (*config.record_type.fields, *config.map)}


def file_sensitive(config: RowsConfig) -> frozenset[str]:
    return config.record_type.sensitive | {name for name, column in config.map.items() if column.sensitive}


def file_endpoint(config: FileConfig) -> Endpoint | None:
    """None for a file."""
    if config.url is None:
        return None
    scheme: Literal["basic", "none"] = "none" if config.username is None else "basic"
    return Endpoint(config.url, config.username, config.password, scheme, read=60.0, max_bytes=MAX_BYTES)


def check_file(config: FileConfig) -> Iterator[Problem]:
    """What types alone cannot say; paths lead from the config."""
    if (config.path is None) == (config.url is None):
        yield Problem((), "write either path or url", "path: members.csv, or url: https://...")
    if config.url is None:
        for name in ("username", "password", "headers"):
            if getattr(config, name):
                yield Problem((name,), f"{name} belongs to a url; a file needs none")
    elif (config.username is None) != (config.password is None):
        yield Problem(("username",), "username and password go together")
    yield from check_rows(config)


def check_rows(config: RowsConfig) -> Iterator[Problem]:
    """What is wrong with the map and the key."""
    for field, column in config.map.items():
        yield from _check_column(config, field, column)
    yield from _check_key(config)


def _check_column(config: RowsConfig, field: str, column: Column) -> Iterator[Problem]:
    here = ("map", field)
    if not _BARE_NAME.fullmatch(field):
        yield Problem(here, f"{field!r} cannot be a field: use letters, digits and underscores", "first_name")
    canonical = config.record_type.fields.get(field)
    kind = config.type_of(field)
    if canonical and kind is not canonical and not {kind, canonical} <= _TIMES:
        yield Problem((*here, "type"), f"{field} is always of type {canonical} in a {config.record}", "choose another field name")
    if column.format is not None and kind not in _TIMES:
        yield Problem((*here, "format"), f"format is for dates and times; {field} is of type {kind}")
        return
    folded = {word.casefold() for word in column.yes} & {word.casefold() for word in column.no}
    if folded:
        yield Problem((*here, "yes"), f"{', '.join(sorted(folded))} cannot mean both yes and no")
    try:
        cell_reader(kind, column)
    except ValueError as problem:
        yield Problem(here, str(problem))


def _check_key(config: RowsConfig) -> Iterator[Problem]:
    problem = check_template(config.key_template)
    if problem:
        yield Problem(("key",), problem)
        return
    fields = file_fields(config)
    for name in sorted(template_fields((config.key_template,)) - fields.keys()):
        if config.key is None:
            yield Problem((), "nothing says what identifies a row", "map a field named id, or write key: with another field")
        else:
            close = nearest(name, fields)
            yield Problem(("key",), f"no field {name!r} in these rows", f"did you mean {close}?" if close else "map it first")
