"""Source: rows of a table or view behind PostgREST or Supabase, read whole or not at all.

A server cuts an answer at its row limit without a word (facts/postgrest.md 2). So pages are asked for by the last row's key until
nothing is left, and the count that the server gives must agree with what came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from controller.sdk import Context, Facts, Incomplete, Located, Nonsense, Record, Right, SourceProvider, Unauthorized, Unreadable
from controller.sdk.columns import NotReadable, ObjectReader, file_fields, file_sensitive, hold_duplicates
from controller.sdk.template import render
from providers.postgrest.client import Client, Rows
from providers.postgrest.config import PostgrestConfig, check_config, endpoint

_TRIES = 3  # whole reads, when the table changes meanwhile
_MOST_ROWS = 2_000_000


class Table:
    """An open source."""

    def __init__(self, config: PostgrestConfig, context: Context) -> None:
        self._config = config
        self._client = Client(config, context.http, context.clock, context.reveal)

    async def records(self) -> AsyncIterator[Record | Unreadable]:
        """Every row, or none: nothing is yielded before the last page is here and the count agrees."""
        config = self._config
        rows, reader = await self._whole(), ObjectReader(config)
        found = list(reader.read((f"{config.table} {config.order}={row.get(config.order)}", row) for row in rows))
        reader.check_names(config.table)
        for row in hold_duplicates(found):
            yield row

    async def facts(self) -> Facts:
        page = await self._page(None, limit=1)
        count = len(page.rows) if page.total is None else page.total
        return Facts("", "PostgREST", notes=(f"{count:,} rows in {self._config.table}",))

    async def rights(self) -> list[Right]:
        what = f"read {self._config.table}"
        try:
            await self._page(None, limit=1)
        except Unauthorized as error:
            return [Right(what, False, error.message)]
        return [Right(what, True)]

    async def locate(self, record: str, name: str) -> Located | None:
        """Where the storage has this picture; None where no storage is declared, or the name leads out of the bucket."""
        storage = self._config.storage
        if storage is None or not name.strip("/") or ".." in name.split("/"):
            return None
        return self._client.located(storage, name)

    async def _whole(self) -> list[dict[str, Any]]:
        for _ in range(_TRIES):
            rows, expected = await self._pages()
            if expected is None or len(rows) == expected:
                return rows
        raise Incomplete(
            f"{self._config.table} changed while it was read: {expected:,} rows at first, {len(rows):,} came",
            hint=f"try again; if this stays so, some rows lack {self._config.order} or share it: name another column as `order`",
        )

    async def _pages(self) -> tuple[list[dict[str, Any]], int | None]:
        """The rows, and how many the server counted at first."""
        rows: list[dict[str, Any]] = []
        seen: set[Any] = set()
        page = await self._page(None)
        expected = page.total
        while page.rows:
            rows += page.rows
            if page.total == len(page.rows):  # of what is left, as counted for this very page
                break
            keys = self._keys(page)
            if len(rows) > _MOST_ROWS or not seen.isdisjoint(keys):
                raise Nonsense(
                    f"{self._config.table} has no end: the same rows come again, or more than {_MOST_ROWS:,}",
                    hint="does the server heed filters and order? Look at what stands between it and trueup",
                )
            seen.update(keys)
            page = await self._page(render(keys[-1]))
        return rows, expected

    def _keys(self, page: Rows) -> list[Any]:
        """The keys of a page; the next one begins behind its last."""
        order, table = self._config.order, self._config.table
        keys = [row.get(order) for row in page.rows]
        if any(key is None or isinstance(key, dict | list) for key in keys):
            hint = "name a column as `order` that no row lacks, and have it in select"
            raise NotReadable(f"some rows of {table} have no {order}, so pages cannot be told apart", hint=hint)
        if len(set(keys)) < len(keys):
            raise NotReadable(f"rows of {table} share their {order}", hint="name a column as `order` that no two rows share")
        return keys

    async def _page(self, after: str | None, limit: int | None = None) -> Rows:
        config = self._config
        query = [("select", _selected(config))]
        query += [(column, condition) for column, conditions in config.filters.items() for condition in conditions]
        query += [(config.order, f"gt.{after}")] if after is not None else []
        return await self._client.page([*query, ("order", f"{config.order}.asc"), ("limit", str(limit or config.page_size))])


def _selected(config: PostgrestConfig) -> str:
    """What is asked for, the column of the order always among it."""
    select = ",".join(config.select)
    if "*" in config.select or config.order in _names(select):
        return select
    return f"{select},{config.order}"


def _names(select: str) -> set[str]:
    """The names at the top level: ``id`` and ``card`` of ``id,card:cards(number)``."""
    names, depth, word = set(), 0, ""
    for letter in f"{select},":
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            names.add(word.strip().partition("(")[0].partition(":")[0])
            word = ""
        else:
            word += letter
    return names


@asynccontextmanager
async def source(config: PostgrestConfig, context: Context) -> AsyncIterator[Table]:
    yield Table(config, context)


PROVIDER = SourceProvider(
    name="postgrest",
    title="Table behind PostgREST or Supabase",
    config=PostgrestConfig,
    record_type=lambda config: config.record,
    fields=file_fields,
    source=source,
    endpoint=endpoint,
    check=check_config,
    sensitive=file_sensitive,
    needs=("a role that may read the table (SELECT); its key or token", "for pictures: a role that may read the bucket"),
)
