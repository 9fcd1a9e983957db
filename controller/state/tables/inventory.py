"""What we own on each target. Keys are as the rows hold them: tokens where the kind's key is sensitive."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from controller.state.rows import OwnedRow
from controller.state.statements import statements
from controller.state.writer import Store

_LOAD = 5000  # keys in one query: the list of them is one argument


class Inventory:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = statements("inventory")

    async def index(self, resource: str, kind: str) -> dict[str, str]:
        """Every key with its status, "owned" or "pending". Reads an index only: 50,000 rows take milliseconds."""
        return await self._store.read(lambda conn: _texts.decode(conn.execute(self._sql.index, (resource, kind)).fetchone()[0]))

    async def tombstones(self, resource: str, kind: str) -> set[str]:
        """The keys that are barred and stay so."""
        return await self._store.read(lambda conn: {key for (key,) in conn.execute(self._sql.tombstones, (resource, kind))})

    async def load(self, resource: str, kind: str, keys: Iterable[str]) -> dict[str, OwnedRow]:
        """The rows of these keys; what is not in the inventory is left out."""
        wanted = list(keys)

        def work(conn: sqlite3.Connection) -> dict[str, OwnedRow]:
            found: dict[str, OwnedRow] = {}
            for start in range(0, len(wanted), _LOAD):
                names = json.dumps(wanted[start : start + _LOAD])
                rows = conn.execute(self._sql.load, {"resource": resource, "kind": kind, "keys": names})
                found.update((row[2], _read(row)) for row in rows)
            return found

        return await self._store.read(work) if wanted else {}

    async def everything(self, resource: str) -> dict[str, dict[str, OwnedRow]]:
        """All rows of a resource: kind to key to row."""

        def work(conn: sqlite3.Connection) -> dict[str, dict[str, OwnedRow]]:
            found: dict[str, dict[str, OwnedRow]] = {}
            for row in conn.execute(self._sql.everything, (resource,)):
                found.setdefault(row[1], {})[row[2]] = _read(row)
            return found

        return await self._store.read(work)

    async def by_record(self, resource: str, source: str, record: str) -> list[tuple[str, str]]:
        """(kind, key) of everything that this record of this source made here."""
        return await self._store.read(lambda conn: conn.execute(self._sql.by_record, (resource, source, record)).fetchall())

    async def by_remote_id(self, resource: str, kind: str) -> dict[str, str]:
        """The target's own id to our key, where it gave one."""
        return await self._store.read(lambda conn: dict(conn.execute(self._sql.by_remote_id, (resource, kind)).fetchall()))

    async def found(self, resource: str, kind: str) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """(source, record) to the (key, remote id) of everything that is ours on that record's word, barred ones too."""

        def work(conn: sqlite3.Connection) -> dict[tuple[str, str], list[tuple[str, str]]]:
            found: dict[tuple[str, str], list[tuple[str, str]]] = {}
            for source, record, key, remote_id in conn.execute(self._sql.found, (resource, kind)):
                found.setdefault((source, record), []).append((key, remote_id))
            return found

        return await self._store.read(work)

    async def counts(self) -> dict[str, dict[str, int]]:
        """Resource to kind to number of rows."""

        def work(conn: sqlite3.Connection) -> dict[str, dict[str, int]]:
            found: dict[str, dict[str, int]] = {}
            for resource, kind, count in conn.execute(self._sql.counts):
                found.setdefault(resource, {})[kind] = count
            return found

        return await self._store.read(work)

    async def resources(self) -> list[str]:
        """The addresses that we own something on."""
        return await self._store.read(lambda conn: [address for (address,) in conn.execute(self._sql.resources)])

    async def upsert(self, rows: Iterable[OwnedRow]) -> None:
        await self._store.write(lambda conn: put(conn, rows))

    async def remove(self, resource: str, kind: str, keys: Iterable[str]) -> None:
        places = [(resource, kind, key) for key in keys]
        await self._store.write(lambda conn: drop(conn, places))

    async def forget_resource(self, resource: str) -> int:
        """Drop all rows of a resource, leaving everything at the target; how many there were."""
        return await self._store.write(lambda conn: conn.execute(self._sql.forget_resource, (resource,)).rowcount)


def put(conn: sqlite3.Connection, rows: Iterable[OwnedRow]) -> None:
    conn.executemany(statements("inventory").upsert, map(_write, rows))


def put_pending(conn: sqlite3.Connection, rows: Iterable[OwnedRow]) -> None:
    """Insert, or refresh what is pending already; a row that is owned stays as it is until the change has ended."""
    conn.executemany(statements("inventory").begin, map(_write, rows))


def undo(conn: sqlite3.Connection, begun: Iterable[tuple[str, str, str, str]]) -> None:
    """Drop what is still pending from a run: (resource, kind, key, run)."""
    conn.executemany(statements("inventory").undo, begun)


def drop(conn: sqlite3.Connection, places: Iterable[tuple[str, str, str]]) -> None:
    conn.executemany(statements("inventory").remove, places)


def also_text(records: Iterable[tuple[str, str]]) -> str:
    """The further records behind a row as the row holds them; nothing where there are none, as nearly everywhere."""
    found = tuple(records)
    return msgspec.json.encode(found).decode() if found else ""


def _write(row: OwnedRow) -> tuple[Any, ...]:
    managed = None if row.managed is None else msgspec.json.encode(row.managed).decode()
    return (
        row.resource, row.kind, row.key, row.status, int(row.tombstone), int(row.only_existing), row.remote_id, row.subject,
        row.label, msgspec.json.encode(row.fields).decode(), managed, row.source, row.record, row.run, row.written_at,
        also_text(row.also), row.evidence,
    )  # fmt: skip


_texts = msgspec.json.Decoder(dict[str, str])
_managed = msgspec.json.Decoder(tuple[str, ...])
_also = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def _read(row: tuple[Any, ...]) -> OwnedRow:
    (
        resource, kind, key, status, tombstone, only_existing, remote_id, subject, label, fields, managed, source, record, run, at,
        also, evidence,
    ) = row  # fmt: skip
    return OwnedRow(
        resource, kind, key, status, bool(tombstone), bool(only_existing), remote_id, subject, label, _texts.decode(fields),
        None if managed is None else _managed.decode(managed), source, record, run, at,
        _also.decode(also) if also else (), evidence,
    )  # fmt: skip
