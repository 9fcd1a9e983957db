"""A lane to a simulated terminal, in process or over a loopback socket, for the provider's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from controller.sdk import Action, Actual, Clock, Content, Context, Period, Pictures, Ref, Rejected, SystemClock, Write, Written
from controller.sdk.http import Http, Retry
from controller.sdk.loopback import serve
from controller.sdk.pictures.portrait import Portrait, Recipe
from providers.hikvision.config import HikvisionConfig
from providers.hikvision.provider import PROVIDER
from providers.hikvision.reader import HikvisionReader
from providers.hikvision.simulator import Terminal
from providers.hikvision.writer import HikvisionWriter

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class QuickClock(SystemClock):
    """Time is real, but nobody waits."""

    async def sleep(self, seconds: float) -> None:
        return None


class Album:
    """Pictures by name, as the runtime would have fetched them. ``asked``: which were, in order."""

    def __init__(self, **pictures: bytes) -> None:
        self.pictures = pictures
        self.asked: list[str] = []

    async def portrait(self, content: Content, recipe: Recipe) -> Portrait:
        self.asked.append(content.name)
        if content.name not in self.pictures:
            raise Rejected("there is no picture at the address in the record", code="picture-gone")
        return Portrait(self.pictures[content.name], 600, 800)


@dataclass
class Lane:
    terminal: Terminal
    http: Http
    reader: HikvisionReader
    writer: HikvisionWriter

    async def everything(self, *kinds: str) -> dict[str, Actual]:
        """What observe yields, by key."""
        return {one.key: one async for page in self.reader.observe(kinds or ("person",)) for one in page.entities}

    async def write(self, *writes: Write) -> list[Written]:
        return [written async for written in self.writer.apply(writes)]

    async def change(self, key: str, values: Sequence[Any], **rest: Any) -> Written:
        """Update a person after the pre-read that the engine would make."""
        [current] = await self.reader.read("person", [Ref(key)])
        [written] = await self.write(Write("w", Action.UPDATE, "person", key, tuple(values), current=current, **rest))
        return written


OpenLane = Callable[..., AbstractAsyncContextManager[Lane]]


@asynccontextmanager
async def _open_lane(
    terminal: Terminal,
    *,
    socket: bool = False,
    password: str = "Door-12345",
    clock: Clock | None = None,
    pictures: Pictures | None = None,
    kinds: frozenset[str] | None = None,
    **config: Any,
) -> AsyncIterator[Lane]:
    clock = clock or QuickClock()
    base = {"url": "http://terminal.test", "username": "admin", "password": {"env": "PASSWORD"}, **config}
    if not socket:
        async with _lane(terminal, base, password, (clock, pictures, kinds), httpx.ASGITransport(app=terminal.app)) as lane:
            yield lane
        return
    async with serve(terminal.app) as served:
        async with _lane(terminal, {**base, "url": served.url}, password, (clock, pictures, kinds), None) as lane:
            yield lane


@asynccontextmanager
async def _lane(
    terminal: Terminal,
    config: dict[str, Any],
    password: str,
    world: tuple[Clock, Pictures | None, frozenset[str] | None],
    transport: httpx.AsyncBaseTransport | None,
) -> AsyncIterator[Lane]:
    clock, pictures, kinds = world
    parsed = HikvisionConfig.model_validate(config)
    endpoint = PROVIDER.endpoint(parsed)
    async with Http(endpoint, username="admin", password=password, clock=clock, transport=transport, retry=Retry(wait=0.0)) as http:
        ctx = Context(http, clock, STOCKHOLM, pictures=pictures, kinds=kinds)
        async with PROVIDER.reader(parsed, ctx) as reader, PROVIDER.writer(parsed, ctx) as writer:
            assert isinstance(reader, HikvisionReader)
            assert isinstance(writer, HikvisionWriter)
            yield Lane(terminal, http, reader, writer)


@pytest.fixture
def open_lane() -> OpenLane:
    return _open_lane


@pytest.fixture
def album() -> type[Album]:
    return Album


@pytest.fixture
def year() -> Period:
    return Period("2026-01-01T00:00:00", "2026-12-31T23:59:59")
