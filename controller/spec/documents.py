"""Finds spec files and reads them into documents with places. What a document means is not judged here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.model.diagnostic import Place, Severity
from controller.spec.excerpt import Findings
from controller.spec.yaml import Parsed, parse

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 32 * 1024 * 1024
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """One document of a file; ``folder`` is where relative paths in it begin."""

    file: str
    folder: Path
    parsed: Parsed

    @property
    def data(self) -> Any:
        return self.parsed.data

    def key(self, *path: str | int) -> Place:
        """The place of the key that leads to ``path``."""
        return Place(self.file, *self.parsed.positions.key(path))

    def value(self, *path: str | int) -> Place:
        return Place(self.file, *self.parsed.positions.value(path))

    def best(self, *path: str | int) -> Place:
        """Where people look: at a scalar itself, but at the key of a block, and of what holds something missing."""
        node: Any = self.data
        for part in path:
            there = part in node if isinstance(node, dict) else isinstance(node, list) and part in range(len(node))
            if not there:
                return self.key(*path)
            node = node[part]
        return self.key(*path) if isinstance(node, dict | list) else self.value(*path)

    def written(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """The path by which what is found at ``path`` is called where it was written."""
        return path

    def unjudged(self, path: tuple[str | int, ...]) -> bool:
        """Whether nothing can be said about ``path`` because what should stand there is missing, which is told elsewhere."""
        return False

    def note(self, path: tuple[str | int, ...]) -> str:
        """What to say beside a problem at ``path``; empty where the document speaks for itself."""
        return ""


@dataclass
class Reading:
    """What the paths hold: files in order, their documents, and everything that could not be read."""

    files: list[Path] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    findings: Findings = field(default_factory=lambda: Findings())
    instead: Mapping[Path, bytes] = field(default_factory=dict)


def read_documents(paths: Sequence[Path], instead: Mapping[Path, bytes] | None = None) -> Reading:
    """Read every spec file under ``paths``: files as they are, folders recursively, hidden names left out. ``instead`` holds what
    is to be read in place of a file (by its absolute path), to judge a change before it is written."""
    reading, seen = Reading(instead=instead or {}), set[Path]()
    for path in paths:
        found, known = 0, len(reading.findings)
        for file in _files(path, reading.findings):
            found += 1
            if (absolute := file.absolute()) not in seen:
                seen.add(absolute)
                reading.files.append(file)
                _read(file, reading)
        if not found and path.is_dir() and len(reading.findings) == known:
            reading.findings.file(
                str(path),
                "no-specs",
                "there is no spec in this folder",
                detail="Specs are files that end in .yaml, .yml or .json; `trueup init` writes a first one. An empty folder "
                "never means that everybody goes: nothing was changed.",
            )
    return reading


def _files(path: Path, findings: Findings) -> Iterator[Path]:
    if path.is_dir():
        yield from _walk(path, (path.resolve(),), findings)
    elif path.exists():
        yield path
    else:
        findings.file(
            str(path),
            "no-such-file",
            "there is no such file or folder",
            detail="Name the specs with -f PATH; `trueup init` writes a first one.",
        )


def _walk(folder: Path, above: tuple[Path, ...], findings: Findings) -> Iterator[Path]:
    """Files below ``folder`` in order. Linked folders are followed, except back up; ``..data`` of a ConfigMap is hidden."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as problem:
        findings.file(str(folder), "unreadable", f"the folder cannot be read: {problem.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            real = entry.resolve()
            if real not in above:
                yield from _walk(entry, (*above, real), findings)
        elif entry.suffix.lower() in SUFFIXES:
            yield entry


def _read(file: Path, reading: Reading) -> None:
    name = str(file)
    try:
        if file.stat().st_size > MAX_BYTES:
            reading.findings.file(name, "too-large", f"larger than {MAX_BYTES // 1024 // 1024} MiB: no spec is")
            return
        raw = reading.instead.get(file.absolute()) or file.read_bytes()
    except OSError as problem:
        reading.findings.file(name, "unreadable", f"the file cannot be read: {problem.strerror}")
        return
    read_bytes(file, raw, reading)


def read_bytes(file: Path, raw: bytes, reading: Reading) -> str | None:
    """Add what these bytes hold, as if they stood in ``file``; their text, None when they are no text."""
    text = decode(str(file), raw, reading.findings)
    if text is not None:
        _parse(file, text, reading)
    return text


def decode(name: str, raw: bytes, findings: Findings) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        findings.file(name, "encoding", "saved as UTF-16", detail="Save the file as UTF-8.")
        return None
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        findings.text(name, raw.decode("utf-8", "replace"))
        before = raw[: problem.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace").removeprefix("\ufeff")) + 1
        findings.add(
            Place(name, before.count(b"\n") + 1, column),
            "encoding",
            f"this is not UTF-8: byte {problem.start + 1} of the file is 0x{raw[problem.start]:02x}",
            detail="Save the file as UTF-8; perhaps it was saved as Latin-1 or Windows-1252.",
        )
        return None


def _parse(file: Path, text: str, reading: Reading) -> None:
    name, findings = str(file), reading.findings
    findings.text(name, text)
    content = parse(joined_surrogates(text) if file.suffix.lower() == ".json" else text)
    for fault in content.faults:
        findings.add(Place(name, fault.line, fault.column), fault.code, fault.summary, detail=fault.detail)
    reading.documents.extend(Document(name, file.parent, parsed) for parsed in content.documents)
    if content.documents or content.faults:
        return
    if any(line.lstrip().startswith("#") for line in text.splitlines()):
        findings.file(name, "only-comments", "the file holds comments only", severity=Severity.WARNING)
    else:
        findings.file(name, "empty-file", "the file is empty", detail="Write a spec into it, or remove it.")


def joined_surrogates(text: str) -> str:
    """JSON writes characters beyond U+FFFF as two escapes, which YAML does not know."""

    def join(match: re.Match[str]) -> str:
        high, low = int(match[2], 16), int(match[3], 16)
        return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"

    return _SURROGATES.sub(join, text) if "\\u" in text else text
