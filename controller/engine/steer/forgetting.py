"""``state forget``: trueup lets go of a resource or of entities. What was ours at the target stays there as it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from functools import partial

from controller.engine.marks import Marks
from controller.model.address import Address
from controller.model.errors import UsageError
from controller.state.lease import account, acquire, node
from controller.state.rows import OwnedRow, stamp
from controller.state.statements import statements
from controller.state.store import State
from controller.state.upkeep.holdings import address_of, holdings, must_be_known, rows_of


@dataclass(frozen=True)
class Farewell:
    """What would be forgotten: ``resources`` as a whole (with serial number, reads and conditions), or only ``rows``.

    ``left`` are entities that hang on the forgotten ones and stay ours; ``open`` changes whose end nobody will look for any more.
    """

    text: str
    resources: tuple[str, ...]
    rows: tuple[OwnedRow, ...]
    left: tuple[OwnedRow, ...] = ()
    open: int = 0
    protections: int = 0


async def farewell(state: State, text: str) -> Farewell:
    """What an address stands for, ``*`` for anything; a card may be named by its number or by its token. Raises UsageError."""
    _must_mean_something(text)
    await must_be_known(state, text)
    place, colon, _ = text.partition(":")
    rows = await rows_of(state, await _with_tokens(state, text))
    if colon and not rows:
        raise UsageError(f"{text} is not in the inventory", hint=f"see what is: trueup state list {place}")
    names = tuple(dict.fromkeys(row.resource for row in rows)) if colon else await _names(state, place)
    going = {(row.resource, row.kind, row.key) for row in rows}
    everything = [row for name in names for row in await rows_of(state, name)] if colon else []
    keys = {(row.resource, row.key) for row in rows}
    left = [r for r in everything if (r.resource, r.subject) in keys and (r.resource, r.kind, r.key) not in going]
    begun = [entry for entry in await state.journal.unfinished() if entry.resource in names]
    protections = [p for p in await state.protections.all() if p.resource in names]
    return Farewell(
        text,
        () if colon else names,
        tuple(rows),
        tuple(left),
        sum(not colon or (entry.resource, entry.kind, entry.key) in going for entry in begun),
        0 if colon else len(protections),
    )


async def forget(state: State, meant: Farewell, *, protections: bool = False, wait: float = 0.0) -> int:
    """Carry it out under the lease; how many entries of the inventory went. Raises UsageError when the state is not any more what
    was shown, and LeaseHeld while somebody applies."""
    async with await acquire(state, "apply", doing="state forget", wait=wait):
        now = await farewell(state, meant.text)
        if now != meant:
            raise UsageError("the state has changed since it was shown; nothing was forgotten", hint="run this again")
        return await state.store.write(partial(_let_go, state, meant, protections))


def _let_go(state: State, meant: Farewell, protections: bool, conn: sqlite3.Connection) -> int:
    sql, now = statements("upkeep"), stamp(state.clock.now())
    if state.journal.fence is not None:
        state.journal.fence(conn)
    places = [{"now": now, "resource": row.resource, "kind": row.kind, "key": row.key} for row in meant.rows]
    conn.executemany(sql.end_entry, places)
    conn.executemany(sql.forget_entity, [(row.resource, row.kind, row.key) for row in meant.rows])
    for name in meant.resources:
        conn.execute(sql.end_entry, {"now": now, "resource": name, "kind": "", "key": ""})
        for statement in (sql.forget_targets, sql.forget_reads, sql.forget_conditions):
            conn.execute(statement, (name,))
        if protections:
            conn.execute(sql.forget_protections, (name,))
    conn.executemany(sql.event, [(now, "state.forgotten", *told, "warning") for told in _told(meant)])
    return len(meant.rows)


def _told(meant: Farewell) -> list[tuple[str, str]]:
    """(subject, message) of one event per resource. Never the address as it was typed: it may hold the number of a card."""
    by = f"by {account()} on {node().split()[0]}; nothing was sent to a target"
    if len(meant.rows) == 1 and not meant.resources:
        return [(str(address_of(meant.rows[0])), f"let go {by}")]
    counts = Counter(row.resource for row in meant.rows)
    return [(name, f"{counts[name]} entries let go {by}") for name in meant.resources or counts]


def _must_mean_something(text: str) -> None:
    if "/" not in text.partition(":")[0]:
        raise UsageError(f"{text!r} is not an address", hint="write Kind/name or Kind/name:entity/key; * stands for anything")
    if ":" in text and "/" not in text.partition(":")[2]:
        hint = f"write {text}/KEY, or {text}/* for all of them"
        raise UsageError(f"{text!r} names no entity", hint=hint)


async def _with_tokens(state: State, text: str) -> str:
    """The address as the inventory may hold it: a card number stands there as its token."""
    if "*" in text or ":" not in text or state.keys is None:
        return text
    wanted = Address.parse(text)
    name, token = str(wanted.resource), Marks(state.keys.fingerprint).hidden(wanted.entity, wanted.key)
    known = await state.inventory.load(name, wanted.entity, {wanted.key, token})
    return str(wanted.of(wanted.entity, token)) if token in known and wanted.key not in known else text


async def _names(state: State, place: str) -> tuple[str, ...]:
    return tuple(holding.address for holding in await holdings(state, place))
