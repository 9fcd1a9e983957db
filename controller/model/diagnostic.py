"""Diagnostics: problems of a spec, collected all at once, each with a place."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Place(msgspec.Struct, frozen=True, order=True):
    """A position in a file; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    """One problem: ``summary`` is a line, ``detail`` what was expected and what to do, ``excerpt`` the lines it is about."""

    severity: Severity
    code: str  # kebab-case, stable: "unknown-key"
    summary: str
    place: Place
    detail: str = ""
    suggestion: str = ""  # "did you mean ...", the bare word
    excerpt: str = ""
    path: str = ""  # "spec.people[0].valid.until"
