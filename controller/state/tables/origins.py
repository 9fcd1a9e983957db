"""Which records stand behind what we own, kept true although what does not change is never written.

A *mark* per target is a keyed digest of all origins: while it stays the same no row is looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from controller.model.record import RecordRef
from controller.state.statements import statements
from controller.state.tables.inventory import also_text
from controller.state.writer import Store

Behind = Callable[[str], Sequence[RecordRef]]  # of a key as the rows hold it; nothing for what is not declared


class Origins:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = statements("origins")

    async def mark(self, resource: str) -> str:
        """The mark that the rows of this resource agree with, empty when nobody knows."""
        row = await self._store.read(lambda conn: conn.execute(self._sql.mark, (resource,)).fetchone())
        return row[0] if row else ""

    async def settle(self, resource: str, mark: str, kinds: Mapping[str, Behind]) -> int:
        """Let every row name the records that stand behind it now, and keep the mark; how many rows named others. A row of which
        nothing is declared stays as it is."""

        def work(conn: sqlite3.Connection) -> int:
            moved = [row for kind, behind in kinds.items() for row in self._moved(conn, (resource, kind), behind)]
            conn.executemany(self._sql.move, moved)
            conn.execute(self._sql.settled, (resource, mark))
            return len(moved)

        return await self._store.write(work)

    def _moved(self, conn: sqlite3.Connection, place: tuple[str, str], behind: Behind) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        for key, source, record, also in conn.execute(self._sql.rows, place):
            records = behind(key)
            if not records:
                continue
            first = records[0]
            others = also_text((r.source, r.key) for r in records[1:]) if len(records) > 1 else ""
            if first.key != record or first.source != source or others != also:
                found.append((first.source, first.key, others, *place, key))
        return found

    async def doubt(self, resource: str, mark: str) -> None:
        """Rows are written from a plan with this mark: any other that is kept holds no more. Writes nothing when it is the same."""
        if await self.mark(resource) not in ("", mark):
            await self._store.write(lambda conn: conn.execute(self._sql.doubt, (resource, mark)).rowcount)
