"""Spec files and their canonical forms: which would change, which are broken, which must be left alone; and how one is replaced."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from controller.model.diagnostic import Diagnostic, Place, Severity
from controller.model.errors import TrueupError
from controller.spec.documents import Reading, read_bytes, read_documents
from controller.spec.formatting.form import canonical
from controller.spec.formatting.pieces import Unformattable
from controller.spec.load import diagnostics_of

LEFT_ALONE = frozenset({"would-change", "directive"})
_NO_MATTER = frozenset({"empty-file", "only-comments"})  # for a spec they are problems, but of no form


@dataclass(frozen=True)
class FormedFile:
    """A file as it stands there (``raw``) and as it should."""

    path: Path
    raw: bytes
    formed: bytes

    @property
    def changed(self) -> bool:
        return self.raw != self.formed


@dataclass(frozen=True)
class Forming:
    """``broken`` says why files are no YAML that a spec may be, ``left`` why a good one is left as it is."""

    files: tuple[FormedFile, ...]
    broken: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        return (*self.broken, *self.left)


def form_files(paths: Sequence[Path]) -> Forming:
    """The spec files under ``paths`` and their forms. Writes nothing."""
    reading = read_documents(paths)
    broken = _broken(reading)
    return _forming(reading, [(file, file.read_bytes()) for file in reading.files if str(file) not in broken])


def form_bytes(name: str, raw: bytes) -> Forming:
    """The same for one text that stands in no file."""
    reading = Reading()
    read_bytes(Path(name), raw, reading)
    return _forming(reading, [] if _broken(reading) else [(Path(name), raw)])


def _broken(reading: Reading) -> set[str]:
    errors = (d for d in reading.findings.diagnostics() if d.severity is Severity.ERROR)
    return {d.place.file for d in errors if d.code not in _NO_MATTER}


def _forming(reading: Reading, found: Sequence[tuple[Path, bytes]]) -> Forming:
    files = []
    for file, raw in found:
        try:
            formed = canonical(raw.decode("utf-8").removeprefix("\ufeff"))
        except Unformattable as problem:
            fault = problem.fault
            reading.findings.add(Place(str(file), fault.line, fault.column), fault.code, fault.summary, detail=fault.detail)
        else:
            files.append(FormedFile(file, raw, formed.encode()))
    problems = [d for d in diagnostics_of(reading.findings, reading.documents) if d.code not in _NO_MATTER]
    broken, left = (tuple(d for d in problems if (d.code in LEFT_ALONE) is alone) for alone in (False, True))
    return Forming(tuple(files), broken, left)


def replace_file(file: FormedFile) -> None:
    """Put the canonical form in the file's place at once: a reader sees the old or the new one. Mode, owner and links stay.

    Raises OSError, and TrueupError when somebody has changed the file since it was read.
    """
    path = file.path.resolve()
    if not os.access(path, os.W_OK):  # a folder that may be written would let a file be replaced that may not
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file.path))
    if path.read_bytes() != file.raw:
        raise TrueupError(f"{file.path} was changed while it was formatted; it is left as it is", hint="run the command again")
    number, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with open(number, "wb") as stream:
            _same_rights(number, path.stat())
            stream.write(file.formed)
            stream.flush()
            os.fsync(number)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _same_rights(number: int, was: os.stat_result) -> None:
    with suppress(PermissionError):  # only root gives files away; the group may still be one of ours
        os.fchown(number, was.st_uid, was.st_gid)
    os.fchmod(number, stat.S_IMODE(was.st_mode))
