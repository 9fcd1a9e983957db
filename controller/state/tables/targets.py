"""What is remembered about targets and sources: who answered, whether it was ever brought into order, the last complete read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import timedelta

from controller.sdk.context import Clock
from controller.state.rows import Protection, ReadRow, TargetRow, stamp
from controller.state.statements import statements
from controller.state.writer import Store


class Targets:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("targets")

    async def get(self, resource: str) -> TargetRow | None:
        row = await self._store.read(lambda conn: conn.execute(self._sql.get, (resource,)).fetchone())
        return _target(row) if row else None

    async def all(self) -> list[TargetRow]:
        rows = await self._store.read(lambda conn: conn.execute(self._sql.all).fetchall())
        return [_target(row) for row in rows]

    async def identity(self, resource: str) -> str:
        """The serial number remembered at first contact, empty when there was none."""
        known = await self.get(resource)
        return known.identity if known else ""

    async def initialised(self, resource: str) -> bool:
        """Whether an apply ever brought this target into order with this state."""
        known = await self.get(resource)
        return known is not None and known.initialised

    async def meet(self, resource: str, identity: str) -> None:
        """First contact. What is remembered already stays: an exchanged device is forgotten first."""
        now = stamp(self._clock.now())
        await self._store.write(lambda conn: conn.execute(self._sql.meet, (resource, identity, now)).rowcount)

    async def applied(self, resource: str, run: str, spec: str, document: str = "") -> None:
        """A run worked on this target with this spec (its digest, and where it is wanted later the spec itself): from now on it
        counts as initialised."""
        await self._store.write(lambda conn: conn.execute(self._sql.applied, (resource, run, spec, document)).rowcount)

    async def remember_read(self, resource: str, counts: Mapping[str, int]) -> None:
        """A complete read: kind to number of entities."""
        now = stamp(self._clock.now())
        rows = [(resource, kind, count, now) for kind, count in counts.items()]
        await self._store.write(lambda conn: conn.executemany(self._sql.read, rows).rowcount)

    async def last_read(self, resource: str) -> dict[str, ReadRow]:
        """The last complete read of each kind."""
        rows = await self._store.read(lambda conn: conn.execute(self._sql.last_reads, (resource,)).fetchall())
        return {row[1]: ReadRow(*row) for row in rows}

    async def remember_source(self, name: str, count: int) -> None:
        """A complete read of a source: number of records."""
        await self.remember_read(_source(name), {"": count})

    async def source_count(self, name: str) -> int | None:
        """How many records the last complete read found; None when there was none."""
        found = await self.last_read(_source(name))
        return found[""].count if found else None

    async def forget(self, resource: str) -> None:
        """Everything here about a resource that left the specs; protections stay."""

        def work(conn: sqlite3.Connection) -> None:
            conn.execute(self._sql.forget, (resource,))
            conn.execute(self._sql.forget_reads, (resource,))

        await self._store.write(work)


class Logins:
    """Which name and password a system refused, so that no schedule locks an account by trying them again and again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("targets")

    async def refused(self, login: str, *, within: float) -> str:
        """When this login (a keyed fingerprint) was refused within so many seconds; empty when it was not."""
        since = stamp(self._clock.now() - timedelta(seconds=within))
        row = await self._store.read(lambda conn: conn.execute(self._sql.refused_login, (login, since)).fetchone())
        return str(row[0]) if row else ""

    async def refuse(self, login: str) -> None:
        now = stamp(self._clock.now())
        await self._store.write(lambda conn: conn.execute(self._sql.refuse_login, (login, now)).rowcount)

    async def accept(self, login: str) -> None:
        await self._store.write(lambda conn: conn.execute(self._sql.accept_login, (login,)).rowcount)


class Protections:
    """Patterns that outlive the spec that declared them, until somebody releases them by name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sql = statements("targets")

    async def remember(self, resource: str, kind: str, patterns: Iterable[str]) -> None:
        """``kind`` is protect, never_remove or ignore. Known ones keep their date; writes nothing when all are known."""
        known = {p.pattern for p in await self.all() if p.resource == resource and p.kind == kind}
        now = stamp(self._clock.now())
        fresh = [(resource, pattern, kind, now) for pattern in patterns if pattern not in known]
        if fresh:
            await self._store.write(lambda conn: conn.executemany(self._sql.protect, fresh).rowcount)

    async def all(self) -> list[Protection]:
        return [Protection(*row) for row in await self._store.read(lambda conn: conn.execute(self._sql.protections).fetchall())]

    async def release(self, resource: str, pattern: str) -> bool:
        """Drop a pattern in all its kinds; False when there was none."""
        return await self._store.write(lambda conn: conn.execute(self._sql.release, (resource, pattern)).rowcount) > 0


def _target(row: tuple[str, str, str, int, str, str, str]) -> TargetRow:
    resource, identity, first_contact, initialised, last_run, spec, document = row
    return TargetRow(resource, identity, first_contact, bool(initialised), last_run, spec, document)


def _source(name: str) -> str:
    return f"Source/{name}"
