"""Source: the records that an edge function answers to an action, all in one answer. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from controller.sdk import Context, Facts, Located, Nonsense, Record, Right, SourceProvider, Unauthorized, Unreadable
from controller.sdk.columns import ObjectReader, file_fields, file_sensitive, hold_duplicates
from providers.edge_function.client import Client
from providers.edge_function.config import EdgeFunctionConfig, check, endpoint


class Function:
    """An open source."""

    def __init__(self, config: EdgeFunctionConfig, context: Context) -> None:
        self._config = config
        self._client = Client(config, context.http, context.clock, context.reveal)

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        """Every object of the answer. Nobody says how many there should be: what became much shorter is for the engine to doubt."""
        action, rows = self._config.action, await self._rows()
        reader = ObjectReader(self._config)
        found = list(reader.read((f"{action}[{index}]", row) for index, row in enumerate(rows)))
        reader.check_names(action)
        for row in hold_duplicates(found):
            yield row

    async def facts(self) -> Facts:
        count = len(await self._rows())
        found = "one record" if count == 1 else f"{count:,} records"
        return Facts("", "Edge function", notes=(f"{found} for {self._config.action}",))

    async def rights(self) -> list[Right]:
        what = f"ask for {self._config.action}"
        try:
            await self._rows()
        except Unauthorized as error:
            return [Right(what, False, error.message)]
        return [Right(what, True)]

    async def locate(self, record: str, name: str) -> Located | None:
        """A signed address for the picture of the record with this key; the function knows its name."""
        photos = self._config.photos
        address = await self._client.photo_url(photos.action, {photos.parameter: record})
        return Located(address) if address else None

    async def _rows(self) -> list[Any]:
        data = await self._client.ask(self._config.action, self._config.params)
        if not isinstance(data, list):
            what = "nothing" if data is None else "one object" if isinstance(data, dict) else "no list"
            raise Nonsense(
                f"the function answered {self._config.action} with {what} where a list of records is expected",
                hint="name an action that lists records, for example get-angajati-biometrie",
            )
        return data


@asynccontextmanager
async def source(config: EdgeFunctionConfig, context: Context) -> AsyncIterator[Function]:
    yield Function(config, context)


PROVIDER = SourceProvider(
    name="edge-function",
    title="Edge function that lists records",
    config=EdgeFunctionConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=source,
    endpoint=endpoint,
    check=check,
    sensitive=file_sensitive,
    needs=("the key of the function", "the project's public key, where the platform asks for one first"),
)
