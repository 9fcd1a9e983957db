"""What the commands that look back have in common: the state for reading, the site's times, the moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from controller.cli.session import view_of
from controller.cli.settings import Settings
from controller.cli.show.layout import View
from controller.cli.talk import Talk
from controller.runtime.past import Memory, open_memory


@asynccontextmanager
async def looking_back(settings: Settings, talk: Talk) -> AsyncIterator[tuple[Memory, View, datetime]]:
    """What is remembered, how to show it, and now. Says once where times cannot be those of the site."""
    options = settings.options()
    async with open_memory(options) as memory:
        if memory.specs is None:
            talk.say("the specs cannot be read now, so times are in UTC; to see why: trueup validate")
        yield memory, view_of(settings, memory.timezone), options.clock.now()
