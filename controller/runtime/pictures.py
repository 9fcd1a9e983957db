"""Fetches pictures that records name, and makes them fit. Data decides neither where a call may go nor what it carries.

An address must lie where the operator allowed it (``allowHosts``), or at the host of the source that gave it; a redirect must too,
and takes no header along. A file must lie in the workspace. Whatever goes wrong concerns one picture, never the whole target.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias
from urllib.parse import urljoin, urlsplit

import msgspec

from controller.model.content import Content
from controller.sdk.context import Clock, Context, Endpoint
from controller.sdk.errors import ProviderError, Rejected, Scope, Unauthorized
from controller.sdk.pictures.portrait import MOST_BYTES, NoPortrait, Portrait, Recipe, portrait
from controller.sdk.provider import Located, PictureSource, SourceProvider
from controller.spec.resource import Resource
from controller.spec.sharing.networks import outside

if TYPE_CHECKING:
    from controller.sdk.http import Http, Response

Key: TypeAlias = tuple[str, str, str, str, Recipe]

_HOPS = 3
_KEPT = 128  # finished pictures in memory: one goes to many doors
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_EXPIRED = frozenset({400, 401, 403, 404})  # what storage says of a signature that ran out
_SECONDS = 20.0


class PictureUnavailable(ProviderError):
    """The picture cannot be had now. This entity waits for another run; the others go on."""

    code = "picture-unavailable"
    scope = Scope.ENTITY


class Gallery:
    """Pictures for one run. ``connect`` opens one of ``sources``; ``root`` is the folder of the workspace."""

    def __init__(
        self, sources: Mapping[str, Resource], connect: Callable[[Resource], AbstractAsyncContextManager[Context]], clock: Clock,
        root: Path,
    ) -> None:  # fmt: skip
        self._resources, self._connect, self._clock, self._root = sources, connect, clock, root.resolve()
        self._stack = AsyncExitStack()
        self._sources: dict[str, PictureSource] = {}
        self._clients: dict[str, Http] = {}
        self._finished: OrderedDict[Key, Portrait] = OrderedDict()
        self._busy: dict[Key, asyncio.Lock] = {}
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    def beside(self, folder: Path) -> Shelf:
        """The same for one resource: relative paths begin at the folder of its spec."""
        return Shelf(self, folder)

    async def portrait(self, content: Content, recipe: Recipe, folder: Path) -> Portrait:
        key = (content.by, content.name, content.revision, content.record, recipe)
        async with self._busy.setdefault(key, asyncio.Lock()):
            if (found := self._finished.get(key)) is None:
                found = await self._made(await self._body(content, folder), recipe)
                self._finished[key] = found
                if len(self._finished) > _KEPT:
                    old, _ = self._finished.popitem(last=False)
                    self._busy.pop(old, None)
            self._finished.move_to_end(key)
            return found

    async def _made(self, body: bytes, recipe: Recipe) -> Portrait:
        try:
            return await asyncio.to_thread(portrait, body, recipe)
        except NoPortrait as unfit:
            raise Rejected(str(unfit), code=unfit.code, hint="put another picture in its place") from None

    async def _body(self, content: Content, folder: Path) -> bytes:
        match content.by:
            case "file":
                return await asyncio.to_thread(self._read, folder / content.name)
            case "base64":
                return _decoded(content.name)
            case "url":
                return await self._download(Located(_secure(content.name)), content.hosts)
        return await self._from_source(content)

    # -- files and texts -----------------------------------------------------------------------------------------------------

    def _read(self, path: Path) -> bytes:
        real = path.resolve()
        if not real.is_relative_to(self._root):
            raise Rejected(f"{path.name} lies outside of the workspace", code="picture-outside", hint=f"put it below {self._root}")
        try:
            with real.open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise Rejected(f"there is no picture {path.name}", code="picture-missing", hint=f"put it into {path.parent}") from None
        except OSError as error:
            raise PictureUnavailable(f"{path.name} cannot be read: {error.strerror}", hint="check who may read it") from None

    # -- sources -------------------------------------------------------------------------------------------------------------

    async def _from_source(self, content: Content) -> bytes:
        """By an address that the source gives; once more with a fresh one when it ran out meanwhile."""
        source = await self._source(content.source)
        for last in (False, True):
            located = await _located(source, content)
            try:
                return await self._download(located, (*content.hosts, self._home(content.source)))
            except Rejected as refused:
                if last or refused.code != "picture-refused":
                    raise
        raise AssertionError("unreachable")

    async def _source(self, name: str) -> PictureSource:
        async with self._opening:
            if name not in self._sources:
                resource = self._resources[name]
                assert isinstance(resource.provider, SourceProvider)
                context = await self._stack.enter_async_context(self._connect(resource))
                source = await self._stack.enter_async_context(resource.provider.source(resource.config, context))
                if not isinstance(source, PictureSource):
                    message = f"the source {name} ({resource.provider.name}) hands out no pictures"
                    raise Rejected(message, code="no-pictures", hint="name them by url or file instead")
                self._sources[name] = source
            return self._sources[name]

    def _home(self, name: str) -> str:
        resource = self._resources[name]
        endpoint = resource.provider.endpoint(resource.config)
        return (urlsplit(endpoint.url).hostname or "") if endpoint else ""

    # -- addresses -----------------------------------------------------------------------------------------------------------

    async def _download(self, located: Located, hosts: tuple[str, ...]) -> bytes:
        url, headers = located.url, located.headers
        for _ in range(_HOPS + 1):
            if refused := _forbidden(url, hosts):
                raise Rejected(f"the picture is not fetched: {refused}", code="picture-host", hint="list its host under allowHosts")
            response = await self._get(url, headers)
            if response.status not in _REDIRECTS:
                return _whole(response)
            url, headers = urljoin(url, response.headers.get("location", "")), {}
        raise Rejected("the address of the picture leads on and on", code="picture-redirects", hint="give its last address")

    async def _get(self, url: str, headers: Mapping[str, str]) -> Response:
        parts = urlsplit(url)
        client = await self._client(f"{parts.scheme}://{parts.netloc}")
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            return await client.request("GET", path, headers=headers)
        except Unauthorized:
            self._clients.pop(f"{parts.scheme}://{parts.netloc}", None)  # it sends nothing more after a refusal
            raise _refused(parts.hostname or "", 401) from None
        except ProviderError as error:
            raise PictureUnavailable(f"the picture cannot be had: {error.message}", hint=error.hint) from None

    async def _client(self, origin: str) -> Http:
        from controller.sdk.http import Http  # loading it takes as long as everything else together

        if origin not in self._clients:
            endpoint = Endpoint(origin, read=_SECONDS, max_bytes=MOST_BYTES)
            self._clients[origin] = await self._stack.enter_async_context(Http(endpoint, clock=self._clock, follow_slashes=False))
        return self._clients[origin]


class Shelf:
    """A gallery as one resource uses it."""

    def __init__(self, gallery: Gallery, folder: Path) -> None:
        self._gallery, self._folder = gallery, folder

    async def portrait(self, content: Content, recipe: Recipe) -> Portrait:
        return await self._gallery.portrait(content, recipe, self._folder)


def _decoded(text: str) -> bytes:
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("the picture in the record is not base64", code="picture-broken", hint="look at the record") from None


def _secure(url: str) -> str:
    """Supabase answers on https; older rows still say http (facts/angajati.md 3.1)."""
    parts = urlsplit(url)
    insecure = parts.scheme == "http" and (parts.hostname or "").endswith(".supabase.co")
    return parts._replace(scheme="https").geturl() if insecure else url


def _forbidden(url: str, hosts: tuple[str, ...]) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        return "its address does not begin with http:// or https://"
    reason = outside(url, [host for host in hosts if host])
    return reason.replace("allowNetworks", "allowHosts")


async def _located(source: PictureSource, content: Content) -> Located:
    try:
        located = await source.locate(content.record, content.name)
    except ProviderError as error:
        raise PictureUnavailable(f"the source does not say where the picture is: {error.message}", hint=error.hint) from None
    if located is None:
        raise Rejected("the source has no picture for this record", code="picture-missing", hint="look at the record")
    return located


def _whole(response: Response) -> bytes:
    if response.status in _EXPIRED:
        raise _refused(urlsplit(response.url).hostname or "", _meant(response))
    if response.status == 206 or not response.ok:
        host = urlsplit(response.url).hostname
        raise PictureUnavailable(f"{host} answered with status {response.status} instead of a picture", hint="try again later")
    return response.body


def _meant(response: Response) -> int:
    """Supabase's storage answers 400 whatever is wrong; which status it means stands in the body, as a text."""
    if response.status != 400:
        return response.status
    try:
        found = msgspec.json.decode(response.body, type=_Meant)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 400
    return int(found.statusCode) if found.statusCode.isdecimal() and len(found.statusCode) == 3 else 400


class _Meant(msgspec.Struct):
    statusCode: str


def _refused(host: str, status: int) -> Rejected:
    what = "has no picture there" if status == 404 else "does not hand it out"
    return Rejected(
        f"{host} {what} (status {status}); a signed address may have run out",
        code="picture-refused",
        hint="look at the record; an address that is signed anew each time comes from `source`",
    )
