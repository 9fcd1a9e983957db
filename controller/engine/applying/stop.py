"""Two reasons to send nothing more: somebody asked for it, or a target whose failure must end the whole run."""

from __future__ import annotations

import asyncio


class Stop:
    """Set when either is. ``set`` is the run's own reason and leaves the caller's event alone: only that one means *cancelled*."""

    def __init__(self, asked: asyncio.Event) -> None:
        self._asked = asked
        self._own = asyncio.Event()

    def is_set(self) -> bool:
        return self._own.is_set() or self._asked.is_set()

    def set(self) -> None:
        self._own.set()

    async def wait(self) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._own, self._asked)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
