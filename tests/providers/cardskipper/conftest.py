"""A register on a loopback socket and the provider that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from controller.sdk import Context, Facts, Record, Source, Unreadable
from controller.sdk.http import Http, Retry
from controller.sdk.simulation import serve
from providers.cardskipper.provider import PROVIDER
from providers.cardskipper.simulator import Register

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class StillClock:
    """The first of June 2026, noon in Stockholm; sleeping takes no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 6, 1, 10, tzinfo=UTC)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Reading:
    """An open source over a register."""

    def __init__(self, source: Source, http: Http, clock: StillClock) -> None:
        self.source = source
        self.http = http
        self.clock = clock

    async def all(self) -> list[Record | Unreadable]:
        return [record async for record in self.source.records()]

    async def facts(self) -> Facts:
        return await self.source.facts()


OpenSource: TypeAlias = Callable[..., AbstractAsyncContextManager[Reading]]


@pytest.fixture
def register() -> Register:
    return Register(today=date(2026, 6, 1))


@pytest.fixture
def opened(register: Register) -> OpenSource:
    """``opened(**config words)``: the source over the register, on a socket."""

    @asynccontextmanager
    async def opening(*, password: str = "secret", zone: ZoneInfo | None = STOCKHOLM, **words: Any) -> AsyncIterator[Reading]:
        clock = StillClock()
        async with serve(register.app) as served:
            given = {"url": served.url, "organizationId": 4711, "username": "admin", "password": {"plain": password}, **words}
            config = PROVIDER.config.model_validate(given)
            endpoint = PROVIDER.endpoint(config)
            assert endpoint is not None
            async with Http(endpoint, username="admin", password=password, clock=clock, retry=Retry(wait=0.0)) as http:
                async with PROVIDER.source(config, Context(http, clock=clock, zone=zone)) as source:
                    yield Reading(source, http, clock)

    return opening
