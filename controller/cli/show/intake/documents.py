"""The JSON outputs of ``import`` and ``dump``. What they hold of values is plain, or masked where it is sensitive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.cli.show.documents import FORMAT
from controller.model.change import FieldChange
from controller.model.outcome import RunResult


class DifferingRow(msgspec.Struct, frozen=True):
    """Something that was taken over and is not as declared: what the next plan will show."""

    kind: str
    key: str
    label: str = ""
    fields: tuple[FieldChange, ...] = ()


class LeftRow(msgspec.Struct, frozen=True):
    """Something that stays as it is, why, and what to do."""

    kind: str
    key: str
    label: str = ""
    message: str = ""
    hint: str = ""


class RecordsRow(msgspec.Struct, frozen=True):
    """A file of records, the source that reads it, and the spec file that names both. ``formulas`` counts cells that a
    spreadsheet would compute: records hold what is there, so they are not made harmless."""

    file: str
    source: str
    spec: str
    rows: int
    cards: int = 0
    formulas: int = 0


class ImportRow(msgspec.Struct, frozen=True):
    """One target. ``taken`` counts by kind what is (before it is done: would be) taken into the inventory; ``undeclared`` how many
    are there that nobody declares. ``message`` says why nothing could be done, with a hint."""

    address: str
    ok: bool = True
    message: str = ""
    hint: str = ""
    taken: dict[str, int] = {}
    differing: tuple[DifferingRow, ...] = ()
    left: tuple[LeftRow, ...] = ()
    undeclared: int = 0
    records: RecordsRow | None = None


class ImportDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup import -o json``. ``done`` is false for a dry run; ``run`` is the run that took over."""

    resources: tuple[ImportRow, ...]
    done: bool
    run: RunResult | None = None
    format: int = FORMAT


class DumpRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity or record: what is empty is left out. ``key`` of a card is the token that plans have for it, unless it was
    revealed. ``problem``: a record that cannot be read."""

    kind: str
    key: str = ""
    subject: str = ""
    guard: str = ""
    place: str = ""
    problem: str = ""
    fields: dict[str, Any] = {}


class DumpDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup dump -o json`` (and yaml). ``complete`` is always true and stands last: what ended early has no end."""

    format: int
    resource: str
    identity: str
    entities: tuple[DumpRow, ...]
    count: int
    complete: bool


INTAKE_DOCUMENTS: Mapping[str, Any] = {"import": ImportDocument, "dump": DumpDocument}
