"""Who has a face at a terminal. That is all it tells: pictures are never read back, and their addresses change by themselves.

Either the face library is listed, or each person says how many faces it has. Terminals that keep no faces have none; those that do
and tell in neither way are an error, because a list that cannot be had must never look like an empty one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from controller.sdk import NotOffered
from providers.hikvision.client import FACES, LIBRARY, RECORDS, Isapi
from providers.hikvision.isapi.answer import Tree, number, text
from providers.hikvision.isapi.capability import Limits

Records = Callable[[list[str]], Awaitable[list[Tree]]]
_DOUBTED = 3  # times the same answer in a row: before a write, after it, and again after a pause


class Presence:
    """``records`` reads the persons of these numbers, every field included.

    The number that a person shows may lag behind a write. Who asks again and again waits for another answer: then the library
    itself is asked, one by one, where it can be.
    """

    def __init__(self, isapi: Isapi, limits: Limits, records: Records) -> None:
        self._isapi = isapi
        self._limits = limits
        self._records = records
        self._search = limits.faces.search
        self._answers: dict[str, tuple[bool, int]] = {}

    async def observe(self) -> AsyncGenerator[tuple[list[str], int | None], None]:
        """Everybody who has one, page by page, and how many the terminal says there are in all."""
        if not self._limits.faces.offered:
            yield [], 0
            return
        if self._search:
            try:
                async with aclosing(self._isapi.search(FACES, self._limits.faces.page, LIBRARY)) as pages:
                    async for page in pages:
                        yield page.records, page.total
                return
            except NotOffered:  # announced and not there after all; nothing was yielded yet
                self._search = False
        async with aclosing(self._isapi.search(RECORDS, self._limits.people.page)) as people:
            async for persons in people:
                yield [RECORDS.key(raw) for raw in persons.records if self._has_one(raw)], None

    async def read(self, keys: Sequence[str]) -> list[str]:
        """Those of these who have one."""
        if not keys or not self._limits.faces.offered:
            return []
        listed = self._limits.faces.counted and self._limits.people.filters
        if self._search and not listed:
            return await self._one_by_one(keys)
        found = {RECORDS.key(raw) for raw in await self._records(list(keys)) if self._has_one(raw)}
        if self._search and (doubted := self._doubted(keys, found)):
            found = (found - set(doubted)) | set(await self._one_by_one(doubted))
        return [key for key in keys if key in found]

    def _has_one(self, raw: Tree) -> bool:
        many = number(raw.get("numOfFace"))
        if many is None and not text(raw.get("faceURL")) and not self._limits.faces.counted:
            raise NotOffered(
                "this terminal keeps faces but does not tell whose, so nobody knows what to send",
                hint="leave face out of the spec for this terminal",
            )
        return bool(many) or bool(text(raw.get("faceURL")))

    def _doubted(self, keys: Sequence[str], found: set[str]) -> list[str]:
        doubted = []
        for key in keys:
            there = key in found
            was, times = self._answers.get(key, (there, 0))
            times = times + 1 if was is there else 1
            self._answers[key] = (there, times)
            if times >= _DOUBTED:
                doubted.append(key)
        return doubted

    async def _one_by_one(self, keys: Sequence[str]) -> list[str]:
        try:
            return [key for key in keys if await self._in_library(key)]
        except NotOffered:
            self._search = False
            return await self.read(keys)

    async def _in_library(self, key: str) -> bool:
        """Terminals may ignore whom they are asked for and send everybody: then the list is read until he came, or to its end."""
        async with aclosing(self._isapi.search(FACES, self._limits.faces.page, {**LIBRARY, "FPID": key})) as pages:
            async for page in pages:
                if key in page.records:
                    return True
        return False
