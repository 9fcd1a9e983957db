"""The journal: an intention is on disk before the call, whatever kills the process; an end settles all that hangs on it."""

# ruff: noqa: ASYNC220 - the process that is killed must be a real one, and nothing else runs on the loop

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from controller.model.errors import KeyUnusable
from controller.model.outcome import Outcome, Status
from controller.sdk.context import Clock, SystemClock
from controller.state.keys import Keys
from controller.state.rows import Begun, Finished, OwnedRow
from controller.state.store import State

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio

DOOR = "Device/front-door"


def _begun(change: str, *, owned: bool = True) -> Begun:
    row = OwnedRow(DOOR, "person", change, "pending", fields={"name": "new"}) if owned else None
    return Begun(change, DOOR, "person", change, "create", "after", b"before", row)


def _finished(change: str, status: Status = Status.DONE, effect: str = "done", effect_class: str = "grants") -> Finished:
    outcome = Outcome(change, DOOR, "person", change, "create", status, "said", "code", "Åsa", "s", effect, 2, 0.5)
    return Finished(outcome, OwnedRow(DOOR, "person", change, remote_id="7"), effect_class=effect_class)


async def test_a_begin_leaves_an_open_entry_and_a_pending_row(state: State) -> None:
    await state.journal.begin("run", [_begun("a"), _begun("b", owned=False)])
    found = await state.journal.unfinished()
    assert [(b.run, b.change, b.key, b.action, b.after_fingerprint, b.before, b.owned) for b in found] == [
        ("run", "a", "a", "create", "after", b"before", None),
        ("run", "b", "b", "create", "after", b"before", None),
    ]
    assert found[0].began_at == "2026-11-22T12:00:00Z"
    assert await state.inventory.index(DOOR, "person") == {"a": "pending"}


async def test_begins_of_many_lanes_share_few_commits(state: State) -> None:
    before = state.store.commits
    await asyncio.gather(*(state.journal.begin("run", [_begun(str(n))]) for n in range(100)))
    assert state.store.commits - before <= 25
    assert len(await state.journal.unfinished()) == 100


async def test_what_is_owned_does_not_become_pending_again(state: State) -> None:
    mine = OwnedRow(DOOR, "person", "a", remote_id="7", fields={"name": "old"})
    await state.inventory.upsert([mine])
    await state.journal.begin("run", [_begun("a")])
    assert await state.inventory.load(DOOR, "person", ["a"]) == {"a": mine}


async def test_a_pending_row_of_an_earlier_try_is_refreshed(state: State) -> None:
    await state.inventory.upsert([OwnedRow(DOOR, "person", "a", "pending", fields={"name": "old"})])
    await state.journal.begin("run", [_begun("a")])
    assert (await state.inventory.load(DOOR, "person", ["a"]))["a"].fields == {"name": "new"}


async def test_an_end_settles_everything_in_one_commit(state: State) -> None:
    await state.journal.begin("run", [_begun("a"), _begun("b")])
    before = state.store.commits
    gone = Finished(Outcome("b", DOOR, "person", "b", "delete", Status.DONE, effect="done"), remove=True, effect_class="revokes")
    await state.journal.finish("run", [_finished("a"), gone])
    assert state.store.commits - before == 1
    assert await state.journal.unfinished() == []
    assert await state.inventory.index(DOOR, "person") == {"a": "owned"}
    assert await state.outcomes.of_run("run") == [_finished("a").outcome, gone.outcome]
    assert await state.outcomes.of_run("another") == []


async def test_an_outcome_alone_leaves_the_entry_open(state: State) -> None:
    await state.journal.begin("run", [_begun("a")])
    await state.outcomes.add("run", [_finished("a", Status.FAILED, "unknown")])
    assert [entry.change for entry in await state.journal.unfinished()] == ["a"]
    assert await state.inventory.index(DOOR, "person") == {"a": "pending"}
    assert [outcome.status for outcome in await state.outcomes.of_run("run")] == [Status.FAILED]


async def test_a_second_try_leaves_one_outcome(state: State) -> None:
    await state.journal.begin("run", [_begun("a")])
    await state.journal.finish("run", [_finished("a", Status.FAILED, "unknown")])
    await state.journal.begin("run", [_begun("a")])
    assert [entry.change for entry in await state.journal.unfinished()] == ["a"]
    await state.journal.finish("run", [_finished("a")])
    assert [outcome.status for outcome in await state.outcomes.of_run("run")] == [Status.DONE]
    assert await state.outcomes.effects_since(DOOR, "2026") == {"grants": 1}


async def test_what_crashed_runs_left_is_settled_per_run(state: State) -> None:
    await state.journal.begin("one", [_begun("a")])
    await state.journal.begin("two", [_begun("a"), _begun("b")])
    await state.journal.settle([("two", _finished("a"))])
    assert [(entry.run, entry.change) for entry in await state.journal.unfinished()] == [("one", "a"), ("two", "b")]
    await state.journal.settle([("one", _finished("a")), ("two", _finished("b"))])
    assert await state.journal.unfinished() == []


async def test_budgets_count_what_had_or_may_have_had_its_effect(state: State, clock: StillClock) -> None:
    await state.journal.finish("old", [_finished("a")])
    clock.advance(3600)
    await state.journal.finish(
        "run",
        [
            _finished("b"),
            _finished("c", Status.FAILED, "unknown", "revokes"),
            _finished("d", Status.FAILED, "none", "revokes"),
            _finished("e", effect_class="neutral"),
        ],
    )
    assert await state.outcomes.effects_since(DOOR, "2026-11-22T12:30:00Z") == {"grants": 1, "neutral": 1, "revokes": 1}
    assert await state.outcomes.effects_since(DOOR, "2026-11-22T12:00:00Z") == {"grants": 2, "neutral": 1, "revokes": 1}
    assert await state.outcomes.effects_since("Device/back-door", "") == {}


async def test_a_before_image_opens_for_its_own_change_only(state: State) -> None:
    entry = msgspec.structs.replace(_begun("a"), before=state.journal.seal_before("run", "a", b"image"))
    await state.journal.begin("run", [entry])
    [found] = await state.journal.unfinished()
    assert state.journal.open_before(found) == b"image"
    assert b"image" not in found.before
    for moved in (msgspec.structs.replace(found, change="b"), msgspec.structs.replace(found, run="another")):
        with pytest.raises(KeyUnusable):
            state.journal.open_before(moved)


async def test_without_a_key_nothing_is_sealed(folder: Path, clock: Clock) -> None:
    async with State.open(folder, keys=None, clock=clock) as state:
        with pytest.raises(KeyUnusable, match="no key was given"):
            state.journal.seal_before("run", "a", b"image")


VICTIM = """
import asyncio, sys
from pathlib import Path
from controller.sdk.context import SystemClock
from controller.state.rows import Begun, OwnedRow
from controller.state.store import State

async def main():
    async with State.open(Path(sys.argv[1]), keys=None, clock=SystemClock()) as state:
        async def lane(n):
            for i in range(10_000):
                change = f"{n}-{i}"
                row = OwnedRow("Device/front-door", "person", change, "pending")
                await state.journal.begin("run", [Begun(change, "Device/front-door", "person", change, "create", owned=row)])
                print(change, flush=True)
        await asyncio.gather(*(lane(n) for n in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 40, 200])
async def test_a_begin_that_returned_survives_kill_9(folder: Path, keys: Keys, lines: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(folder)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as victim:
        assert victim.stdout is not None
        told = [victim.stdout.readline().strip() for _ in range(lines)]
        victim.send_signal(signal.SIGKILL)
        told += [line.strip() for line in victim.stdout if line.endswith("\n")]
    assert victim.returncode == -signal.SIGKILL
    async with State.open(folder, keys=keys, clock=SystemClock()) as state:
        await state.integrity()
        entries = {entry.change for entry in await state.journal.unfinished()}
        assert set(told) <= entries
        assert (await state.inventory.index(DOOR, "person")).keys() == entries
