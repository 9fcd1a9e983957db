"""Applies writes to one terminal in order, one call each, and tells what became of them.

Decides nothing: an error of one entity is its result, an error of the whole terminal ends the lane. What was asked for is in
``edits``; whether it is true now is for the engine to see by reading back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from controller.sdk import Action, Done, Full, NotOffered, ProviderError, Rejected, Scope, Write, Written
from providers.hikvision.edits import Edits


class HikvisionWriter:
    """``open_edits`` asks the terminal what it accepts; it is called at the first write, so that no write costs no call."""

    def __init__(self, open_edits: Callable[[], Awaitable[Edits]]) -> None:
        self._open = open_edits
        self._edits: Edits | None = None

    async def apply(self, writes: Sequence[Write]) -> AsyncIterator[Written]:
        """One result per write, in order. A ProviderError that concerns the whole terminal is raised: what has no result by
        then was not sent. One whose effect is unknown is a result first and raised after it."""
        if not writes:
            return
        edits = self._edits = self._edits or await self._open()
        full: dict[str, Full] = {}
        for write in writes:
            if write.action is Action.CREATE and write.kind in full:
                yield Written(write.id, Done.NONE, full[write.kind])
                continue
            try:
                message = await _one(edits, write)
            except Full as error:
                full[write.kind] = error
                yield Written(write.id, error.effect, error)
            except NotOffered as error:
                error.scope = Scope.ENTITY  # one missing call must not hold up what can be done, revokes least of all
                yield Written(write.id, error.effect, error)
            except ProviderError as error:
                fatal = error.scope in (Scope.TARGET, Scope.RUN)
                if fatal and error.effect is Done.NONE:
                    raise
                yield Written(write.id, error.effect, error)
                if fatal:
                    raise
            else:
                yield Written(write.id, Done.DONE, message=message)


_OURS = "a plan should not hold this: run the command again with --verbose and report it (CONTRIBUTING.md)"


async def _one(edits: Edits, write: Write) -> str:
    if not write.key:
        raise Rejected(f"a {write.kind} without a key is never written", code="no-key", hint=_OURS)
    match write.kind, write.action:
        case "person", Action.CREATE:
            return await edits.add_person(write)
        case "person", Action.UPDATE:
            return await edits.change_person(write)
        case "person", Action.DELETE:
            return await edits.delete_person(write)
        case "card", Action.CREATE:
            return await edits.add_card(write)
        case "card", Action.UPDATE:
            return await edits.change_card(write)
        case "card", Action.DELETE:
            return await edits.delete_card(write)
    raise NotOffered(f"a terminal cannot {write.action} a {write.kind}", hint=_OURS)
