"""Source: a CSV file or URL whose rows are persons, or a table to be joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controller.sdk import Context, Facts, Record, SourceProvider, Unreadable
from controller.sdk.columns import check_file, fetch, file_endpoint, file_fields, file_sensitive, row_notes
from providers.csv.table import CsvConfig, read_csv


class CsvSource:
    """Reads the document anew on every call; parsing happens off the event loop."""

    def __init__(self, config: CsvConfig, ctx: Context) -> None:
        self._config = config
        self._ctx = ctx

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        body = await fetch(self._config, self._ctx)
        for row in await asyncio.to_thread(read_csv, body, self._config):
            yield row

    async def facts(self) -> Facts:
        body = await fetch(self._config, self._ctx)
        return Facts(notes=row_notes(await asyncio.to_thread(read_csv, body, self._config), len(body)))


@asynccontextmanager
async def _open(config: CsvConfig, ctx: Context) -> AsyncIterator[CsvSource]:
    yield CsvSource(config, ctx)


PROVIDER = SourceProvider(
    name="csv",
    title="CSV file or URL",
    config=CsvConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=_open,
    endpoint=file_endpoint,
    check=check_file,
    sensitive=file_sensitive,
)
