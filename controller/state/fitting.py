"""Whether a key is the one that a state was made with, and the fingerprint key that the state keeps sealed."""

from __future__ import annotations

import sqlite3
from base64 import b64decode, b64encode
from pathlib import Path

from controller.model.errors import KeyUnusable
from controller.state.keys import NEXT, VARIABLE, Keys
from controller.state.statements import statements

_PROOF = b"trueup workspace "
CHECK = "key_check"
FINGERPRINTS = "fingerprint_key"
ROTATED = "key_rotated"


def value(conn: sqlite3.Connection, name: str) -> str:
    """A word about the workspace itself, empty when there is none."""
    row = conn.execute(statements("schema").get, (name,)).fetchone()
    return str(row[0]) if row else ""


def fits(conn: sqlite3.Connection, keys: Keys) -> bool:
    """Whether these keys made the state, or no key has opened it yet."""
    known = value(conn, CHECK)
    return not known or keys.verify(_proof(conn), known)


def fit(conn: sqlite3.Connection, keys: Keys, path: Path, *, read_only: bool) -> Keys:
    """The keys with this state's own fingerprint key; the first that open it for writing become its keys. Raises KeyUnusable."""
    if not value(conn, CHECK) and not read_only:
        _claim(conn, keys)
    if not fits(conn, keys):
        raise another_key(path, value(conn, ROTATED))
    wrapped = value(conn, FINGERPRINTS)
    return keys.with_fingerprints(value(conn, "workspace"), b64decode(wrapped), value(conn, ROTATED)) if wrapped else keys


def must_still_fit(conn: sqlite3.Connection, keys: Keys, path: Path) -> None:
    """Before something is sealed into the state, or a run begins: the key may have been rotated since we opened it. Raises
    KeyUnusable."""
    if not fits(conn, keys):
        when = value(conn, ROTATED)
        raise KeyUnusable(
            f"the key of the state {path} was rotated at {when}, after this began; nothing was done", hint="run it again"
        )


def hand_over(conn: sqlite3.Connection, old: Keys, new: Keys, now: str) -> None:
    """Let ``new`` be the state's keys from now on, with the fingerprint key that it has."""
    sql, workspace = statements("schema"), value(conn, "workspace")
    conn.execute(sql.change, (FINGERPRINTS, b64encode(new.wrap(workspace, old)).decode()))
    conn.execute(sql.change, (CHECK, new.sign(_proof(conn))))
    conn.execute(sql.change, (ROTATED, now))


def another_key(path: Path, rotated: str) -> KeyUnusable:
    message = f"this is not the key that the state {path} was made with"
    if not rotated:
        return KeyUnusable(message, hint=f"use the key of this workspace ({VARIABLE}, or the file key beside the state)")
    left = path.with_name(NEXT)
    place = f"it lies in {left}" if left.exists() else f"it is the file key beside the state, or what {VARIABLE} was set to then"
    return KeyUnusable(f"{message}; the key was rotated at {rotated}", hint=f"use the new key: {place}")


def _claim(conn: sqlite3.Connection, keys: Keys) -> None:
    """In one transaction: another process may be opening the new state with another key."""
    sql = statements("schema")
    conn.execute("BEGIN IMMEDIATE")
    try:
        if not value(conn, CHECK):
            wrapped = keys.wrap(value(conn, "workspace"))
            conn.execute(sql.put, (FINGERPRINTS, b64encode(wrapped).decode()))
            conn.execute(sql.put, (CHECK, keys.sign(_proof(conn))))
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise


def _proof(conn: sqlite3.Connection) -> bytes:
    return _PROOF + value(conn, "workspace").encode()
