"""Who may apply with this state: one at a time, over processes and hosts, with a fencing number that only grows.

The lease says who may send; it does not say what. A holder checks it before each send, and the journal asks the state itself
whether the lease is still ours in every *begin*.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import sqlite3
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from controller.model.errors import LeaseHeld, LeaseLost, StateUnusable
from controller.sdk.context import Clock
from controller.state.fitting import must_still_fit
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.store import State

_POLL = 0.5  # seconds between two looks at a lease that somebody else holds
_LOOK = 1.0  # seconds between two looks at our own: it may have been taken away by hand (`trueup state unlock --force`)


class Holder(msgspec.Struct, frozen=True):
    """Who has a lease: ``account`` is a login name, ``doing`` the command; ``expires_at`` is seconds since 1970."""

    fencing: int
    holder: str
    host: str
    node: str
    pid: int
    acquired_at: str
    expires_at: float
    account: str = ""
    doing: str = ""

    def is_gone(self, now: float) -> bool:
        """Released, expired, or its process died on this machine."""
        return not self.holder or self.expires_at <= now or self.alive is False

    @property
    def alive(self) -> bool | None:
        """Whether its process lives; None where that cannot be seen from here (another machine or container)."""
        return _alive(self.pid) if self.node == node() else None

    @property
    def words(self) -> str:
        """``process 4711 of anna on site-a (apply), since ..., until ...``."""
        whose = f" of {self.account}" if self.account else ""
        what = f" ({self.doing})" if self.doing else ""
        until = stamp(datetime.fromtimestamp(self.expires_at, UTC))
        return f"process {self.pid}{whose} on {self.host}{what}, since {self.acquired_at}, lease until {until}"


class Lease:
    """Held from ``acquire`` until ``release`` (or the end of ``async with``), renewed every quarter of ``ttl``."""

    def __init__(self, state: State, name: str, doing: str, *, ttl: float) -> None:
        self.name = name
        self.doing = doing or name
        self.fencing = 0
        self._state = state
        self._holder = uuid.uuid4().hex
        self._ttl = ttl
        self._until = 0.0  # by our own monotonic clock
        self._lost = ""
        self._heartbeat: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.release()

    def check(self) -> None:
        """Raise LeaseLost unless we may send now. Looks at memory only, so that it can stand before every call."""
        if self._lost:
            raise LeaseLost(self._lost, hint="the run can be continued with `trueup apply --resume`")
        if self._state.clock.monotonic() >= self._until:
            raise LeaseLost(
                f"the lease {self.name!r} ran out: it could not be renewed for {self._ttl:g} seconds",
                hint="the run can be continued with `trueup apply --resume`",
            )

    async def renew(self) -> None:
        """Once; the heartbeat does it in the background. Raises LeaseLost when somebody else took the lease."""
        clock = self._state.clock
        asked = clock.monotonic()  # before the write: however long it takes, we never believe longer than others do
        values = self._identity() | {"expires_at": clock.now().timestamp() + self._ttl}
        sql = statements("leases")
        renewed = await self._state.store.write(lambda conn: conn.execute(sql.renew, values).rowcount)
        if not renewed:
            self._lost = f"the lease {self.name!r} was taken over by another trueup"
            self.check()
        self._until = asked + self._ttl

    async def release(self) -> None:
        """Give it back; harmless when it is not ours any more. A state that fails now lets it run out by itself."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await self._heartbeat
            self._heartbeat = None
        self._state.journal.fence = None
        sql, values = statements("leases"), self._identity()
        with suppress(StateUnusable):  # must not hide what ended the run
            await self._state.store.write(lambda conn: conn.execute(sql.release, values).rowcount)
        self._lost = self._lost or f"the lease {self.name!r} was given back"

    async def take(self) -> Holder | None:
        """Try once; who holds it when it is not to be had."""
        clock, sql = self._state.clock, statements("leases")
        asked, now = clock.monotonic(), clock.now()
        values = {
            "name": self.name, "holder": self._holder, "host": socket.gethostname(), "node": node(), "pid": os.getpid(),
            "acquired_at": stamp(now), "expires_at": now.timestamp() + self._ttl, "account": account(), "doing": self.doing,
        }  # fmt: skip

        def work(conn: sqlite3.Connection) -> Holder | int:
            row = conn.execute(sql.get, (self.name,)).fetchone()
            if row and not (held := Holder(*row)).is_gone(now.timestamp()):
                return held
            if self._state.keys is not None:  # who waited through a rotation would seal with a key that opens nothing
                must_still_fit(conn, self._state.keys, self._state.store.path)
            conn.execute(sql.take, values)
            return int(conn.execute(sql.get, (self.name,)).fetchone()[0])

        taken = await self._state.store.write(work)
        if isinstance(taken, Holder):
            return taken
        self.fencing, self._until = taken, asked + self._ttl
        self._state.journal.fence = self._fence
        self._heartbeat = asyncio.create_task(self._beat(clock), name=f"lease-{self.name}")
        return None

    async def _beat(self, clock: Clock) -> None:
        due = clock.monotonic() + self._ttl / 4
        while True:
            await clock.sleep(min(_LOOK, self._ttl / 4))
            try:
                if clock.monotonic() >= due:
                    await self.renew()
                    due = clock.monotonic() + self._ttl / 4
                else:
                    await self._state.store.read(self._fence)
            except LeaseLost:
                return
            except StateUnusable:
                continue  # a locked or full state may recover before the lease runs out; `check` knows the time

    def _fence(self, conn: sqlite3.Connection) -> None:
        if conn.execute(statements("leases").holds, self._identity()).fetchone() is None:
            self._lost = f"the lease {self.name!r} was taken over by another trueup"
        self.check()

    def _identity(self) -> dict[str, str | int | float]:
        return {"name": self.name, "holder": self._holder, "fencing": self.fencing}


async def acquire(state: State, name: str, *, doing: str = "", wait: float = 0.0, ttl: float = 60.0) -> Lease:
    """The lease, waiting for it at most ``wait`` seconds. Raises LeaseHeld that says who has it, since when and until when.

    ``doing`` is what others are told meanwhile. One that expired, or whose process died on this machine, is taken over.
    """
    clock = state.clock
    lease = Lease(state, name, doing, ttl=ttl)
    deadline = clock.monotonic() + wait
    while (held := await lease.take()) is not None:
        left = deadline - clock.monotonic()
        if left <= 0:
            raise _held(held)
        await clock.sleep(min(_POLL, left))
    return lease


def _held(by: Holder) -> LeaseHeld:
    return LeaseHeld(
        f"another trueup works with this state: {by.words}",
        hint="two at once would undo each other, so nothing was done: wait for it with --lock-timeout 5m, or see who it "
        "is and whether it lives: trueup state unlock",
    )


async def holder_of(state: State, name: str) -> Holder | None:
    """Who has the lease, or had it last (then ``holder`` is empty); None when nobody ever took it."""
    row = await state.store.read(lambda conn: conn.execute(statements("leases").get, (name,)).fetchone())
    return Holder(*row) if row else None


async def take_away(state: State, name: str, seen: Holder) -> bool:
    """Free a lease by hand; its holder finds out before its next send, about a second later. False when it has changed hands."""
    sql = statements("leases")
    return bool(await state.store.write(lambda conn: conn.execute(sql.take_away, (name, seen.fencing)).rowcount))


def account() -> str:
    """The login name of who runs this, or the number where it has none (containers)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}"


def node() -> str:
    """This machine as process numbers see it: two containers of one name are two, a reboot makes another."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip(), os.readlink("/proc/self/ns/pid")]
    return " ".join(parts)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there and belongs to somebody else
    return True
