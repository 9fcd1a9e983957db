"""Applies writes to one terminal in order, one call each, and tells what became of them.

Decides nothing: an error of one entity is its result, an error of the whole terminal ends the lane. What was asked for is in
``edits``; whether it is true now is for the engine to see by reading back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from controller.sdk import Action, Done, Full, NotOffered, ProviderError, Rejected, Scope, Write, Written
from providers.hikvision.edits import Edits
from providers.hikvision.faces.edits import FaceEdits, Sent


@dataclass(frozen=True)
class Pens:
    """What writes to this terminal, with what it accepts in mind."""

    people: Edits
    faces: FaceEdits


class HikvisionWriter:
    """``open_pens`` asks the terminal what it accepts; it is called at the first write, so that no write costs no call."""

    def __init__(self, open_pens: Callable[[], Awaitable[Pens]]) -> None:
        self._open = open_pens
        self._pens: Pens | None = None

    async def apply(self, writes: Sequence[Write]) -> AsyncIterator[Written]:
        """One result per write, in order. A ProviderError that concerns the whole terminal is raised: what has no result by
        then was not sent. One whose effect is unknown is a result first and raised after it."""
        if not writes:
            return
        pens = self._pens = self._pens or await self._open()
        full: dict[str, Full] = {}
        for write in writes:
            if write.action is Action.CREATE and write.kind in full:
                yield Written(write.id, Done.NONE, full[write.kind])
                continue
            try:
                sent = await _one(pens, write)
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
                yield Written(write.id, Done.DONE, message=sent.message, evidence=sent.evidence)


_OURS = "a plan should not hold this: run the command again with --verbose and report it (CONTRIBUTING.md)"


async def _one(pens: Pens, write: Write) -> Sent:
    if not write.key:
        raise Rejected(f"a {write.kind} without a key is never written", code="no-key", hint=_OURS)
    if write.kind == "face":
        return Sent(await pens.faces.delete(write.key)) if write.action is Action.DELETE else await pens.faces.put(write)
    return Sent(await _other(pens.people, write))


async def _other(edits: Edits, write: Write) -> str:
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
