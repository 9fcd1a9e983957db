"""A clock that stands still until it is moved, a fresh folder, keys, and an open state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.state.keys import Keys
from controller.state.store import State


class StillClock:
    """Sleepers wake when ``advance`` passes their time."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return 1000.0 + self._seconds

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
        due = [future for at, future in self._sleepers if at <= self._seconds]
        self._sleepers = [(at, future) for at, future in self._sleepers if at > self._seconds]
        for future in due:
            if not future.done():
                future.set_result(None)

    @property
    def sleeping(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".trueup"


@pytest.fixture
def keys() -> Keys:
    return Keys(bytes(range(32)))


@pytest.fixture
def other_keys() -> Keys:
    return Keys(bytes(32))


@pytest.fixture
async def state(folder: Path, keys: Keys, clock: StillClock) -> AsyncIterator[State]:
    async with State.open(folder, keys=keys, clock=clock) as opened:
        yield opened


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], asyncio.Future[None]]:
    """Waits until something that another thread brings about is so; gives up after five seconds."""

    async def wait(so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not so():  # noqa: ASYNC110 - what is awaited happens in another thread or process
                await asyncio.sleep(0.005)

    return lambda so: asyncio.ensure_future(wait(so))
