"""One thing that was looked at, how it stands, and what to do next: what ``state check`` and ``doctor`` are made of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """``warn`` works today and may not tomorrow; ``fail`` does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """``check`` is a short stable name for programs, ``next`` what to do about it, empty when nothing is to be done."""

    check: str
    level: Level
    message: str
    next: str = ""


def fine(check: str, message: str) -> Finding:
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, next: str) -> Finding:
    return Finding(check, Level.WARN, message, next)


def fail(check: str, message: str, next: str) -> Finding:
    return Finding(check, Level.FAIL, message, next)


def worst(findings: Iterable[Finding]) -> Level:
    """The gravest level among them; ok of nothing."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)
