"""Source: a JSON document or URL whose rows are persons, or a table to be joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controller.sdk import Context, Facts, Record, SourceProvider, Unreadable
from controller.sdk.columns import fetch, file_endpoint, file_fields, file_sensitive, row_notes
from providers.json.document import JsonConfig, check_json, read_json


class JsonSource:
    """Reads the document anew on every call; parsing happens off the event loop."""

    def __init__(self, config: JsonConfig, ctx: Context) -> None:
        self._config = config
        self._ctx = ctx

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        body = await fetch(self._config, self._ctx)
        for row in await asyncio.to_thread(read_json, body, self._config):
            yield row

    async def facts(self) -> Facts:
        body = await fetch(self._config, self._ctx)
        return Facts(notes=row_notes(await asyncio.to_thread(read_json, body, self._config), len(body)))


@asynccontextmanager
async def _open(config: JsonConfig, ctx: Context) -> AsyncIterator[JsonSource]:
    yield JsonSource(config, ctx)


PROVIDER = SourceProvider(
    name="json",
    title="JSON document or URL",
    config=JsonConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=_open,
    endpoint=file_endpoint,
    check=check_json,
    sensitive=file_sensitive,
)
