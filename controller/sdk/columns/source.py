"""An open source of rows: fetch the document, read it off the event loop, hand out its records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from controller.model.entity import Facts
from controller.model.record import Record, Unreadable
from controller.sdk.columns.document import fetch
from controller.sdk.columns.rows import row_notes
from controller.sdk.columns.words import FileConfig
from controller.sdk.context import Context
from controller.sdk.provider import Source

Config = TypeVar("Config", bound=FileConfig)
Rows = list[Record | Unreadable]


class FileSource:
    """Reads the document anew on every call. ``read`` is pure and raises ProviderError when the document is in doubt."""

    def __init__(self, config: FileConfig, ctx: Context, read: Callable[[bytes], Rows]) -> None:
        self._config = config
        self._ctx = ctx
        self._read = read

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        for row in await asyncio.to_thread(self._read, await fetch(self._config, self._ctx)):  # no name: the body is let go
            yield row

    async def facts(self) -> Facts:
        body = await fetch(self._config, self._ctx)
        return Facts(notes=row_notes(await asyncio.to_thread(self._read, body), len(body)))


def file_source(read: Callable[[bytes, Config], Rows]) -> Callable[[Config, Context], AbstractAsyncContextManager[Source]]:
    """What a provider gives as its ``source``, made of the function that turns a document into rows."""

    @asynccontextmanager
    async def open_source(config: Config, ctx: Context) -> AsyncIterator[Source]:
        yield FileSource(config, ctx, lambda body: read(body, config))

    return open_source
