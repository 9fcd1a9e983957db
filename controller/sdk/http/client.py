"""HTTP to one endpoint as a lane uses it: pace, login, retries of what is safe, and the one kind of redirect that is followed.

One ``Http`` sends one request at a time, because a strict server refuses nonce counts that arrive out of order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit, urlunsplit

from controller.sdk.context import Clock, Endpoint
from controller.sdk.errors import Busy, ConnectionLost, Nonsense, NotOffered, TimedOut, Unauthorized
from controller.sdk.http.auth import login_for
from controller.sdk.http.failures import refused_login
from controller.sdk.http.pace import Pace
from controller.sdk.http.response import Response, retry_after
from controller.sdk.http.wire import Call, Wire

if TYPE_CHECKING:
    import httpx

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_KEEP_METHOD = frozenset({301, 307, 308})
_SHORT_PAUSE = 0.3  # seconds, before the one retry after a 401 without a challenge


@dataclass(frozen=True)
class Retry:
    """How often what is safe is tried again. ``wait`` doubles from try to try when the server names no delay."""

    tries: int = 3  # in all, when the server says 429 or 503
    lost: int = 1  # further tries after a closed connection or a time-out
    wait: float = 1.0  # seconds
    longest: float = 60.0  # seconds; a server that asks for more is left alone


class Http:
    """HTTP to one endpoint, credentials included. Every failure is a ProviderError; answers of any status but 401 and 429
    (for safe calls 503 too) and redirects are returned as they are.

    ``pace``: least seconds between the starts of two calls; it grows by itself while the server is busy. ``scrub`` takes further
    secrets out of remote texts. Once name or password were refused, nothing more is sent: every further call raises the same error.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        username: str = "",
        password: str = "",
        clock: Clock,
        pace: float = 0.0,
        scrub: Callable[[str], str] = str,
        transport: httpx.AsyncBaseTransport | None = None,
        retry: Retry = Retry(),
        follow_slashes: bool = True,
    ) -> None:
        self.calls = 0  # requests on the wire, logins and retries included
        self.fastest: float | None = None  # seconds that the quickest answer took, waiting for the pace left out
        self._endpoint = endpoint
        self._login = login_for(endpoint, username, password)
        self._wire = Wire(endpoint, lambda text: scrub(text.replace(password, "***") if password else text), transport)
        self._clock = clock
        self._pace = Pace(pace)
        self._retry = retry
        self._follow_slashes = follow_slashes
        self._lane = asyncio.Lock()
        self._refusal: Unauthorized | None = None

    def __repr__(self) -> str:
        return f"Http({self.place!r})"

    @property
    def place(self) -> str:
        """``host:port``, for messages."""
        return self._wire.place

    @property
    def gap(self) -> float:
        """Seconds between the starts of two calls at the moment: the declared pace, or more while the server is busy."""
        return self._pace.gap

    def was_busy(self) -> None:
        """For a server that says so inside of an answer, under a status of its own: call it less often for a while."""
        self._pace.busy()

    def excerpt(self, text: str) -> str:
        """The first characters of a remote text, for an error's detail: secrets scrubbed, blanks folded."""
        return self._wire.excerpt(text)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        safe: bool | None = None,
        read: float | None = None,
        whole: float | None = None,
    ) -> Response:
        """Send one request to ``path`` below the endpoint's URL (empty: the URL itself) and read the whole answer.

        ``safe``: may be sent twice without harm (default: by method). ``read``: seconds between two bytes of the answer;
        ``whole``: seconds that one try may take in all, by default four times as long.
        """
        call = Call(
            method.upper(),
            self._wire.url(path, params),
            content,
            headers or {},
            method.upper() in _SAFE if safe is None else safe,
            self._endpoint.read if read is None else read,
            whole,
        )
        async with self._lane:
            return await self._persist(call)

    async def _persist(self, call: Call) -> Response:
        """Try again what may be tried again, and say Busy when the server keeps asking to wait."""
        lost = busy = 0
        while True:
            try:
                response = await self._settle(call)
            except (ConnectionLost, TimedOut):
                lost += 1
                if not call.safe or lost > self._retry.lost:
                    raise
                continue
            if response.status not in _BUSY:
                self._pace.fine()
                return response
            self._pace.busy()
            if response.status == 503 and not call.safe:
                return response
            busy += 1
            asked = retry_after(response.headers, self._clock.now())
            if not call.safe or busy >= self._retry.tries or (asked or 0.0) > self._retry.longest:
                raise self._busy(response, asked)
            await self._clock.sleep(self._retry.wait * 2 ** (busy - 1) if asked is None else asked)

    def _busy(self, response: Response, asked: float | None) -> Busy:
        when = f" for {asked:.0f} seconds" if asked else ""
        return Busy(
            f"{self.place} is busy and asks to wait{when} (status {response.status})",
            hint="try again later; if this stays so, call it less often (a larger pace or interval)",
            detail=self._wire.excerpt(response.text()),
            retry_after=asked,
        )

    async def _settle(self, call: Call) -> Response:
        """The answer behind at most one redirect, if that only adds or removes a trailing slash at the same origin."""
        response = await self._log_in(call)
        if response.status not in _REDIRECTS or not self._follow_slashes:
            return response
        response = await self._log_in(replace(call, url=self._slash_target(call, response)))
        if response.status in _REDIRECTS:
            raise Nonsense(f"{self.place} redirects in a circle ({call.method} {call.path})", hint="check the url in the config")
        return response

    def _slash_target(self, call: Call, response: Response) -> str:
        asked = urlsplit(call.url)
        try:
            target = urlsplit(urljoin(call.url, response.headers.get("location", "")))
            origin = (target.scheme, target.hostname, target.port) == (asked.scheme, asked.hostname, asked.port)
        except ValueError:
            target, origin = urlsplit(""), False
        slash = target.path != asked.path and target.path.rstrip("/") == asked.path.rstrip("/")
        if origin and slash and response.status in _KEEP_METHOD:
            return urlunsplit(asked._replace(path=target.path))
        where = f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}" if target.netloc else "nowhere"
        raise NotOffered(
            f"{self.place} sends {call.method} {call.path} on to {where}; it is not followed, because credentials would go along",
            hint="if the other address is right, write it as the url in the config",
        )

    async def _log_in(self, call: Call) -> Response:
        """The answer to the last of the tries that the login allows; raises Unauthorized when all were refused."""
        if self._refusal is not None:
            raise self._refusal
        await self._keep_pace()
        tries = self._login.tries(call.method, call.target)
        step = next(tries)
        while True:
            if step.pause:
                await self._clock.sleep(_SHORT_PAUSE)
            self.calls += 1
            began = self._clock.monotonic()
            response = await self._wire.exchange(call, step.authorization)
            took = self._clock.monotonic() - began
            self.fastest = took if self.fastest is None else min(self.fastest, took)
            if response.status != 401:
                tries.close()
                return response
            try:
                step = tries.send(response.headers.get("www-authenticate", ""))
            except StopIteration as end:
                self._refusal = refused_login(end.value, self.place, self._wire.excerpt(response.text()))
                raise self._refusal from None

    async def _keep_pace(self) -> None:
        if pause := self._pace.wait(self._clock.monotonic()):
            await self._clock.sleep(pause)
