"""Events and conditions: what happened, and how each resource stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from controller.model.event import ConditionState, Event, condition_changed
from controller.sdk.context import Clock
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.writer import Store


class Events:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = statements("events")

    async def add(self, events: Sequence[Event]) -> None:
        if events:
            await self._store.write(lambda conn: tell(conn, events))

    async def latest(self, n: int = 50, *, type: str = "", subject: str = "") -> list[Event]:
        """The newest first; an empty filter lets everything pass."""
        wanted = {"n": n, "type": type, "subject": subject}
        return [Event(*row) for row in await self._store.read(lambda conn: conn.execute(self._sql.latest, wanted).fetchall())]


class Conditions:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("events")

    async def set(self, conditions: Sequence[ConditionState]) -> None:
        """Write conditions; ``last_transition`` moves only when the status changes, and that is told as an event. Without one in
        the value, it is now."""
        now = stamp(self._clock.now())
        rows = [
            (c.resource, c.type, c.status, c.reason, c.message, c.observed_generation, c.last_transition or now) for c in conditions
        ]

        def work(conn: sqlite3.Connection) -> None:
            known = {(name, kind): status for name, kind, status, *_ in conn.execute(self._sql.all)}
            tell(conn, (condition_changed(c, now) for c in conditions if known.get((c.resource, c.type)) != c.status))
            conn.executemany(self._sql.set, rows)

        if rows:
            await self._store.write(work)

    async def of(self, resource: str) -> list[ConditionState]:
        rows = await self._store.read(lambda conn: conn.execute(self._sql.of, (resource,)).fetchall())
        return [ConditionState(*row) for row in rows]

    async def all(self) -> list[ConditionState]:
        return [ConditionState(*row) for row in await self._store.read(lambda conn: conn.execute(self._sql.all).fetchall())]

    async def forget(self, resource: str) -> None:
        await self._store.write(lambda conn: conn.execute(self._sql.forget, (resource,)).rowcount)


def tell(conn: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Write events in the transaction of what they tell of: they cost no commit, and never tell what did not happen."""
    conn.executemany(statements("events").add, ((e.time, e.type, e.subject, e.message, e.severity, e.run) for e in events))
