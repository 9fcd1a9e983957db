"""A copy of the state while others work with it, checked before it gets its name. The key is never in it."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import uuid
from pathlib import Path

import msgspec

from controller.model.errors import TrueupError, UsageError
from controller.sdk.context import Clock
from controller.state import opening
from controller.state.faults import damaged, unusable
from controller.state.fitting import value
from controller.state.keys import FILE as KEY
from controller.state.migrate import check_version
from controller.state.statements import statements


class Copied(msgspec.Struct, frozen=True):
    """A finished backup: ``entities`` counts inventory rows, ``version`` is that of the state's tables."""

    path: str
    bytes: int
    workspace: str
    version: int
    resources: int
    entities: int


def backup(folder: Path, target: Path | None, clock: Clock, *, force: bool = False) -> Copied:
    """Copy ``folder/state.db`` to ``target`` (a file; into a folder under a name with the time). Others may work meanwhile.

    Raises UsageError for a place that is taken or impossible, StateUnusable when the state cannot be read or the copy is not whole.
    """
    place = _place(folder, target, clock)
    if place.exists() and not force:
        raise UsageError(f"{place} is there already; nothing was written", hint="name another file, or say --force to replace it")
    draft = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy(folder, draft)
        made = look(draft, folder / opening.FILE)
        put_in_place(draft, place, force=force)
    except OSError as error:
        raise TrueupError(
            f"the backup could not be written to {place}: {error.strerror or type(error).__name__}",
            hint="free some space, or name a place where you may write",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return msgspec.structs.replace(made, path=str(place))


def _place(folder: Path, target: Path | None, clock: Clock) -> Path:
    name = f"trueup-state-{clock.now():%Y%m%dT%H%M%SZ}.db"
    place = Path(name) if target is None else target / name if target.is_dir() else target
    if not place.parent.is_dir():
        raise UsageError(f"there is no folder {place.parent}", hint="make it first, or name a file in another one")
    theirs = {folder.resolve() / word for word in (opening.FILE, f"{opening.FILE}-wal", f"{opening.FILE}-shm", KEY)}
    if place.resolve() in theirs:
        raise UsageError(f"{place} is part of the state itself", hint="name another file, best on another disk")
    return place


def copy(folder: Path, draft: Path) -> None:
    """SQLite's online backup in one step: a single moment of the state, whoever writes meanwhile. Raises StateUnusable, and OSError
    when there is no room for the draft: the state itself is only read."""
    source = opening.open_for_reading(folder)
    try:
        with contextlib.closing(source), contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(draft)) from error
        raise unusable(folder / opening.FILE, error) from error


def look(path: Path, shown: Path | None = None) -> Copied:
    """What a closed state file holds, once every page of it was checked. Writes nothing; raises StateUnusable, about ``shown``."""
    shown = shown or path
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
            found = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise damaged(shown, found)
            version = check_version(conn, shown)
            resources, entities = conn.execute(statements("upkeep").size).fetchone()
            return Copied(str(path), path.stat().st_size, value(conn, "workspace"), version, resources, entities)
    except sqlite3.DatabaseError as error:
        raise unusable(shown, error) from error


def put_in_place(draft: Path, place: Path, *, force: bool) -> None:
    """Durable, whole, and never over something that came there meanwhile unless ``force``. Raises OSError or UsageError."""
    sync(draft)
    if force:
        draft.replace(place)
    else:
        try:
            os.link(draft, place)
        except FileExistsError:
            raise UsageError(f"{place} is there already; nothing was written", hint="name another file") from None
        except OSError:  # a file system without hard links
            draft.rename(place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
