"""Which records stand behind what we own, kept true although what does not change is never written.

A *mark* per target is a keyed digest of all origins: while it stays the same no row is looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from controller.state.statements import statements
from controller.state.tables.inventory import also_text
from controller.state.writer import Store

Records = tuple[tuple[str, str], ...]  # (source, record), the first one first
Behind = Callable[[str], Records]  # of a key as the rows hold it; nothing for what is not declared


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
        for key, *known in conn.execute(self._sql.rows, place):
            if (records := behind(key)) and (wanted := [*records[0], also_text(records[1:])]) != known:
                found.append((*wanted, *place, key))
        return found

    async def doubt(self, resource: str, mark: str) -> None:
        """Rows are written from a plan with this mark: any other that is kept holds no more. Writes nothing when it is the same."""
        if await self.mark(resource) not in ("", mark):
            await self._store.write(lambda conn: conn.execute(self._sql.doubt, (resource, mark)).rowcount)
