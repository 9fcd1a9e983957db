"""Values files: ``{var: NAME}`` in a spec stands for a whole value that each environment gives in a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from controller.model.diagnostic import Place, Severity
from controller.spec.checks.explain import dotted, near
from controller.spec.documents import Document, Reading, read_documents
from controller.spec.excerpt import Findings
from controller.spec.sharing.layered import Layered
from controller.spec.syntax.positions import Path


@dataclass
class _Values:
    """The values by name, with the place of each, and which of them a spec took."""

    known: dict[str, tuple[Any, Place]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    used: set[str] = field(default_factory=set)


def with_values(reading: Reading, files: Sequence[File]) -> list[Document]:
    if not files and not any(reading.findings.mentions(str(file), "var") for file in reading.files):
        return reading.documents
    values = _read_values(files, reading.findings)
    out = [_substituted(document, values, reading.findings) for document in reading.documents]
    for name, (_, place) in values.known.items():
        if name not in values.used:
            reading.findings.add(
                place, "unused-var", f"no spec takes the value `{name}`", severity=Severity.WARNING,
                detail=f"A spec takes it with {{var: {name}}}.",
            )  # fmt: skip
    return out


def _read_values(files: Sequence[File], findings: Findings) -> _Values:
    """The values of all files; of a name that stands in several the last counts, so that a file may refine another."""
    values = _Values(files=tuple(map(str, files)))
    for file in files:
        reading = read_documents([file])
        findings.absorb(reading.findings)
        for document in reading.documents:
            if not isinstance(document.data, dict):
                findings.add(
                    document.value(), "bad-vars", "a values file holds names and values", detail="For example: site: north"
                )
                continue
            values.known |= {name: (value, document.key(name)) for name, value in document.data.items()}
    return values


def _substituted(document: Document, values: _Values, findings: Findings) -> Document:
    data = document.data
    if not isinstance(data, dict):
        return document
    notes: dict[Path, str] = {}
    merged = dict(data)
    for part in ("metadata", "spec"):
        if part in data:
            merged[part] = _filled(data[part], (part,), _Filling(document, values, findings, notes))
    missing = frozenset(path for path, note in notes.items() if not note)
    return Layered(document.file, document.folder, document.parsed, merged, notes=notes, missing=missing) if notes else document


@dataclass(frozen=True)
class _Filling:
    document: Document
    values: _Values
    findings: Findings
    notes: dict[Path, str]


def _filled(node: Any, path: Path, filling: _Filling) -> Any:
    if isinstance(node, list):
        return [_filled(item, (*path, index), filling) for index, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and isinstance(node.get("var"), str):
        return _value(node, path, filling)
    return {key: _filled(item, (*path, key), filling) for key, item in node.items()}


def _value(node: dict[str, Any], path: Path, filling: _Filling) -> Any:
    name, values = node["var"], filling.values
    if name in values.known:
        value, place = values.known[name]
        values.used.add(name)
        filling.notes[path] = f"The value is that of `{name}` in {place}."
        return value
    meant = near(name, list(values.known))
    known = f"Values are: {', '.join(values.known) or 'none'} ({', '.join(values.files)})."
    detail = known if values.files else "No values file is given: name one with --vars FILE or TRUEUP_VARS."
    place = filling.document.value(*path, "var")
    filling.notes[path] = ""
    filling.findings.add(
        place, "unknown-var", f"there is no value `{name}`", detail=detail, suggestion=meant, path=dotted((*path, "var"))
    )
    return node
