"""A new key for a state: everything sealed is sealed anew, nothing at any target is touched, and the next plan is empty.

Killed at any moment, one key on the disk opens the state:

1. the new key is written beside the old one (``key.new``)
2. one transaction seals everything with it
3. the old key stays as ``key.old`` while the new one takes its name
4. the old one is removed

Between 2 and 3 the new key is found under its first name (``settle``), and the exchange is finished by whoever comes next.
Where the key comes from TRUEUP_KEY, the new one stays in ``key.new`` until the operator has taken it from there.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from controller.model.errors import KeyUnusable, StateUnusable, UsageError
from controller.state import opening
from controller.state.fitting import fits, hand_over, must_still_fit
from controller.state.keys import FILE, LAST, NEXT, Keys, create_key, read_key
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.store import State
from controller.state.tables import journal, secrets
from controller.state.upkeep.backup import sync

_CHUNK = 2000  # before-images in memory at once


class Rotated(msgspec.Struct, frozen=True):
    """``secrets`` and ``images`` were sealed anew; ``damaged`` before-images open with no key and stay as they are. ``key`` is
    where the new key lies, ``kept`` the old one, empty when it is gone."""

    secrets: int
    images: int
    damaged: int
    key: str
    kept: str = ""


async def rotate(state: State, folder: Path, *, from_environment: bool, keep: bool = False) -> Rotated:
    """Exchange the key of an open state; the caller holds the lease. ``keep`` leaves the old key as ``key.old``.

    Raises KeyUnusable when a secret does not open with today's key, UsageError while an older key is kept.
    """
    old = state.keys
    if old is None:
        raise KeyUnusable("the key cannot be exchanged without the key of today", hint="set TRUEUP_KEY, or bring back the key file")
    if (folder / LAST).exists():
        raise UsageError(
            f"an older key is still there: {folder / LAST}",
            hint="backups from before need it: move it where you keep such things, or delete it, and run this again",
        )
    await _clear_the_way(state, folder)
    new = create_key(folder, NEXT)
    sync(folder)
    counts = await _seal_anew(state, old, new)
    await state.store.read(_forget_the_old)
    if from_environment:
        return Rotated(*counts, key=str(folder / NEXT))
    exchange(folder)
    if not keep:
        (folder / LAST).unlink(missing_ok=True)
    return Rotated(*counts, key=str(folder / FILE), kept=str(folder / LAST) if keep else "")


async def _clear_the_way(state: State, folder: Path) -> None:
    """A new key that was cut off before it took effect opens nothing and goes; one that opens the state may be the only copy."""
    left = folder / NEXT
    if not left.exists():
        return
    try:
        key = read_key(left)
    except KeyUnusable:
        if left.stat().st_mode & 0o077:
            raise
        left.unlink()  # cut off while it was written
        return
    if await state.store.read(lambda conn: fits(conn, key)):
        raise UsageError(
            f"the key of the last rotation still lies in {left}",
            hint="bring its content to where TRUEUP_KEY comes from, then delete that file and run this again",
        )
    left.unlink()


def exchange(folder: Path) -> None:
    """Give the new key the name of the key. May be called by several at once, and again after a crash."""
    with suppress(FileExistsError, FileNotFoundError):
        os.link(folder / FILE, folder / LAST)
    with suppress(FileNotFoundError):  # another process was faster
        (folder / NEXT).replace(folder / FILE)
    sync(folder)


def settle(folder: Path) -> Keys | None:
    """Finish what a rotation that was cut off left behind: the new key, when it is the one that opens the state. None when nothing
    was left, or when the rotation never took effect (then the old key is still the key)."""
    if not (folder / NEXT).exists() or not State.exists(folder):
        return None
    try:
        new = read_key(folder / NEXT)
        with closing(opening.open_for_reading(folder)) as conn:
            if not fits(conn, new):
                return None
    except (FileNotFoundError, KeyUnusable, StateUnusable, sqlite3.Error):
        return None  # whoever opens the state says it better
    with suppress(OSError):  # a folder that can only be read: the key serves under this name too
        exchange(folder)
    return new


async def _seal_anew(state: State, old: Keys, new: Keys) -> tuple[int, int, int]:
    """All in one transaction: (secrets, before-images, before-images that do not open)."""
    now = stamp(state.clock.now())

    def work(conn: sqlite3.Connection) -> tuple[int, int, int]:
        if state.journal.fence is not None:
            state.journal.fence(conn)
        must_still_fit(conn, old, state.store.path)
        conn.execute("PRAGMA secure_delete = ON")  # what the old key sealed must not stay readable in unused pages
        count = _secrets(conn, old, new)
        images, damaged = _images(conn, old, new)
        hand_over(conn, old, new, now)
        return count, images, damaged

    return await state.store.write(work)


def _secrets(conn: sqlite3.Connection, old: Keys, new: Keys) -> int:
    sql = statements("upkeep")
    rows = conn.execute(sql.secrets).fetchall()
    for name, sealed in rows:
        where = secrets.context(name)
        try:
            value = old.open(where, bytes(sealed))
        except KeyUnusable:
            hint = f"set it again (trueup secrets set {name}) or remove it (trueup secrets rm {name}), then run this again"
            raise KeyUnusable(f"the secret {name!r} does not open with today's key; nothing was changed", hint=hint) from None
        conn.execute(sql.reseal_secret, (new.seal(where, value), name))
    return len(rows)


def _images(conn: sqlite3.Connection, old: Keys, new: Keys) -> tuple[int, int]:
    sql, last, images, damaged = statements("upkeep"), -1, 0, 0
    while rows := conn.execute(sql.images, (last, _CHUNK)).fetchall():
        for last, run, change, sealed in rows:
            where = journal.context(run, change)
            try:
                conn.execute(sql.reseal_image, (new.seal(where, old.open(where, bytes(sealed))), last))
                images += 1
            except KeyUnusable:
                damaged += 1
    return images, damaged


def _forget_the_old(conn: sqlite3.Connection) -> None:
    """The log beside the file still holds the pages as they were; busy readers keep it until they end."""
    with suppress(sqlite3.Error):
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
