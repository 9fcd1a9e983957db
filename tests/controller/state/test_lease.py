"""The lease: one holder at a time over tasks, processes and crashes, and nobody sends on a lease that is not theirs any more."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.model.errors import LeaseHeld, LeaseLost, StateUnusable
from controller.sdk.context import SystemClock
from controller.state import lease as leases
from controller.state.keys import Keys
from controller.state.lease import acquire
from controller.state.rows import Begun
from controller.state.statements import statements
from controller.state.store import State

if TYPE_CHECKING:
    from tests.controller.state.conftest import StillClock

pytestmark = pytest.mark.anyio

Eventually = Callable[[Callable[[], bool]], asyncio.Future[None]]


@pytest.fixture
async def second(state: State, folder: Path, keys: Keys, clock: StillClock) -> AsyncIterator[State]:
    async with State.open(folder, keys=keys, clock=clock) as opened:
        yield opened


async def test_a_second_apply_is_told_who_holds_the_state(state: State, second: State) -> None:
    async with await acquire(state, "apply"):
        with pytest.raises(LeaseHeld) as caught:
            await acquire(second, "apply")
    assert f"process {os.getpid()} of " in caught.value.message
    assert "since 2026-11-22T12:00:00Z, lease until 2026-11-22T12:01:00Z" in caught.value.message
    assert "wait" in caught.value.hint


async def test_leases_of_two_names_do_not_meet(state: State, second: State) -> None:
    async with await acquire(state, "apply"), await acquire(second, "watch"):
        pass


async def test_the_fencing_number_grows_with_every_holder(state: State, second: State) -> None:
    numbers = []
    for holder in (state, second, state):
        async with await acquire(holder, "apply") as lease:
            numbers.append(lease.fencing)
    assert numbers == [1, 2, 3]


async def test_who_waits_gets_the_lease_when_it_is_given_back(
    state: State, second: State, clock: StillClock, eventually: Eventually
) -> None:
    first = await acquire(state, "apply")
    waiting = asyncio.ensure_future(acquire(second, "apply", wait=30))
    await eventually(lambda: clock.sleeping == 2)  # the heartbeat, and who waits
    clock.advance(0.5)
    await eventually(lambda: clock.sleeping == 2)
    assert not waiting.done()
    await first.release()
    clock.advance(0.5)
    async with await waiting as lease:
        lease.check()


async def test_who_waits_too_long_is_told(state: State, second: State, clock: StillClock, eventually: Eventually) -> None:
    async with await acquire(state, "apply"):
        waiting = asyncio.ensure_future(acquire(second, "apply", wait=0.7))
        await eventually(lambda: clock.sleeping == 2)
        clock.advance(0.5)
        await eventually(lambda: clock.sleeping == 2)
        clock.advance(0.5)
        with pytest.raises(LeaseHeld):
            await waiting


async def test_a_heartbeat_keeps_the_lease_for_hours(
    state: State, second: State, clock: StillClock, eventually: Eventually
) -> None:
    async with await acquire(state, "apply", ttl=60) as lease:
        for _ in range(20):
            await eventually(lambda: clock.sleeping == 1)
            clock.advance(15)
        await eventually(lambda: clock.sleeping == 1)
        lease.check()
        with pytest.raises(LeaseHeld):
            await acquire(second, "apply")


async def test_a_lease_that_could_not_be_renewed_is_not_believed(state: State, clock: StillClock, eventually: Eventually) -> None:
    async with await acquire(state, "apply", ttl=60) as lease:
        await eventually(lambda: clock.sleeping == 1)
        await state.store.read(lambda conn: conn.execute("PRAGMA query_only = ON").fetchall())
        clock.advance(15)
        await eventually(lambda: clock.sleeping == 1)
        lease.check()
        clock.advance(45)
        with pytest.raises(LeaseLost, match="ran out: it could not be renewed for 60 seconds"):
            lease.check()


async def test_a_lease_that_ran_out_is_taken_over_and_fences_the_first_holder_off(
    state: State, second: State, clock: StillClock
) -> None:
    slow = await acquire(state, "apply", ttl=60)
    clock._seconds += 61  # time passes while the first holder's heartbeat does not run
    async with await acquire(second, "apply") as fast:
        fast.check()
        clock._seconds -= 61  # even where the first holder's own clock believes that the lease holds
        slow.check()
        with pytest.raises(LeaseLost, match="taken over"):
            await state.journal.begin("run", [Begun("a", "Device/a", "person", "a", "create")])
        with pytest.raises(LeaseLost, match="taken over"):
            slow.check()
        assert await state.journal.unfinished() == []
        await second.journal.begin("run", [Begun("a", "Device/a", "person", "a", "create")])
        await slow.release()
        await fast.renew()


async def test_the_heartbeat_notices_a_take_over(state: State, second: State, clock: StillClock, eventually: Eventually) -> None:
    slow = await acquire(state, "apply", ttl=60)
    await eventually(lambda: clock.sleeping == 1)
    await second.store.write(lambda conn: conn.execute("UPDATE leases SET fencing = fencing + 1").rowcount)
    clock.advance(15)
    task = slow._heartbeat
    assert task is not None
    await task
    with pytest.raises(LeaseLost, match="taken over by another trueup"):
        slow.check()
    with pytest.raises(LeaseLost):
        await slow.renew()
    await slow.release()


async def test_a_lease_that_was_given_back_is_over(state: State) -> None:
    async with await acquire(state, "apply") as lease:
        lease.check()
    with pytest.raises(LeaseLost, match="given back"):
        lease.check()
    await lease.release()
    assert state.journal.fence is None


async def test_a_holder_on_another_machine_is_waited_for_even_if_its_number_is_free_here(state: State, clock: StillClock) -> None:
    await _somebody_else(state, clock, node="another machine", pid=_dead_pid())
    with pytest.raises(LeaseHeld, match="on far"):
        await acquire(state, "apply")
    clock.advance(61)
    async with await acquire(state, "apply") as lease:
        assert lease.fencing == 8


async def test_a_holder_whose_process_died_here_is_not_waited_for(state: State, clock: StillClock) -> None:
    await _somebody_else(state, clock, node=leases.node(), pid=_dead_pid())
    async with await acquire(state, "apply"):
        pass


async def test_a_process_of_another_user_counts_as_alive(state: State, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    await _somebody_else(state, clock, node=leases.node(), pid=1)
    monkeypatch.setattr(os, "kill", forbidden)
    with pytest.raises(LeaseHeld):
        await acquire(state, "apply")


async def _somebody_else(state: State, clock: StillClock, *, node: str, pid: int) -> None:
    values = {
        "name": "apply", "holder": "x", "host": "far", "node": node, "pid": pid, "acquired_at": "",
        "expires_at": clock.now().timestamp() + 60, "account": "anna", "doing": "apply",
    }  # fmt: skip

    await state.store.write(lambda conn: conn.execute(statements("leases").take, values).rowcount)
    await state.store.write(lambda conn: conn.execute("UPDATE leases SET fencing = 7").rowcount)


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        pass
    return process.pid


HOLDER = """
import asyncio, sys
from pathlib import Path
from controller.sdk.context import SystemClock
from controller.state.lease import acquire
from controller.state.store import State

async def main():
    async with State.open(Path(sys.argv[1]), keys=None, clock=SystemClock()) as state:
        async with await acquire(state, "apply"):
            print("held", flush=True)
            await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


def _holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip


async def test_two_processes_never_hold_it_together(folder: Path, keys: Keys) -> None:
    async with State.open(folder, keys=keys, clock=SystemClock()) as state:
        with _holder(folder) as process:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with pytest.raises(LeaseHeld, match=f"process {process.pid} of "):
                await acquire(state, "apply")
            process.stdin.write("\n")
            process.stdin.flush()
            async with await acquire(state, "apply", wait=10) as lease:
                assert lease.fencing == 2


async def test_the_lease_of_a_killed_process_is_free_at_once(folder: Path, keys: Keys) -> None:
    async with State.open(folder, keys=keys, clock=SystemClock()) as state:
        with _holder(folder) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.send_signal(signal.SIGKILL)
            process.wait()
            async with await acquire(state, "apply") as lease:
                assert lease.fencing == 2


async def test_a_state_that_fails_is_not_mistaken_for_a_free_lease(state: State) -> None:
    await state.store.read(lambda conn: conn.execute("PRAGMA query_only = ON").fetchall())
    with pytest.raises(StateUnusable):
        await acquire(state, "apply")
