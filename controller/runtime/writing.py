"""What was found at targets as files: records, a source that reads them, and items in the specs. Composed and judged as a whole
before anything is written; each file is put in place whole, or left as it is."""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.engine.intake.transcribing import GROUP, Transcripts
from controller.model.errors import SpecInvalid, TrueupError, UsageError
from controller.runtime.workspace import Options
from controller.spec.envelope import API_VERSION, NAME_LENGTH
from controller.spec.load import check_specs
from controller.spec.resource import Resource, Specs
from controller.spec.rewriting.files import replace_file, whole_file
from controller.spec.rewriting.insertion import Addition, NotRewritable, SpecText


@dataclass(frozen=True)
class Records:
    """One target's file of records, which is not there yet. ``content`` holds names, and card numbers where they were asked for."""

    address: str
    path: Path
    source: str
    content: bytes = field(repr=False)
    rows: int = 0
    cards: int = 0
    formulas: int = 0  # cells that a spreadsheet would take for one; what is there must be what is declared, so they stay


@dataclass(frozen=True)
class Edit:
    """One spec file before and after, for one or several targets."""

    path: Path
    before: bytes
    after: bytes
    records: tuple[Records, ...]

    def diff(self) -> str:
        old, new = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (self.before, self.after))
        lines = difflib.unified_diff(old, new, str(self.path), str(self.path))
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


@dataclass(frozen=True)
class Draft:
    """Everything that would be written, and what cannot be, by address."""

    edits: tuple[Edit, ...] = ()
    refused: dict[str, TrueupError] = field(default_factory=dict)


def compose(options: Options, specs: Specs, found: Sequence[tuple[Resource, Transcripts]], place: str) -> Draft:
    """``place``: a file for one target, a folder for several. Raises SpecInvalid when the specs would not be valid any more."""
    paths = records_paths([resource for resource, _ in found], place)
    today = f"{options.clock.now():%Y-%m-%d}"
    pages: dict[Path, _Page] = {}
    refused: dict[str, TrueupError] = {}
    names = set(specs.sources)
    for resource, transcripts in found:
        file = Path(resource.place.file)
        try:
            page = pages.get(file) or _read(file)
            records = _records(resource, transcripts, paths[str(resource.address)], names)
            _put(page.text, resource, transcripts, records, today)
        except TrueupError as error:
            refused[str(resource.address)] = error
            continue
        names.add(records.source)
        page.records.append(records)
        pages[file] = page
    edits = tuple(edit for file, page in pages.items() if (edit := _edit(file, page, refused)))
    _must_be_valid(options, edits)
    return Draft(edits, refused)


def records_paths(resources: Sequence[Resource], place: str) -> dict[str, Path]:
    """Where each target's records go. Raises UsageError for what would be overwritten, or cannot hold several."""
    path = Path(place)
    if place.endswith(("/", os.sep)) or path.is_dir():
        paths = {str(r.address): path / f"{r.address.name}.csv" for r in resources}
    elif len(resources) > 1:
        hint = f"name a folder: --write-records {path.with_suffix('')}/ writes one file per device into it"
        raise UsageError(f"{len(resources)} devices cannot share {place}", hint=hint)
    else:
        paths = {str(r.address): path for r in resources}
    for file in paths.values():
        if file.suffix.lower() != ".csv":
            raise UsageError(f"{file} is no name for a CSV file", hint="records are written as CSV: name a file that ends in .csv")
        if file.exists():
            raise UsageError(f"{file} is there already and is not overwritten", hint="name another file, or move it away")
        if not file.parent.is_dir() and file.parent != path:
            raise UsageError(f"there is no folder {file.parent}", hint="make it first, or name another")
    return paths


@dataclass
class _Page:
    """A spec file on its way."""

    before: bytes
    text: SpecText
    records: list[Records] = field(default_factory=list)


def _read(file: Path) -> _Page:
    if file.suffix.lower() == ".json":
        raise NotRewritable(f"{file} is JSON, which holds one document only", hint="write this device as YAML, then import it")
    raw = file.read_bytes()
    return _Page(raw, SpecText(raw.decode("utf-8")))


def _edit(file: Path, page: _Page, refused: dict[str, TrueupError]) -> Edit | None:
    """None, and all that is in it refused, when the whole would not be read as it is meant."""
    try:
        return Edit(file, page.before, page.text.text().encode(), tuple(page.records))
    except NotRewritable as error:
        refused |= {records.address: error for records in page.records}
        return None


def _records(resource: Resource, transcripts: Transcripts, path: Path, taken: set[str]) -> Records:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([transcripts.columns, *transcripts.rows])
    formulas = sum(cell.startswith(("=", "+", "-", "@")) for row in transcripts.rows for cell in row)
    counts = (len(transcripts.rows), transcripts.cards, formulas)
    source = _free_name(f"{resource.address.name}-people", taken)
    return Records(str(resource.address), path, source, text.getvalue().encode(), *counts)


def _free_name(name: str, taken: set[str]) -> str:
    candidate, number = name[-NAME_LENGTH:].lstrip("._-"), 2
    while candidate in taken:
        tail = f"-{number}"
        candidate, number = name[-(NAME_LENGTH - len(tail)) :].lstrip("._-") + tail, number + 1
    return candidate


def _put(text: SpecText, resource: Resource, transcripts: Transcripts, records: Records, today: str) -> None:
    items = tuple(_item(item.called, item.words, records.source, transcripts) for item in transcripts.items)
    path = ("spec", transcripts.section)
    text.add(Addition(resource.address.kind, resource.address.name, path, items))
    config: dict[str, Any] = {"path": _relative(records.path, resource.folder), "record": "person", "key": transcripts.key_field}
    if transcripts.grouped:
        config["map"] = {GROUP: GROUP}
    spec = {"provider": "csv", "config": config}
    source = {"apiVersion": API_VERSION, "kind": "Source", "metadata": {"name": records.source}, "spec": spec}
    text.append(source, f"Who was on {resource.address} on {today}, as `trueup import` found them.")


def _item(called: str, words: Any, source: str, transcripts: Transcripts) -> dict[str, Any]:
    where = {"where": {GROUP: called}} if transcripts.grouped else {}
    return {"from": source, **where, **words}


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()


def _must_be_valid(options: Options, edits: Iterable[Edit]) -> None:
    instead = {edit.path.absolute(): edit.after for edit in edits}
    specs, diagnostics = check_specs(options.specs, vars_files=options.vars_files, instead=instead)
    if specs is None:
        message = "the specs would not be valid with what was found; nothing was written"
        raise SpecInvalid(tuple(diagnostics), message, hint="put that right, then the same again")


# -- writing -----------------------------------------------------------------------------------------------------------------


def carry_out(draft: Draft) -> dict[str, TrueupError]:
    """Write file after file; what failed, by address. A spec file that changed meanwhile is left, and its records with it."""
    failed: dict[str, TrueupError] = {}
    for edit in draft.edits:
        try:
            _carry_out(edit)
        except TrueupError as error:
            failed |= {records.address: error for records in edit.records}
    return failed


def _carry_out(edit: Edit) -> None:
    """Records first: a spec must never name a file that is not there."""
    written: list[Path] = []
    try:
        for records in edit.records:
            records.path.parent.mkdir(exist_ok=True)
            if records.path.exists():
                raise TrueupError(f"{records.path} appeared meanwhile; it is left as it is", hint="name another file")
            with whole_file(records.path) as file:
                file.write(records.content)
            written.append(records.path)
        replace_file(edit.path, edit.after, edit.before)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise
