"""What happened: runs, how their changes ended, and events, for the commands that look back. Reads only, so that it works on a
state that somebody else is writing to and on one that nobody may write to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from controller.model.address import Address
from controller.model.event import Event
from controller.model.outcome import Outcome, Status
from controller.state.rows import Begun, RunRow
from controller.state.statements import statements
from controller.state.writer import Store

SEVERITIES = ("info", "warning", "error")


@dataclass(frozen=True)
class RunFilter:
    """Empty parts let every run pass. ``about`` is a pattern, of a resource or of an entity on it; ``since`` a UTC text; ``among``
    names resources of which one must be in it, None means any."""

    about: str = ""
    since: str = ""
    status: str = ""
    among: tuple[str, ...] | None = None


@dataclass(frozen=True)
class EventFilter:
    """Empty parts let every event pass. ``about`` is an address pattern: what happened on a resource is about the resource too.
    ``type`` is a whole type or its first word; ``level`` the least severity; ``among`` names resources, None means any."""

    about: str = ""
    since: str = ""
    type: str = ""
    run: str = ""
    level: str = "info"
    among: tuple[str, ...] | None = None


class Ended(msgspec.Struct, frozen=True):
    """How one change of a run ended, what it did to access (grants, revokes, neutral), and when (UTC text)."""

    outcome: Outcome
    effect: str
    at: str


class Past:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._sql = statements("past")

    async def find(self, beginning: str, n: int = 6) -> list[str]:
        """The runs whose id begins so, the newest first."""
        wanted = (_like(beginning) + "%", n)
        return [run for (run,) in await self._rows(self._sql.find, wanted)]

    async def runs(self, chosen: RunFilter, n: int) -> list[RunRow]:
        """The newest first."""
        about = {"resource": "", "kind": "", "key": ""} | _place(chosen.about)
        wanted = {"since": chosen.since, "status": chosen.status, "n": n, "among": _among(chosen.among), **about}
        return [RunRow(*row) for row in await self._rows(self._sql.runs, wanted)]

    async def counts(self, runs: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
        """Run to resource to status to number of changes; runs without an outcome are left out."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for run, resource, status, count in await self._rows(self._sql.counts, {"runs": json.dumps(list(runs))}):
            found.setdefault(run, {}).setdefault(resource, {})[status] = count
        return found

    async def ended(self, run: str) -> list[Ended]:
        """How each change of a run ended, in the order in which they did."""
        return [_ended(row) for row in await self._rows(self._sql.ended, (run,))]

    async def begun(self, run: str) -> dict[str, Begun]:
        """Change id to its first entry in the journal: the one whose before-image shows what stood there before the run."""
        found: dict[str, Begun] = {}
        for row in await self._rows(self._sql.begun, (run,)):
            found.setdefault(row[0], _begun(row))
        return found

    async def begun_one(self, run: str, change: str) -> Begun | None:
        """The first entry of one change; None where the journal does not hold it any more."""
        rows = await self._rows(self._sql.begun_one, (run, change))
        return _begun(rows[0]) if rows else None

    async def newest_event(self) -> int:
        """The number of the newest event, for those who want only what comes after it; 0 when there is none."""
        [(newest,)] = await self._rows(self._sql.newest_event, ())
        return int(newest)

    async def events(self, chosen: EventFilter, n: int, *, after: int = 0) -> list[tuple[int, Event]]:
        """The newest ``n`` events with their numbers, the oldest of them first; only those with a number above ``after``."""
        severities = SEVERITIES[SEVERITIES.index(chosen.level) :]
        wanted = {
            "after": after, "since": chosen.since, "subject": _pattern(chosen.about), "type": chosen.type, "run": chosen.run,
            "severities": json.dumps(severities), "n": n, "among": _among(chosen.among),
        }  # fmt: skip
        return [(seq, Event(*row)) for seq, *row in await self._rows(self._sql.events, wanted)]

    async def _rows(self, sql: str, wanted: Any) -> list[tuple[Any, ...]]:
        def work(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return conn.execute(sql, wanted).fetchall()

        return await self._store.read(work)


def _among(names: tuple[str, ...] | None) -> str:
    return "" if names is None else json.dumps(names)


def _like(text: str) -> str:
    """The text as a LIKE pattern that stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _pattern(text: str) -> str:
    """An address pattern, in which only ``*`` is a wildcard, as a LIKE pattern."""
    return _like(text).replace("*", "%")


def _place(about: str) -> dict[str, str]:
    """An address pattern in the columns of ``outcomes``, where keys stand decoded."""
    resource, _, entity = about.partition(":")
    kind, _, key = entity.partition("/")
    decoded = Address.parse(f"a/b:x/{key}").key if key else ""
    return {"resource": _pattern(resource), "kind": _pattern(kind), "key": _pattern(decoded)}


def _ended(row: tuple[Any, ...]) -> Ended:
    *begin, effect_class, at = row
    change, resource, kind, key, action, status, message, code, label, subject, effect, attempts, seconds = begin
    outcome = Outcome(
        change, resource, kind, key, action, Status(status), message, code, label, subject, effect, attempts, seconds
    )  # fmt: skip
    return Ended(outcome, effect_class, at)


def _begun(row: tuple[Any, ...]) -> Begun:
    change, resource, kind, key, action, fingerprint, before, run, began_at = row
    return Begun(change, resource, kind, key, action, fingerprint, bytes(before), None, run, began_at)
