"""The journal (*begin* before the call, *end* after it) and the outcomes. It records; recovery is decided by the engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from controller.model.errors import KeyUnusable
from controller.model.event import Event, change_ended
from controller.model.outcome import Outcome, Status
from controller.sdk.context import Clock
from controller.state.keys import Keys
from controller.state.rows import Begun, Finished, stamp
from controller.state.statements import statements
from controller.state.tables.events import tell
from controller.state.tables.inventory import drop, put, put_pending, undo
from controller.state.writer import Store


class Journal:
    """``fence`` is called within each *begin* and raises when the lease went to somebody else meanwhile."""

    def __init__(self, store: Store, clock: Clock, keys: Keys | None) -> None:
        self.fence: Callable[[sqlite3.Connection], None] | None = None
        self._store = store
        self._clock = clock
        self._keys = keys
        self._sql = statements("journal")

    def seal_before(self, run: str, change: str, image: bytes) -> bytes:
        """A before-image sealed for one change of one run."""
        return self._need_keys().seal(context(run, change), image)

    def open_before(self, entry: Begun) -> bytes:
        """The before-image of an entry that was read back; raises KeyUnusable when it was changed or moved."""
        return self._need_keys().open(context(entry.run, entry.change), entry.before)

    async def begin(self, run: str, entries: Sequence[Begun]) -> None:
        """Write intentions, with their pending inventory rows; durable when this returns. Raises LeaseLost when fenced off.

        An inventory row that is owned already is not made pending.
        """
        now = stamp(self._clock.now())
        rows = [
            (run, e.change, e.resource, e.kind, e.key, e.action, e.after_fingerprint, e.before, e.began_at or now) for e in entries
        ]
        pending = [entry.owned for entry in entries if entry.owned is not None]

        def work(conn: sqlite3.Connection) -> None:
            if self.fence is not None:
                self.fence(conn)
            conn.executemany(self._sql.begin, rows)
            put_pending(conn, pending)

        await self._store.write(work)

    async def finish(self, run: str, entries: Sequence[Finished]) -> None:
        """End entries: journal, outcome, inventory, events in one transaction. Also for what was never begun (skipped, stale)."""
        now = stamp(self._clock.now())
        ended = [(now, run, entry.outcome.change) for entry in entries]
        outcomes = [_outcome(run, entry, now) for entry in entries]
        owned = [entry.owned for entry in entries if entry.owned is not None]
        removed = [(e.outcome.resource, e.outcome.kind, e.outcome.key) for e in entries if e.remove]
        undone = [(e.outcome.resource, e.outcome.kind, e.outcome.key, run) for e in entries if e.undo]
        told = _told(run, entries, now)

        def work(conn: sqlite3.Connection) -> None:
            conn.executemany(self._sql.finish, ended)
            conn.executemany(self._sql.outcome, outcomes)
            put(conn, owned)
            drop(conn, removed)
            undo(conn, undone)
            tell(conn, told)

        await self._store.write(work)

    async def settle(self, entries: Sequence[tuple[str, Finished]]) -> None:
        """End what crashed runs left open: (run, what was found when looking). One transaction per run."""
        by_run: dict[str, list[Finished]] = {}
        for run, entry in entries:
            by_run.setdefault(run, []).append(entry)
        for run, found in by_run.items():
            await self.finish(run, found)

    async def unfinished(self) -> list[Begun]:
        """Begun and not ended, over all runs, in the order in which they were begun; ``run`` is set, ``owned`` is not."""

        def work(conn: sqlite3.Connection) -> list[Begun]:
            return [_begun(row) for row in conn.execute(self._sql.unfinished)]

        return await self._store.read(work)

    def _need_keys(self) -> Keys:
        if self._keys is None:
            raise KeyUnusable("before-images are sealed, and no key was given", hint="set TRUEUP_KEY or restore the key file")
        return self._keys


class Outcomes:
    """What became of each change; written by ``Journal.finish``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("journal")

    async def add(self, run: str, entries: Sequence[Finished]) -> None:
        """Say how changes ended so far without closing their journal entries: what is unsure stays to be looked up."""
        now = stamp(self._clock.now())
        rows, told = [_outcome(run, entry, now) for entry in entries], _told(run, entries, now)

        def work(conn: sqlite3.Connection) -> None:
            conn.executemany(self._sql.outcome, rows)
            tell(conn, told)

        await self._store.write(work)

    async def of_run(self, run: str) -> list[Outcome]:
        """The last outcome of each change of a run."""

        def work(conn: sqlite3.Connection) -> list[Outcome]:
            return [_ended(row) for row in conn.execute(self._sql.of_run, (run,))]

        return await self._store.read(work)

    async def effects_since(self, resource: str, since: str, but_plan: str = "") -> dict[str, int]:
        """How many changes granted, revoked or were neutral since a UTC text, those of one plan left out. Counts also what may have
        had its effect."""
        asked = (resource, since, but_plan)
        return await self._store.read(lambda conn: dict(conn.execute(self._sql.effects_since, asked).fetchall()))


def _told(run: str, entries: Sequence[Finished], now: str) -> list[Event]:
    found = (change_ended(entry.outcome, run, now) for entry in entries)
    return [event for event in found if event is not None]


def context(run: str, change: str) -> str:
    """What a before-image's seal is bound to."""
    return f"before\0{run}\0{change}"


def _outcome(run: str, entry: Finished, now: str) -> tuple[Any, ...]:
    o = entry.outcome
    return (
        run, o.change, o.resource, o.kind, o.key, o.action, o.status.value, o.message, o.code, o.label, o.subject, o.effect,
        o.attempts, o.seconds, entry.effect_class, now,
    )  # fmt: skip


def _ended(row: tuple[Any, ...]) -> Outcome:
    change, resource, kind, key, action, status, message, code, label, subject, effect, attempts, seconds = row
    return Outcome(
        change, resource, kind, key, action, Status(status), message, code, label, subject, effect, attempts, seconds
    )  # fmt: skip


def _begun(row: tuple[Any, ...]) -> Begun:
    change, resource, kind, key, action, fingerprint, before, run, began_at = row
    return Begun(change, resource, kind, key, action, fingerprint, bytes(before), None, run, began_at)
