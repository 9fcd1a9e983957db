"""What every simulator needs: faults that can be switched on, a log of the calls, Basic checks, and a loopback socket.

A simulator is an ASGI app with memory, wrapped by ``Faults.wrap``. Never imported by a provider's provider.py or client.py.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypedDict, Unpack

from controller.sdk.loopback import (
    HANG_UP,
    AsgiApp,
    AsgiScope,
    Message,
    Receive,
    Send,
    Served,
    run_forever,
    serve,
    serve_in_thread,
)

__all__ = [
    "Answer", "AsgiApp", "AsgiScope", "Call", "Fault", "Faults", "HungUp", "Message", "Receive", "Send", "Served", "Where",
    "check_basic", "run_forever", "send_answer", "serve", "serve_in_thread",
]  # fmt: skip

_LOG_LENGTH = 20_000
_BREAKS = ("close", "truncate", "lose-answer")


class HungUp(ConnectionResetError):
    """The simulated connection was closed. Seen only in process; over a socket the client sees the closed connection."""


class Call(NamedTuple):
    """One call as it was answered; status 0: the connection was closed without a whole answer."""

    method: str
    path: str
    query: str
    status: int


class Answer(NamedTuple):
    """A whole HTTP answer. Content-Length is added when it is sent."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def send_answer(send: Send, answer: Answer) -> None:
    """Send a whole answer, with its Content-Length."""
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class Where(TypedDict, total=False):
    """Which calls a fault meets: path prefix, method, and how many such calls pass unharmed first."""

    path: str
    method: str
    after: int


@dataclass
class Fault:
    """Something that goes wrong with the next ``times`` calls that fit (None: with all of them until cleared)."""

    kind: Literal["delay", "answer", "close", "truncate", "lose-answer", "drop-keep-alive"]
    times: int | None = 1
    path: str = ""
    method: str = ""
    after: int = 0
    seconds: float = 0.0
    answer: Answer | None = None  # None with kind "answer": the simulator's own way to say that it is busy

    def meets(self, method: str, path: str) -> bool:
        """Whether this call suffers; counts it."""
        if self.times == 0 or not path.startswith(self.path) or self.method not in ("", method):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


def _is_write(method: str, path: str) -> bool:
    return method not in ("GET", "HEAD", "OPTIONS")


class Faults:
    """The faults of one simulator and what it was asked.

    ``calls`` counts HTTP exchanges, broken and refused ones too; ``writes`` those that reached the app, would change something
    and were not answered 401; ``unauthorized`` answers 401.

    ``busy`` says how the simulated system answers when it is busy; ``is_write`` which method and path change something.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        busy: Callable[[AsgiScope], Answer] | None = None,
        is_write: Callable[[str, str], bool] = _is_write,
    ) -> None:
        self.latency = latency  # seconds before every answer
        self.log: deque[Call] = deque(maxlen=_LOG_LENGTH)
        self.calls = self.writes = self.unauthorized = 0
        self._busy = busy or (lambda scope: Answer(503, b"busy"))
        self._is_write = is_write
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; the first that meets a call is the one that happens. Delays come on top."""
        self._active.append(fault)
        return fault

    def slow(self, seconds: float, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Wait before answering, in addition to ``latency``."""
        return self.add(Fault("delay", times, seconds=seconds, **where))

    def busy(self, times: int | None = 1, *, retry_after: float | None = None, **where: Unpack[Where]) -> Fault:
        """Say "busy" in the simulated system's own way, or 503 with Retry-After when seconds are given."""
        answer = None if retry_after is None else _with_retry_after(503, retry_after)
        return self.add(Fault("answer", times, answer=answer, **where))

    def status(self, status: int, times: int | None = 1, *, body: bytes = b"", **where: Unpack[Where]) -> Fault:
        """Answer this HTTP status without asking the app."""
        return self.add(Fault("answer", times, answer=Answer(status, body, ((b"content-type", b"text/html"),)), **where))

    def throttle(self, retry_after: float, times: int | None = 1, **where: Unpack[Where]) -> Fault:
        """429 with Retry-After in seconds."""
        return self.add(Fault("answer", times, answer=_with_retry_after(429, retry_after), **where))

    def close(self, times: int | None = 1, **where: Unpack[Where]) -> Fault:
        """Close the connection before the app sees the call."""
        return self.add(Fault("close", times, **where))

    def truncate(self, times: int | None = 1, **where: Unpack[Where]) -> Fault:
        """Apply the call, send half of the answer under a Content-Length that promises more, close."""
        return self.add(Fault("truncate", times, **where))

    def lose_answer(self, times: int | None = 1, **where: Unpack[Where]) -> Fault:
        """Apply the call, then close without an answer."""
        return self.add(Fault("lose-answer", times, **where))

    def drop_keep_alive(self, times: int | None = None, **where: Unpack[Where]) -> Fault:
        """Answer, then close the connection without having announced it."""
        return self.add(Fault("drop-keep-alive", times, **where))

    def clear(self) -> None:
        """Switch every fault off; the latency too."""
        self._active.clear()
        self.latency = 0.0

    def forget_calls(self) -> None:
        """Set the counters and the log back to nothing."""
        self.log.clear()
        self.calls = self.writes = self.unauthorized = 0

    def wrap(self, app: AsgiApp) -> AsgiApp:
        """The app with these faults before it."""

        async def faulty(scope: AsgiScope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            fault, seconds = self._meet(scope)
            if seconds:
                await asyncio.sleep(seconds)
            said: list[int] = []  # by the app
            sent: list[int] = []  # to the client
            try:
                await self._answer(fault, _noting_app(app, said), scope, receive, _noting(send, sent))
            finally:
                broken = fault is not None and fault.kind in _BREAKS
                self._note(scope, 0 if broken or not sent else sent[0], wrote=bool(said) and said[0] != 401)

        return faulty

    async def _answer(self, fault: Fault | None, app: AsgiApp, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if fault is None:
            await app(scope, receive, send)
        elif fault.kind == "answer":
            await send_answer(send, fault.answer or self._busy(scope))
        elif fault.kind == "drop-keep-alive":
            await app(scope, receive, send)
            await _close_socket(scope)
        else:
            await _break(fault, app, scope, receive, send)

    def _meet(self, scope: AsgiScope) -> tuple[Fault | None, float]:
        seconds, chosen = self.latency, None
        for fault in self._active:
            if (chosen is None or fault.kind == "delay") and fault.meets(scope["method"], scope["path"]):
                if fault.kind == "delay":
                    seconds += fault.seconds
                else:
                    chosen = fault
        return chosen, seconds

    def _note(self, scope: AsgiScope, status: int, *, wrote: bool) -> None:
        method, path = scope["method"], scope["path"]
        self.log.append(Call(method, path, scope["query_string"].decode("latin-1"), status))
        self.calls += 1
        self.unauthorized += status == 401
        self.writes += wrote and self._is_write(method, path)


def check_basic(headers: Iterable[tuple[bytes, bytes]], username: str, password: str) -> bool:
    """Whether the ASGI headers carry exactly these credentials by HTTP Basic (RFC 7617, UTF-8)."""
    wanted = f"{username}:{password}".encode()
    for name, value in headers:
        scheme, _, rest = value.partition(b" ")
        if name.lower() == b"authorization" and scheme.lower() == b"basic":
            try:
                return hmac.compare_digest(base64.b64decode(rest.strip(), validate=True), wanted)
            except binascii.Error:
                return False
    return False


def _with_retry_after(status: int, seconds: float) -> Answer:
    return Answer(status, b"", ((b"retry-after", b"%d" % round(seconds)),))


def _noting(send: Send, statuses: list[int]) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        await send(message)

    return noting


def _noting_app(app: AsgiApp, statuses: list[int]) -> AsgiApp:
    async def noting(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _noting(send, statuses))

    return noting


async def _break(fault: Fault, app: AsgiApp, scope: AsgiScope, receive: Receive, send: Send) -> None:
    if fault.kind != "close":
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await app(scope, receive, keep)
        if fault.kind == "truncate":
            await _send_half(kept, send)
    if not await _close_socket(scope):
        raise HungUp(f"the simulator closed the connection ({fault.kind})")


async def _send_half(kept: list[Message], send: Send) -> None:
    body = b"".join(message.get("body", b"") for message in kept[1:])
    headers = [(name, value) for name, value in kept[0].get("headers", []) if name != b"content-length"]
    await send({**kept[0], "headers": [*headers, (b"content-length", b"%d" % (len(body) + 64))]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _close_socket(scope: AsgiScope) -> bool:
    """Close the socket under the answer and let the loop see it closed; false when there is none (in process)."""
    close = scope.get("extensions", {}).get(HANG_UP)
    if close is None:
        return False
    close()
    await asyncio.sleep(0)
    return True
