"""A backup becomes the state again, checked before anything is moved; what it replaces is kept beside it.

What an older state does not know is not ours to it: entities made since are listed as strangers' and left alone, never removed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from controller.model.errors import KeyUnusable, LeaseHeld, StateUnusable, TrueupError, UsageError
from controller.sdk.context import Clock
from controller.state import opening
from controller.state.faults import unusable
from controller.state.fitting import fits, value
from controller.state.keys import FILE as KEY
from controller.state.keys import VARIABLE, Keys
from controller.state.lease import Holder
from controller.state.migrate import migrate
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.upkeep.backup import Copied, look, sync


class Restored(msgspec.Struct, frozen=True):
    """``kept`` is where the state that was replaced lies, empty when there was none; ``newest`` the last thing that the restored
    one remembers (a UTC text)."""

    state: Copied
    kept: str = ""
    newest: str = ""


def examine(file: Path, folder: Path, keys: Keys | None) -> Copied:
    """What a backup holds, if it may become the state here. Raises UsageError, StateUnusable or KeyUnusable."""
    if not file.is_file():
        raise UsageError(f"there is no backup {file}", hint="name a file that `trueup state backup` wrote")
    if file.resolve() == (folder / opening.FILE).resolve():
        raise UsageError(f"{file} is the state itself", hint="name a file that `trueup state backup` wrote")
    if (log := file.with_name(file.name + "-wal")).exists() and log.stat().st_size:
        raise UsageError(
            f"{file} is the copy of a state in use: a part of it stands in {log.name}", hint="use `trueup state backup`"
        )
    found = look(file)
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
        if keys is not None and not fits(conn, keys):
            raise KeyUnusable(
                f"the backup {file} was made with another key than that of today",
                hint=f"put the key of that time in place of {folder / KEY} (keep today's), or set {VARIABLE} to it",
            )
    here = _workspace(folder)
    if here and here != found.workspace:
        raise UsageError(
            f"{file} is a backup of another workspace ({found.workspace}, this one is {here})",
            hint="name a backup of this one, or another --state folder",
        )
    return found


def _workspace(folder: Path) -> str:
    """The name of the state of today, empty when there is none or it is damaged."""
    with contextlib.suppress(TrueupError, sqlite3.Error), closing(opening.open_for_reading(folder)) as conn:
        return value(conn, "workspace")
    return ""


def restore(file: Path, folder: Path, clock: Clock) -> Restored:
    """Put an examined backup in place of the state. Raises LeaseHeld while somebody works with it, StateUnusable when it is open
    elsewhere or the disk fails; then all is as it was."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, draft = folder / opening.FILE, folder / f".{opening.FILE}.{uuid.uuid4().hex}"
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _alone(path, clock) as fencing:
            newest = _prepare(file, draft, fencing, stamp(clock.now()))
            kept = _swap(draft, path, clock)
        return Restored(look(path), kept, newest)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    except OSError as error:
        raise TrueupError(
            f"the backup could not be put in place: {error.strerror or type(error).__name__}",
            hint=f"check that {folder} belongs to you and that there is space; the state was left as it was",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path, clock: Clock) -> Iterator[int]:
    """While nobody else can write to the state of today, with its log emptied into it: a log left behind would be replayed into
    the backup. Gives the highest fencing number. A damaged state has nobody who could work with it."""
    try:
        conn = opening.open_for_writing(path.parent, stamp(clock.now())) if path.exists() else None
    except StateUnusable:
        conn = None
    if conn is None:
        yield 0
        return
    with closing(conn):
        row = conn.execute(statements("upkeep").lease).fetchone()
        if row and not (holder := Holder(*row)).is_gone(clock.now().timestamp()):
            raise LeaseHeld(
                f"another trueup works with this state: {holder.words}", hint="wait until it is done, or: trueup state unlock"
            )
        conn.execute("PRAGMA busy_timeout = 1000")
        try:
            conn.execute("PRAGMA journal_mode = DELETE")
            conn.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise StateUnusable(
                f"the state {path} is open in another program", hint="end the other trueup (watch, dashboard), then run this again"
            ) from error
        yield int(row[0]) if row else 0


def _prepare(file: Path, draft: Path, fencing: int, now: str) -> str:
    """The copy that will be the state: brought up to date, and leased to nobody; what it last remembers."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as backup:
        with closing(sqlite3.connect(draft, isolation_level=None)) as conn:
            backup.backup(conn)
            migrate(conn, now)
            conn.execute(statements("upkeep").free_leases, {"fencing": fencing})
            newest = conn.execute(statements("upkeep").newest).fetchone()[0] or ""
            conn.execute("PRAGMA journal_mode = DELETE")
    sync(draft)
    return str(newest)


def _swap(draft: Path, path: Path, clock: Clock) -> str:
    """The old one gets a second name before the new one takes its first: there is a state at every moment."""
    kept = ""
    if path.exists():
        place = _free(path.with_name(f"{opening.FILE}.replaced-{clock.now():%Y%m%dT%H%M%SZ}"))
        os.link(path, place)
        kept = str(place)
        for suffix in ("-wal", "-shm"):  # only beside a damaged one: else they were emptied and removed
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(place.with_name(place.name + suffix))
    draft.replace(path)
    sync(path.parent)
    return kept


def _free(place: Path) -> Path:
    """The name, or with a number where it is taken: two may fall within one second."""
    names = (place, *(place.with_name(f"{place.name}-{number}") for number in range(2, 1000)))
    return next(name for name in names if not name.exists())
