"""Turns SQLite's errors into sentences. The only place that knows its result codes; nobody reads the text of an error."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from controller.model.errors import StateUnusable

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def damaged(path: Path, what: str) -> StateUnusable:
    return StateUnusable(
        f"the state file {path} is damaged: {what}; nothing was written to it",
        hint="restore it from a backup; without one move it away: trueup then owns nothing and asks for --bootstrap",
    )


def unusable(path: Path, error: sqlite3.Error) -> StateUnusable:
    """The error as what happened to the state file, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in _BUSY:
        return StateUnusable(
            f"the state file {path} is locked by another program",
            hint="wait for the other trueup to end, or close the tool that has the file open",
        )
    if code == sqlite3.SQLITE_FULL:
        return StateUnusable(
            f"the disk is full: the state file {path} could not be written",
            hint="nothing is sent that cannot be written down first, and what was written before is intact; free some space, then "
            "run the same again",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return StateUnusable(
            f"the state file {path} cannot be written",
            hint=f"check that the folder {path.parent} and the file belong to you and that the disk is not mounted read-only",
        )
    return StateUnusable(
        f"the state file {path} cannot be used: {error}",
        hint="check whether the disk is full or failing; the file was left as it is",
    )
