"""What the runtime hands a provider: one HTTP client per lane, the clock, the site's zone, and a way to open references."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol
from zoneinfo import ZoneInfo

from controller.sdk.reference import Reference, TextOrRef

if TYPE_CHECKING:
    from controller.model.content import Content
    from controller.sdk.http import Http
    from controller.sdk.pictures.portrait import Portrait, Recipe


class Clock(Protocol):
    """Time as an argument. ``now`` is aware UTC, ``monotonic`` seconds, ``sleep`` seconds."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Tls:
    """How a server's certificate is judged: by the system's authorities, by the SHA-256 of the certificate, or not at all."""

    mode: Literal["verify", "pin", "off"] = "verify"
    pin: str = ""  # SHA-256 of the DER certificate, hex without colons, when mode is "pin"


@dataclass(frozen=True)
class Endpoint:
    """Where a resource lives on the network and how one proves who one is. Says nothing that is secret.

    ``scheme`` digest follows the server's challenge and never sends Basic first; ``allow_basic`` lets it answer a Basic
    challenge. ``connect`` and ``read`` are seconds. ``max_bytes`` caps one answer.
    """

    url: str
    username: TextOrRef | None = None
    password: Reference | None = None
    scheme: Literal["none", "basic", "digest"] = "none"
    allow_basic: bool = False
    tls: Tls = Tls()
    connect: float = 5.0
    read: float = 15.0
    max_bytes: int = 8 * 1024 * 1024
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def longest_answer(self) -> float:
        """Seconds that a whole answer may take: many short waits must not add up to for ever."""
        return 4 * self.read


class Pictures(Protocol):
    """Fetches pictures that records name, and makes them fit."""

    async def portrait(self, content: Content, recipe: Recipe) -> Portrait:
        """The finished picture. Raises Rejected, with nothing done, when it cannot be had or used: one entity is concerned."""
        ...


@dataclass(frozen=True)
class Context:
    """Everything a provider may use of the world. ``http`` is bound to the resource's endpoint, credentials included. ``kinds`` are
    those that the mappings manage, so that nothing is asked for the others; None when nobody can tell. It is no limit: another
    kind may still be asked for."""

    http: Http
    clock: Clock = field(default_factory=SystemClock)
    zone: ZoneInfo | None = None
    folder: Path = Path()  # of the spec file: relative paths start here
    reveal: Callable[[Reference], str] | None = None
    log: Callable[[str], None] = lambda message: None
    pictures: Pictures | None = None
    kinds: frozenset[str] | None = None
