"""Whether the state is whole and what in it waits for somebody: ``state check``, and the part of ``doctor`` about it.

Reads only, and needs no spec; each finding says what to do next.
"""

from __future__ import annotations

import sqlite3
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from controller.model.errors import KeyUnusable, TrueupError
from controller.sdk.context import Clock
from controller.state import opening
from controller.state.fitting import FINGERPRINTS, ROTATED, another_key, fits, value
from controller.state.keys import FILE as KEY
from controller.state.keys import LAST, NEXT, VARIABLE, Keys, load_keys, read_key
from controller.state.lease import Holder
from controller.state.migrate import migrations, version_of
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.tables import secrets
from controller.state.upkeep.finding import Finding, fail, fine, warn
from controller.state.upkeep.surroundings import log_size, rights, room


@dataclass(frozen=True)
class Checked:
    """What to check against: ``declared`` tells whether the specs know a resource; None when they cannot be read."""

    folder: Path
    environ: Mapping[str, str]
    clock: Clock
    declared: Callable[[str], bool] | None = None


def check_state(asked: Checked) -> list[Finding]:
    """Every finding, the file first. Nothing is raised: what cannot be looked at is a finding too."""
    folder = asked.folder
    if not (folder / opening.FILE).exists():
        return [
            fine("state", f"there is no state in {folder} yet; the first `trueup plan` makes one"),
            *_waiting_key(folder),
            room(folder),
        ]
    findings = [*rights(folder), log_size(folder), room(folder)]
    try:
        with closing(opening.open_for_reading(folder)) as conn:
            return [*_within(conn, asked), *findings]
    except sqlite3.Error as error:
        return [fail("integrity", f"the state cannot be read to its end: {error}", _RESTORE), *findings]
    except TrueupError as error:
        return [fail("integrity", error.message, error.hint), *findings]


_RESTORE = "bring back a backup: trueup state restore FILE"


def _within(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    for look in (_whole, _version, _key, _lease, _unfinished, _open_runs, _pending, _orphaned, _time):
        yield from look(conn, asked)


def _whole(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    problems = [str(row[0]) for row in conn.execute("PRAGMA integrity_check(3)")]
    broken = len(conn.execute("PRAGMA foreign_key_check").fetchall())
    if problems != ["ok"]:
        yield fail("integrity", f"the state file is damaged: {'; '.join(problems)}", _RESTORE)
    elif broken:
        yield fail("integrity", f"{broken} rows name something that is not there", _RESTORE)
    else:
        resources, entities = conn.execute(statements("upkeep").size).fetchone()
        yield fine("integrity", f"every page is whole; entries of ours: {entities:,}, on resources: {resources:,}")


def _version(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    found, newest = version_of(conn), max(migrations())
    if found < newest:
        yield warn(
            "version", f"version {found} of the state, this trueup writes {newest}", "the next plan or apply brings it up to date"
        )
    else:
        yield fine("version", f"version {found} of the state")


def _key(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    try:
        keys = _todays(conn, asked)
    except KeyUnusable as error:
        yield fail("key", error.message, error.hint)
    else:
        yield fine("key", f"the key fits ({VARIABLE if VARIABLE in asked.environ else f'file {KEY}'})")
        yield from _sealed(conn, keys)
    yield from _left_keys(asked)


def _todays(conn: sqlite3.Connection, asked: Checked) -> Keys:
    """The key that opens the state: after a rotation that was cut off it may still have its first name. Raises KeyUnusable."""
    if VARIABLE not in asked.environ and (asked.folder / NEXT).exists():
        with suppress(KeyUnusable):
            if fits(conn, new := read_key(asked.folder / NEXT)):
                return new
    keys = load_keys(asked.folder, asked.environ)
    if not fits(conn, keys):
        raise another_key(asked.folder / opening.FILE, value(conn, ROTATED))
    return keys


def _sealed(conn: sqlite3.Connection, keys: Keys) -> Iterator[Finding]:
    """Whether what is sealed opens; nothing of it is looked at."""
    closed, rows = [], conn.execute(statements("upkeep").secrets).fetchall()
    for name, sealed in rows:
        if not _opens(partial(keys.open, secrets.context(name), bytes(sealed))):
            closed.append(name)
    for name in closed:
        yield fail("secrets", f"the secret {name!r} does not open with this key", f"set it again: trueup secrets set {name}")
    if not closed:
        yield fine("secrets", f"{len(rows)} sealed, all open")
    wrapped, workspace = value(conn, FINGERPRINTS), value(conn, "workspace")
    if wrapped and not _opens(partial(keys.with_fingerprints, workspace, b64decode(wrapped))):
        yield fail("fingerprints", "the key of the fingerprints does not open: nothing that is ours can be compared", _RESTORE)


def _opens(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except KeyUnusable:
        return False
    return True


def _left_keys(asked: Checked) -> Iterator[Finding]:
    if (asked.folder / LAST).exists():
        yield warn(
            "old-key",
            f"an older key lies in {asked.folder / LAST}",
            "older backups need it: keep it elsewhere",
        )
    yield from _waiting_key(asked.folder)


def _waiting_key(folder: Path) -> Iterator[Finding]:
    if (folder / NEXT).exists():
        yield warn(
            "new-key",
            f"a key of a rotation lies in {folder / NEXT}",
            f"bring it to where {VARIABLE} comes from, then delete it; without {VARIABLE} the next plan finishes the rotation",
        )


def _lease(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    row = conn.execute(statements("upkeep").lease).fetchone()
    holder = Holder(*row) if row else None
    if holder is None or not holder.holder:
        yield fine("lease", "nobody works with this state")
    elif holder.is_gone(asked.clock.now().timestamp()):
        yield fine("lease", f"free: {holder.words} is gone")
    else:
        yield fine("lease", f"held: {holder.words}")


def _unfinished(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    rows = conn.execute(statements("upkeep").unfinished).fetchall()
    working = _worked_on(conn, asked)
    for resource, count, since in rows:
        message = f"{resource}: the end of {count} changes is not known, since {since}"
        if working:
            yield fine("unfinished", f"{message}; a run is at work")
        else:
            yield warn("unfinished", message, f"let a run look first: trueup apply --target {resource}")
    if not rows:
        yield fine("unfinished", "every change that was begun has its end")


def _open_runs(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    if _worked_on(conn, asked):
        return
    for run, started, host, pid in conn.execute(statements("upkeep").open_runs):
        message = f"run {run} (process {pid} on {host}, since {started}) ended without a word"
        yield warn("open-run", message, f"go on with it: trueup apply --resume {run}; any other apply closes it")


def _worked_on(conn: sqlite3.Connection, asked: Checked) -> bool:
    row = conn.execute(statements("upkeep").lease).fetchone()
    return bool(row) and not Holder(*row).is_gone(asked.clock.now().timestamp())


def _pending(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    for resource, count in conn.execute(statements("upkeep").pending):
        message = f"{resource}: {count} entries were begun and never seen there"
        yield warn("pending", message, f"see them: trueup state list {resource} --status pending; the next apply looks for them")


def _orphaned(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    if asked.declared is None:
        yield warn(
            "orphaned", "whether everything of ours is still declared is not known: the specs cannot be read", "trueup validate"
        )
        return
    for resource, count in conn.execute(statements("upkeep").inventory):
        if not asked.declared(resource):
            yield warn(
                "orphaned",
                f"{resource}: {count} entries of ours, and no spec declares it any more",
                f"declare it again, or rename it (trueup state mv {resource} NEW), or let it go: trueup state forget {resource}",
            )


def _time(conn: sqlite3.Connection, asked: Checked) -> Iterator[Finding]:
    """Times only grow: what is remembered from the future was written with another clock."""
    newest, now = conn.execute(statements("upkeep").newest).fetchone()[0] or "", stamp(asked.clock.now())
    if newest > now:
        yield warn(
            "time", f"the state remembers {newest}, and this machine's clock says {now}", "set the clock: validity is judged by it"
        )
