"""Opening and creating the state file so that a damaged, foreign, newer or unwritable one is told apart and never overwritten."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from pathlib import Path
from urllib.parse import quote

from controller.model.errors import StateUnusable
from controller.state.faults import damaged, unusable
from controller.state.migrate import check_version, migrate
from controller.state.statements import statements

FILE = "state.db"
_QUICK_CHECK_BYTES = 16 * 1024 * 1024  # above that a check at every start would be felt; `State.integrity` checks wholly
_WAL_MARK = slice(18, 20)  # read and write version in the header: 2 is WAL, 1 is not


def open_for_writing(folder: Path, now: str) -> sqlite3.Connection:
    """The connection to ``folder/state.db``, made and migrated when needed. Raises StateUnusable."""
    path = folder / FILE
    try:
        if not path.exists():
            _create(folder, now)
        return _writable(path, now)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    except OSError as error:
        raise _no_access(path, error) from error


def open_for_reading(folder: Path) -> sqlite3.Connection:
    """A connection that cannot write. Works in a folder that nothing can be written to. Raises StateUnusable."""
    path = folder / FILE
    try:
        if not path.exists():
            raise no_state(folder)
        _refuse_empty(path)
        return _readable(path)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    except OSError as error:
        raise _no_access(path, error) from error


def no_state(folder: Path) -> StateUnusable:
    return StateUnusable(f"there is no state in {folder} yet", hint="`trueup plan` makes one where it may write")


def _no_access(path: Path, error: OSError) -> StateUnusable:
    return StateUnusable(
        f"the state file {path} cannot be used: {error.strerror or type(error).__name__}",
        hint=f"check that {path.parent} belongs to you, that there is space, and that the disk is not mounted read-only",
    )


def _create(folder: Path, now: str) -> None:
    """Make the file under another name and link it into place whole: a half-made state never stands under its own name."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")  # the key may lie beside the state
    made = folder / f".{FILE}.{uuid.uuid4().hex}"
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as conn:
            migrate(conn, now)
            conn.execute(statements("schema").put, ("workspace", str(uuid.uuid4())))
        _put_in_place(made, folder / FILE)
    finally:
        made.unlink(missing_ok=True)


def _put_in_place(made: Path, path: Path) -> None:
    try:
        os.link(made, path)
    except FileExistsError:
        return  # another process was faster: its state is the state
    except OSError:  # a file system without hard links
        if not path.exists():
            made.rename(path)


def _writable(path: Path, now: str) -> sqlite3.Connection:
    _refuse_empty(path)
    mode = path.stat().st_mode
    if not mode & 0o200 or not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StateUnusable(
            f"the state file {path} is read-only", hint=f"make it and its folder writable: chmod u+w {path} {path.parent}"
        )
    if mode & 0o077:
        path.chmod(0o600)
    conn = _connect(f"file:{quote(str(path.absolute()))}?mode=rw")
    try:
        check_version(conn, path)
        _quick_check(conn, path)
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        migrate(conn, now)
    except BaseException:
        conn.close()
        raise
    return conn


def _readable(path: Path) -> sqlite3.Connection:
    conn = _connect(f"file:{quote(str(path.absolute()))}?mode=ro")
    try:
        check_version(conn, path)
        _quick_check(conn, path)
    except sqlite3.OperationalError as error:
        conn.close()
        if (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        return _snapshot(path)
    except BaseException:
        conn.close()
        raise
    return conn


def _snapshot(path: Path) -> sqlite3.Connection:
    """The file copied into memory: SQLite reads a WAL file in place only where it may make files beside it.

    Sound only while nobody has written to it since the last checkpoint, which a missing or empty -wal file shows.
    """
    log = path.with_name(path.name + "-wal")
    before = path.stat().st_mtime_ns
    content = bytearray(path.read_bytes())
    if (log.exists() and log.stat().st_size) or path.stat().st_mtime_ns != before:
        raise StateUnusable(
            f"the state file {path} is in use, or was left in the middle, in a folder that cannot be written",
            hint="run trueup once as a user who may write there",
        )
    content[_WAL_MARK] = b"\x01\x01"
    conn = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    conn.deserialize(bytes(content))
    conn.execute("PRAGMA query_only = ON")
    check_version(conn, path)
    return conn


def _connect(uri: str) -> sqlite3.Connection:
    # check_same_thread: opened here, then used by the writer thread alone.
    conn = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("PRAGMA cell_size_check = ON")
    return conn


def _refuse_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise damaged(path, "it is empty")


def _quick_check(conn: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= _QUICK_CHECK_BYTES:
        found = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damaged(path, found)
