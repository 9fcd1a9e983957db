"""What the engine is given: state, keys, time, and a way to reach a resource. Runtime makes it; the engine makes nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from controller.engine.marks import Marks
from controller.model.outcome import Progress
from controller.sdk.context import Clock, Context
from controller.spec.resource import Resource, Specs
from controller.state.keys import Keys
from controller.state.store import State

Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """For callers that show nothing."""


@dataclass(frozen=True)
class World:
    """``connect(resource)`` opens a resource's context, credentials included; ``scrub`` removes every resolved secret from a text
    of foreign origin. ``host`` names this machine in leases and runs."""

    specs: Specs
    state: State
    keys: Keys
    clock: Clock
    connect: Callable[[Resource], AbstractAsyncContextManager[Context]]
    scrub: Callable[[str], str] = str
    version: str = ""
    host: str = ""
    read_only: bool = False
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    @property
    def marks(self) -> Marks:
        return Marks(self.keys.fingerprint)


def zone_of(resource: Resource) -> ZoneInfo | None:
    return ZoneInfo(resource.zone) if resource.zone else None


def stamp(clock: Clock) -> str:
    """Now, UTC, to the second, as plans and state write it."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
