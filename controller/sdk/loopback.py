"""Serving an ASGI app on a real loopback socket, for tests, the demo and ``trueup simulate``.

An in-process transport has no timeouts, resets or half bodies; sockets have. uvicorn's protocol is used without its server
loop: that one takes over signals and sleeps a tenth of a second on every stop. Must never listen anywhere but on the address
it was given, and leaves no connection behind.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Message: TypeAlias = MutableMapping[str, Any]
AsgiScope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

HANG_UP = "trueup.hang-up"
"""Key in ``scope["extensions"]``: a function without arguments that closes the connection under the answer."""


@dataclass(frozen=True)
class Served:
    """Where an app listens. ``url`` has no slash at its end."""

    url: str
    host: str
    port: int


@asynccontextmanager
async def serve(
    app: AsgiApp, port: int = 0, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, keep_alive: int = 60
) -> AsyncIterator[Served]:
    """Listen while the context is open; port 0 takes a free one. Idle connections are closed after ``keep_alive`` seconds.

    Raises OSError when the port is taken. Requests still running at the end are cancelled.
    """
    state = ServerState()
    config = Config(
        _wired(app), lifespan="off", ws="none", loop="none", log_config=None, access_log=False, proxy_headers=False,
        timeout_keep_alive=keep_alive,
    )  # fmt: skip
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: H11Protocol(config, state, {}), host, port, ssl=tls)
    bound = server.sockets[0].getsockname()[1]
    try:
        yield Served(f"{'https' if tls else 'http'}://{host}:{bound}", host, bound)
    finally:
        server.close()
        await _leave(state)


def run_forever(
    apps: Sequence[tuple[AsgiApp, int]], *, host: str = "127.0.0.1", ready: Callable[[Sequence[Served]], None] | None = None
) -> None:
    """Serve every app on its port, call ``ready`` with where they listen, block until Ctrl-C."""
    try:
        asyncio.run(_serve_until(apps, host, ready, asyncio.Event()))
    except KeyboardInterrupt:
        return


@contextmanager
def serve_in_thread(apps: Sequence[tuple[AsgiApp, int]], *, host: str = "127.0.0.1") -> Iterator[list[Served]]:
    """Serve every app on its port from a thread of its own, so that blocking code of this process can call them."""
    thread = _ServingThread(apps, host)
    thread.start()
    thread.listening.wait()
    if thread.failure is not None:
        thread.join()
        raise thread.failure
    try:
        yield thread.served
    finally:
        thread.stop()
        thread.join()


class _ServingThread(threading.Thread):
    def __init__(self, apps: Sequence[tuple[AsgiApp, int]], host: str) -> None:
        super().__init__(name="simulators", daemon=True)
        self._apps, self._host = apps, host
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self.listening = threading.Event()
        self.served: list[Served] = []
        self.failure: OSError | None = None

    def run(self) -> None:
        try:
            asyncio.run(_serve_until(self._apps, self._host, self._ready, self._end))
        except OSError as error:
            self.failure = error
            self.listening.set()

    def _ready(self, served: Sequence[Served]) -> None:
        self._loop = asyncio.get_running_loop()
        self.served = list(served)
        self.listening.set()

    def stop(self) -> None:
        if self._loop is not None and self.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)


async def _serve_until(
    apps: Sequence[tuple[AsgiApp, int]], host: str, ready: Callable[[Sequence[Served]], None] | None, end: asyncio.Event
) -> None:
    async with AsyncExitStack() as stack:
        served = [await stack.enter_async_context(serve(app, port, host=host)) for app, port in apps]
        if ready is not None:
            ready(served)
        await end.wait()


def _wired(app: AsgiApp) -> AsgiApp:
    """Lend the app the hang-up function, and keep a stop from being reported as the app's failure."""

    async def wired(scope: AsgiScope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]  # uvicorn's bound cycle.send
        scope.setdefault("extensions", {})[HANG_UP] = transport.close
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not transport.is_closing():
                raise

    return wired


async def _leave(state: ServerState) -> None:
    for connection in list(state.connections):
        connection.transport.abort()
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
