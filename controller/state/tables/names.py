"""Renaming what is remembered: everything about a resource, or one entity's row, in one transaction."""

from __future__ import annotations

import sqlite3

from controller.state.statements import statements
from controller.state.writer import Store


class Names:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = statements("names")

    async def known(self, resource: str) -> bool:
        """Whether something is owned there, or a run brought it into order."""
        found = await self._store.read(lambda conn: conn.execute(self._sql.known, {"name": resource}).fetchone()[0])
        return bool(found)

    async def unfinished(self, resource: str) -> int:
        """How many changes there were begun and never ended."""
        found = await self._store.read(lambda conn: conn.execute(self._sql.unfinished, {"name": resource}).fetchone()[0])
        return int(found)

    async def move_resource(self, old: str, new: str) -> int:
        """Everything but events and the journal's ended entries, which tell what was; the number of inventory rows."""
        sql, names = self._sql, {"old": old, "new": new}

        def work(conn: sqlite3.Connection) -> int:
            for statement in (sql.clear_targets, sql.clear_reads, sql.clear_conditions):
                conn.execute(statement, {"new": new})
            conn.execute(sql.clear_protections, names)
            for statement in (sql.targets, sql.reads, sql.conditions, sql.protections, sql.outcomes, sql.journal):
                conn.execute(statement, names)
            return conn.execute(sql.inventory, names).rowcount

        return await self._store.write(work)

    async def move_entity(self, resource: str, kind: str, old: str, new: str) -> int:
        """The row, and the subject of what hangs on it; the number of rows that were the entity's own (1)."""
        sql, names = self._sql, {"resource": resource, "kind": kind, "old": old, "new": new}

        def work(conn: sqlite3.Connection) -> int:
            conn.execute(sql.subjects, names)
            return conn.execute(sql.entity, names).rowcount

        return await self._store.write(work)
