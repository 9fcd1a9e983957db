"""What the engine is given: state, keys, time, and a way to reach a resource. Runtime makes it; the engine makes nothing of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
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


def unkept(name: str, value: str) -> None:
    """For worlds in which nothing is connected to."""


@dataclass(frozen=True)
class World:
    """``connect(resource)`` opens a resource's context, credentials included; ``scrub`` removes every resolved secret from a text
    of foreign origin. ``keep_secret`` takes what records hold for secret fields, by the name of its reference. ``known_as``: by
    which name the state still knows a resource that got another one. ``host`` names this machine in leases and runs."""

    specs: Specs
    state: State
    keys: Keys
    clock: Clock
    connect: Callable[[Resource], AbstractAsyncContextManager[Context]]
    scrub: Callable[[str], str] = str
    version: str = ""
    host: str = ""
    read_only: bool = False
    keep_secret: Callable[[str, str], None] = unkept
    known_as: Mapping[str, str] = field(default_factory=dict)
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))

    def remembered_as(self, address: object) -> str:
        """How the state calls a resource: as it is called now, unless a new name has not been applied yet."""
        return self.known_as.get(str(address), str(address))

    @property
    def marks(self) -> Marks:
        return Marks(self.keys.fingerprint)


def zone_of(resource: Resource) -> ZoneInfo | None:
    return ZoneInfo(resource.zone) if resource.zone else None


def stamp(clock: Clock) -> str:
    """Now, UTC, to the second, as plans and state write it."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def new_run(clock: Clock) -> str:
    """The name of a run: when it began (UTC), and enough chance that two in one second have two names."""
    return f"{clock.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
