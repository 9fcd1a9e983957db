"""The writer thread: writes share commits, an error undoes one write only, nothing returns before it is on disk."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.model.errors import StateUnusable
from controller.sdk.context import Clock
from controller.state.keys import Keys
from controller.state.rows import OwnedRow
from controller.state.store import State

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO workspace (name, value) VALUES (?, ?)"


def _add(name: str) -> Callable[[sqlite3.Connection], object]:
    return lambda conn: conn.execute(ADD, (name, "")).rowcount


def _names(conn: sqlite3.Connection) -> set[str]:
    return {name for (name,) in conn.execute("SELECT name FROM workspace")} - {"workspace", "key_check", "fingerprint_key"}


async def test_writes_that_wait_share_a_commit(state: State) -> None:
    before = state.store.commits
    gate = threading.Event()
    first = asyncio.ensure_future(state.store.write(lambda conn: gate.wait(5)))
    await asyncio.sleep(0.05)
    others = [asyncio.ensure_future(state.store.write(_add(str(n)))) for n in range(50)]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(first, *others)
    assert state.store.commits - before == 2
    assert await state.store.read(_names) == {str(n) for n in range(50)}


async def test_very_many_writes_are_committed_in_parts(state: State) -> None:
    before = state.store.commits
    gate = threading.Event()
    first = asyncio.ensure_future(state.store.write(lambda conn: gate.wait(5)))
    await asyncio.sleep(0.05)
    others = [asyncio.ensure_future(state.store.write(_add(str(n)))) for n in range(600)]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(first, *others)
    assert state.store.commits - before == 4


async def test_an_error_undoes_one_write_and_spares_its_neighbours(state: State) -> None:
    def fail(conn: sqlite3.Connection) -> None:
        conn.execute(ADD, ("half", ""))
        raise KeyError("mine")

    found = await asyncio.gather(
        state.store.write(_add("a")), state.store.write(fail), state.store.write(_add("b")), return_exceptions=True
    )
    assert isinstance(found[1], KeyError)
    assert await state.store.read(_names) == {"a", "b"}


async def test_breaking_a_constraint_stays_an_integrity_error(state: State) -> None:
    await state.store.write(_add("a"))
    with pytest.raises(sqlite3.IntegrityError):
        await state.store.write(_add("a"))


async def test_a_read_sees_every_write_that_was_asked_for_before_it(state: State) -> None:
    writing = asyncio.ensure_future(state.store.write(_add("a")))
    reading = asyncio.ensure_future(state.store.read(_names))
    await writing
    assert await reading == {"a"}


async def test_reads_alone_cost_no_transaction(state: State) -> None:
    before = state.store.commits
    await asyncio.gather(*(state.store.read(_names) for _ in range(20)))
    assert state.store.commits == before


async def test_a_read_that_fails_says_what_failed(state: State) -> None:
    with pytest.raises(StateUnusable, match="cannot be used: no such table"):
        await state.store.read(lambda conn: conn.execute("SELECT * FROM nowhere"))


async def test_a_cancelled_write_is_done_all_the_same(state: State) -> None:
    gate = threading.Event()
    first = asyncio.ensure_future(state.store.write(lambda conn: gate.wait(5)))
    cancelled = asyncio.ensure_future(state.store.write(_add("a")))
    await asyncio.sleep(0.02)
    cancelled.cancel()
    gate.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await state.store.read(_names) == {"a"}


async def test_when_the_transaction_breaks_no_write_of_it_is_believed(state: State) -> None:
    """A full disk may make SQLite roll back everything, also what other tasks wrote in the same transaction."""

    def broken(conn: sqlite3.Connection) -> None:
        conn.execute("ROLLBACK")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    gate = threading.Event()
    first = asyncio.ensure_future(state.store.write(lambda conn: gate.wait(5)))
    await asyncio.sleep(0.05)
    others = [asyncio.ensure_future(state.store.write(work)) for work in (_add("a"), broken, _add("b"))]
    reading = asyncio.ensure_future(state.store.read(_names))
    await asyncio.sleep(0.05)
    gate.set()
    await first
    found = await asyncio.gather(*others, return_exceptions=True)
    assert [type(error) for error in found] == [StateUnusable] * 3
    assert "disk is full" in str(found[0])
    assert await reading == set()
    assert await state.store.read(_names) == set()


async def test_a_commit_that_fails_is_rolled_back(state: State) -> None:
    def forbid_the_commit(conn: sqlite3.Connection) -> None:
        conn.execute("PRAGMA defer_foreign_keys = ON")
        conn.execute(ADD, ("a", ""))
        conn.set_authorizer(lambda action, what, *rest: _deny_commit(action, what))

    with pytest.raises(StateUnusable):
        await state.store.write(forbid_the_commit)
    await state.store.read(lambda conn: conn.set_authorizer(None))
    assert await state.store.read(_names) == set()


def _deny_commit(action: int, what: str | None) -> int:
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT" else sqlite3.SQLITE_OK


async def test_closing_finishes_what_was_asked_for_and_then_refuses(folder: Path, keys: Keys, clock: Clock) -> None:
    state = State.open(folder, keys=keys, clock=clock)
    writing = [asyncio.ensure_future(state.store.write(_add(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    await state.close()
    await state.close()
    await asyncio.gather(*writing)
    with pytest.raises(StateUnusable, match="closed already"):
        await state.inventory.resources()
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as conn:
        assert _names(conn) == {str(n) for n in range(20)}


def test_a_loop_that_ended_meanwhile_disturbs_nobody(folder: Path, keys: Keys, clock: Clock) -> None:
    gate = threading.Event()
    state = State.open(folder, keys=keys, clock=clock)

    async def leave() -> None:
        task = asyncio.ensure_future(state.store.write(lambda conn: gate.wait(5)))
        await asyncio.sleep(0.02)
        task.cancel()

    asyncio.run(leave())
    gate.set()

    async def again() -> dict[str, str]:
        async with state:
            await state.inventory.upsert([OwnedRow("Device/a", "person", "1")])
            return await state.inventory.index("Device/a", "person")

    assert asyncio.run(again()) == {"1": "owned"}
