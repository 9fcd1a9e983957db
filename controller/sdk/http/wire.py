"""One request and one answer on the wire: time limits, a byte cap, and the one translation of foreign errors.

The only module that imports httpx. It is driven at its transport: no cookies, no proxies or netrc from the environment, no
redirects, no logging. Nothing here tries twice.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

import h11
import httpx

from controller.sdk.context import Endpoint
from controller.sdk.errors import Done, Nonsense, NotOffered, ProviderError
from controller.sdk.http.failures import (
    Failure,
    bad_request,
    causes,
    garbled,
    lost,
    no_answer,
    no_connection,
    not_http,
    too_far,
)
from controller.sdk.http.response import Response
from controller.sdk.http.tls import context_for, fingerprint

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)  # at DEBUG they write headers, credentials included

# An idle connection that the server has closed is noticed before it is used again.
_LIMITS = httpx.Limits(max_connections=2, max_keepalive_connections=1, keepalive_expiry=30.0)
_FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError, OSError, zlib.error)
_DETAIL = 500  # characters of a remote text that may be shown


@dataclass(frozen=True)
class Call:
    """What to send. ``url`` is absolute and percent-encoded; ``read`` the seconds between two bytes of the answer,
    ``whole`` those of one try in all, None for four times as many."""

    method: str
    url: str
    content: bytes
    headers: Mapping[str, str]
    safe: bool
    read: float
    whole: float | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @property
    def target(self) -> str:
        """Path and query, as they are signed."""
        query = urlsplit(self.url).query
        return f"{self.path}?{query}" if query else self.path

    @property
    def effect(self) -> Done:
        """What this call may have done once it was sent."""
        return Done.NONE if self.safe else Done.UNKNOWN


class Wire:
    """A connection to one endpoint, opened with the first call. ``scrub`` takes secrets out of remote texts."""

    def __init__(self, endpoint: Endpoint, scrub: Callable[[str], str], transport: httpx.AsyncBaseTransport | None) -> None:
        self._endpoint = endpoint
        self._scrub = scrub
        self._transport = transport
        self._base = _base(endpoint.url)
        host = f"[{self._base.host}]" if ":" in self._base.host else self._base.host
        self.place = f"{host}:{self._base.port or (443 if self._base.scheme == 'https' else 80)}"

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    def url(self, path: str, params: Mapping[str, str] | None) -> str:
        """The absolute URL of ``path`` below the endpoint's, percent-encoded as it will be sent."""
        text = str(self._base)
        if path:
            text = f"{text.rstrip('/')}/{path.lstrip('/')}"  # a path from data must never continue the host's name or port
        if params:
            text += ("&" if "?" in text else "?") + urlencode(params)
        try:
            return str(httpx.URL(text))
        except httpx.InvalidURL as error:
            raise bad_request(Failure(self.place), error) from None

    async def exchange(self, call: Call, authorization: bytes | None) -> Response:
        answered = False
        try:
            request = self._request(call, authorization)
            async with asyncio.timeout(self._endpoint.connect + (4 * call.read if call.whole is None else call.whole)):
                answer = await self._opened().handle_async_request(request)
                answered = True
                try:
                    body = await self._body(call, answer)
                finally:
                    await answer.aclose()
        except _FOREIGN as error:
            raise await self._explain(error, call, answered) from error
        return Response(answer.status_code, _joined(answer.headers), body, call.url.partition("?")[0])

    def _request(self, call: Call, authorization: bytes | None) -> httpx.Request:
        headers = {b"accept-encoding": b"gzip", b"user-agent": b"trueup", b"accept": b"*/*"}
        headers |= {name.lower().encode(): value.encode() for name, value in (*self._endpoint.headers, *call.headers.items())}
        if authorization is not None:
            headers[b"authorization"] = authorization
        limits = {"connect": self._endpoint.connect, "read": call.read, "write": call.read, "pool": self._endpoint.connect}
        return httpx.Request(
            call.method, call.url, headers=list(headers.items()), content=call.content, extensions={"timeout": limits}
        )

    def _opened(self) -> httpx.AsyncBaseTransport:
        if self._transport is None:
            context = context_for(self._endpoint.tls) if self._base.scheme == "https" else False
            self._transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=_LIMITS)
        return self._transport

    async def _body(self, call: Call, answer: httpx.Response) -> bytes:
        """The decompressed body, counted while it arrives: a small answer may unpack to a huge one."""
        most, parts, size = self._endpoint.max_bytes, [], 0
        coding = answer.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip", ""):
            message = f"{self.place} packs its answer as {coding!r}, which was not asked for"
            raise Nonsense(message, hint="does something stand in between, such as a proxy?", effect=call.effect)
        unpack = zlib.decompressobj(31) if "gzip" in coding else None
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        async for raw in answer.stream:
            part = unpack.decompress(raw, most + 1 - size) if unpack else raw
            size += len(part)
            if size > most:
                raise self._too_large(call)
            parts.append(part)
        if unpack and parts and not unpack.eof:
            raise lost(self._failure(call, answered=True), EOFError())
        return b"".join(parts)

    def _too_large(self, call: Call) -> Nonsense:
        return Nonsense(
            f"the answer of {self.place} to {call.method} {call.path} is larger than {self._endpoint.max_bytes} bytes",
            hint="is this the right address?",
            effect=call.effect,
            code="too-large",
        )

    async def _explain(self, error: Exception, call: Call, answered: bool) -> ProviderError:
        failure = self._failure(call, answered=answered)
        if self._endpoint.tls.mode == "verify" and any(isinstance(c, ssl.SSLCertVerificationError) for c in causes(error)):
            port = self._base.port or 443
            failure = replace(failure, fingerprint=await fingerprint(self._base.host, port, self._endpoint.connect))
        translated = translate(error, failure)
        translated.detail = self.excerpt(translated.detail)
        return translated

    def _failure(self, call: Call, *, answered: bool) -> Failure:
        return Failure(self.place, f"{call.method} {call.path}", self._endpoint.connect, call.read, call.effect, answered)

    def excerpt(self, text: str) -> str:
        """The first characters of a remote text, for people: blanks folded, secrets scrubbed before anything is cut off."""
        return self._scrub(" ".join(text.split()))[:_DETAIL]


_MEANINGS: Mapping[type[Exception], Callable[[Failure, Exception], ProviderError]] = {
    httpx.ConnectTimeout: too_far,
    httpx.PoolTimeout: too_far,
    httpx.TimeoutException: no_answer,
    httpx.ConnectError: no_connection,
    httpx.ProxyError: no_connection,
    httpx.LocalProtocolError: bad_request,
    httpx.UnsupportedProtocol: bad_request,
    httpx.InvalidURL: bad_request,
    httpx.TransportError: lost,
    httpx.HTTPError: garbled,
    httpx.CookieConflict: garbled,
    httpx.StreamError: garbled,
    zlib.error: garbled,
    TimeoutError: no_answer,
    OSError: lost,
}


def translate(error: Exception, failure: Failure) -> ProviderError:
    """A foreign exception as one of ours; the nearest class in its ancestry decides."""
    if not failure.answered and any(isinstance(cause, h11.RemoteProtocolError) for cause in causes(error)):
        return not_http(failure, error)  # the parser complained; httpx has the same class for a plain close
    return next(_MEANINGS[kind] for kind in type(error).__mro__ if kind in _MEANINGS)(failure, error)


def _base(url: str) -> httpx.URL:
    """The URL without name and password; raises NotOffered for what is no web address."""
    try:
        parts, base = urlsplit(url), httpx.URL(url)
        fine = parts.scheme in ("http", "https") and bool(base.host) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except (httpx.InvalidURL, ValueError):  # ValueError: a port beyond 65535, a broken IPv6 address
        fine = False
    if not fine:
        raise NotOffered("the url in the config is no web address", hint="write it as https://host:port/path; the port is optional")
    return base.copy_with(userinfo=b"")


def _joined(headers: httpx.Headers) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers.multi_items():
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
