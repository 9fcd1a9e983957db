"""Runs and the plans they walk; the plan stays with its run so that ``apply --resume`` needs no file."""

from __future__ import annotations

import sqlite3

from controller.model.event import run_ended, run_started
from controller.sdk.context import Clock
from controller.state.rows import RunRow, stamp
from controller.state.statements import statements
from controller.state.tables.events import tell
from controller.state.writer import Store


class Runs:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("runs")

    async def start(self, row: RunRow, plan: bytes) -> None:
        """Write a new run with its plan (JSON); raises sqlite3.IntegrityError when the run exists."""

        def work(conn: sqlite3.Connection) -> None:
            values = (row.run, row.started, row.plan_id, row.spec, row.host, row.pid, row.status, row.ended, row.summary)
            conn.execute(self._sql.start, values)
            conn.execute(self._sql.keep_plan, (row.run, plan))
            tell(conn, [run_started(row.run, row.plan_id, row.started)])

        await self._store.write(work)

    async def reopen(self, run: str, *, host: str, pid: int) -> None:
        """A run goes on (``--resume``): it is open again, and worked on from here."""
        await self._store.write(lambda conn: conn.execute(self._sql.reopen, (host, pid, run)).rowcount)

    async def close(self, run: str, status: str, summary: str) -> None:
        """``status`` is a roll-up word, "cancelled" or "interrupted"; ``summary`` says in words how many changes ended how."""
        now = stamp(self._clock.now())

        def work(conn: sqlite3.Connection) -> None:
            conn.execute(self._sql.close, (status, summary, now, run))
            tell(conn, [run_ended(run, status, summary, now)])

        await self._store.write(work)

    async def get(self, run: str) -> RunRow | None:
        row = await self._store.read(lambda conn: conn.execute(self._sql.get, (run,)).fetchone())
        return RunRow(*row) if row else None

    async def latest(self, n: int = 1) -> list[RunRow]:
        """The newest first."""
        return [RunRow(*row) for row in await self._store.read(lambda conn: conn.execute(self._sql.latest, (n,)).fetchall())]

    async def open_runs(self) -> list[RunRow]:
        """Runs that nobody closed: still at work, killed, or crashed. The oldest first."""
        return [RunRow(*row) for row in await self._store.read(lambda conn: conn.execute(self._sql.open_runs).fetchall())]

    async def plan(self, run: str) -> bytes | None:
        """The plan's JSON as it was given to ``start``; None for an unknown run or one whose plan was pruned."""
        row = await self._store.read(lambda conn: conn.execute(self._sql.plan, (run,)).fetchone())
        return bytes(row[0]) if row else None
