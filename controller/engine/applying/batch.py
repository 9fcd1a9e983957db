"""One batch of changes of one kind at one target: look, journal, write, look again, journal. Decides nothing anew.

What moved since the plan is *stale* and left alone. What is not known to have happened is looked up before it is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.engine.applying.item import Item
from controller.engine.applying.stop import Stop
from controller.engine.plans.limits import counts_as
from controller.engine.side_by_side import asking
from controller.engine.telling import Teller
from controller.engine.world import World, stamp
from controller.model.change import Action
from controller.model.encoding import canonical
from controller.model.entity import Actual, EntityKind
from controller.model.outcome import Status
from controller.sdk.errors import Done, ProviderError, Scope, Unauthorized
from controller.sdk.provider import Reader, Ref, Writer, Written
from controller.state.rows import Begun, Finished

ATTEMPTS = 3
LONGEST_PAUSE = 60.0  # seconds; who asks for more is parked, and the next run tries again
_NEW_HERE = (Action.CREATE, Action.ADOPT)  # what makes an inventory row that was not there
# Nobody has seen what stands there, so it is neither believed to be ours nor written over: whether and how is for a plan to say.
_THERE = "left alone: the next plan compares it and, where policy.adopt allows, takes it over and puts right what differs"
READ_BACK_PAUSES = (0.25, 0.5, 0.75)  # seconds; a device may show a write late (facts/hikvision.md 3.7)


@dataclass(frozen=True)
class Means:
    """What a batch works with. ``before_send`` raises when the lease is lost. ``stop`` ends the work after the call in flight."""

    world: World
    run: str
    reader: Reader
    writer: Writer
    before_send: Callable[[], None]
    stop: Stop
    teller: Teller
    provider: str = ""


class Batch:
    """Walks its items to an outcome each; those without one after ``run`` were not done, because of ``fatal`` or a stop."""

    def __init__(self, means: Means, kind: EntityKind, items: Sequence[Item]) -> None:
        self._means, self._kind, self._items = means, kind, items
        self.fatal: ProviderError | None = None
        self.full: ProviderError | None = None

    async def run(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            waiting = [item for item in self._items if item.outcome is None]
            if not waiting or self._means.stop.is_set():
                return
            trouble = await self._round(waiting)
            if trouble is None:
                continue
            self.fatal = trouble
            if not trouble.retry or attempt == ATTEMPTS:
                return
            pause = trouble.retry_after if trouble.retry_after is not None else 0.5 * 2**attempt
            if pause > LONGEST_PAUSE:
                return
            await self._pause(pause)
            self.fatal = None

    async def _pause(self, seconds: float) -> None:
        """Sleep, unless the run is stopped meanwhile."""
        waits = [asyncio.ensure_future(w) for w in (self._means.world.clock.sleep(seconds), self._means.stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _round(self, waiting: Sequence[Item]) -> ProviderError | None:
        """One round; returns what is wrong with the target as a whole, if anything."""
        try:
            await self._look(waiting)
        except ProviderError as error:
            return error
        begun = [item for item in waiting if self._admit(item)]
        if begun:
            await self._begin(begun)
        trouble = await self._send([item for item in begun if item.needs_call])
        for item in begun:
            if not item.needs_call:
                self._end(item, Status.DONE)  # it was looked at just now, and only our own notes change
        try:
            if not isinstance(trouble, Unauthorized):  # a second login may lock the account; the next run looks
                await self._verify([item for item in begun if item.outcome is None])
        except ProviderError as error:
            trouble = trouble or error
        await self._finish(waiting)
        return trouble

    # -- looking -------------------------------------------------------------------------------------------------------------

    async def _look(self, items: Sequence[Item]) -> None:
        found = await self._read(items)
        for item in items:
            item.started = item.started or self._means.world.clock.monotonic()
            item.current = found.get(item.change.key)
        await self._look_at_subjects([item for item in items if not item.change.administrator])

    async def _look_at_subjects(self, items: Sequence[Item]) -> None:
        """Whom these hang on, in one read: who became an administrator since the plan keeps his cards as they are."""
        subjects = list(dict.fromkeys(subject for item in items for subject in item.subjects))
        guards: dict[str, str] = {}
        for parent in self._kind.after if subjects else ():
            with asking(self._means.provider):
                seen = await self._means.reader.read(parent, [Ref(subject) for subject in subjects])
            guards |= {actual.key: f"its {parent} {actual.guard}" for actual in seen if actual.guard}
        for item in items:
            item.guard = next((guards[subject] for subject in item.subjects if subject in guards), "")

    async def _read(self, items: Sequence[Item]) -> Mapping[str, Actual]:
        refs = [item.ref for item in items if item.ref.key]
        with asking(self._means.provider):
            actuals = await self._means.reader.read(self._kind.name, refs) if refs else []
        token = self._means.world.marks.token
        return {token(self._kind, actual.key): actual for actual in actuals}

    def _admit(self, item: Item) -> bool:
        """Whether this change is to be carried out; otherwise it has its outcome now."""
        change = item.change
        if item.unsure and item.as_wished() and item.prepare():
            self._end(item, Status.DONE, "an earlier attempt turned out to have worked")
        elif not self._unnamed(item) and item.now() != change.before and not item.repeats():
            self._moved(item)
        elif guard := item.guarded:
            self._end(item, Status.STALE, f"{guard} since the plan was made; left alone")
        elif self.full and change.action is Action.CREATE:
            self._end(item, Status.FAILED, self.full.message, self.full.code)
        elif not item.prepare():
            self._end(item, Status.STALE, item.unprepared)
        else:
            return True
        return False

    def _unnamed(self, item: Item) -> bool:
        """Our notes about a sensitive key, which nobody can ask for; only they change."""
        return item.change.action is Action.FORGET and not item.ref.key

    def _moved(self, item: Item) -> None:
        if item.change.action in (Action.UPDATE, Action.BAR, Action.DELETE) and item.as_wished() and item.prepare():
            self._end(item, Status.UNCHANGED, "is already as planned")
            return
        what = "is gone" if item.current is None else "was changed" if item.change.before else "appeared"
        effect = Done.UNKNOWN if item.unsure else Done.NONE
        self._end(item, Status.STALE, f"{what} at the target since the plan was made; left alone, plan again", effect=effect)

    # -- writing -------------------------------------------------------------------------------------------------------------

    async def _begin(self, items: Sequence[Item]) -> None:
        await self._means.world.state.journal.begin(self._means.run, [self._begun(item) for item in items])
        for item in items:
            item.began = True

    def _begun(self, item: Item) -> Begun:
        world, change = self._means.world, item.change
        return Begun(
            change=change.id,
            resource=change.resource,
            kind=change.kind,
            key=change.key,
            action=change.action.value,
            after_fingerprint=change.fingerprint,
            before=world.state.journal.seal_before(self._means.run, change.id, canonical(item.current)) if item.current else b"",
            owned=item.row("pending", self._means.run, stamp(world.clock)) if change.action in _NEW_HERE else None,
        )

    async def _send(self, items: Sequence[Item]) -> ProviderError | None:
        """Send one after the other; the lease is checked before each. A raised error belongs to the first without a result."""
        if not items or self._means.stop.is_set():
            return None
        by_id = {item.change.id: item for item in items}
        results = self._means.writer.apply([item.write() for item in items])
        try:
            self._means.before_send()
            with asking(self._means.provider):
                async for written in results:
                    trouble = self._took(by_id[written.id], written)
                    if trouble or self._means.stop.is_set():
                        return trouble
                    self._means.before_send()
        except ProviderError as error:
            self._blame(items, error)
            return error
        finally:
            await _close(results)
        return None

    def _took(self, item: Item, written: Written) -> ProviderError | None:
        """Note a result; returns the error when it concerns more than this entity."""
        item.took(written)
        error = written.error
        if error is None or error.scope is Scope.ENTITY:
            return None
        if error.scope is Scope.KIND:
            self.full = error
            return None
        return error

    def _blame(self, items: Sequence[Item], error: ProviderError) -> None:
        first = next((item for item in items if item.written is None), None)
        if first is not None:
            self._took(first, Written(first.change.id, error.effect, error))

    # -- checking ------------------------------------------------------------------------------------------------------------

    async def _verify(self, items: Sequence[Item]) -> None:
        """Believe only what the target shows."""
        waiting = [item for item in items if self._worth_a_look(item)]
        for pause in (*READ_BACK_PAUSES, 0.0):
            if not waiting:
                return
            found = await self._read(waiting)
            for item in waiting:
                item.current = found.get(item.change.key)
                if item.as_wished():
                    self._end(item, Status.DONE, item.written.message if item.written else "")
            waiting = [item for item in waiting if item.outcome is None and not self._refused(item)]
            if waiting and pause:
                await self._means.world.clock.sleep(pause)
        for item in waiting:
            message = f"the target said yes, but shows {item.shows_instead()}"
            self._end(item, Status.FAILED, message, "not-as-written", Done.UNKNOWN)

    def _worth_a_look(self, item: Item) -> bool:
        """Whether reading can tell how it ended. A plain refusal of this one entity ends it here."""
        if item.written is None:
            return False
        return item.unsure or not self._refused(item)

    def _refused(self, item: Item) -> bool:
        """Whether the last attempt came to an error; one of this entity alone, and a plain one, is how it ended."""
        error = item.written.error if item.written else None
        if error is not None and error.effect is Done.NONE and error.scope not in (Scope.TARGET, Scope.RUN):
            status = Status.STALE if error.code in ("exists", "missing") else Status.FAILED
            message = f"{error.message}; {_THERE}" if error.code == "exists" else error.message
            self._end(item, status, message, error.code, Done.UNKNOWN if item.unsure else Done.NONE)
        return error is not None

    def _end(self, item: Item, status: Status, message: str = "", code: str = "", effect: Done = Done.NONE) -> None:
        world = self._means.world
        item.end(status, world.scrub(message), code, world.clock.monotonic() - item.started, effect)

    # -- remembering ---------------------------------------------------------------------------------------------------------

    async def _finish(self, items: Sequence[Item]) -> None:
        """End what has an outcome. The rest stays open: it is tried again, or the lane says how it ended."""
        finished = [finished_of(item, self._means.run, self._means.world) for item in items if item.outcome is not None]
        if finished:
            await self._means.world.state.journal.finish(self._means.run, finished)
            self._means.teller.ended(end.outcome for end in finished)


def finished_of(item: Item, run: str, world: World) -> Finished:
    """The journal's last word on an item that has an outcome: what the inventory must say from now on."""
    assert item.outcome is not None
    good = item.outcome.status in (Status.DONE, Status.UNCHANGED)
    gone = good and item.change.action in (Action.DELETE, Action.FORGET)
    return Finished(
        outcome=item.outcome,
        owned=item.row("owned", run, stamp(world.clock)) if good and not gone else None,
        remove=gone,
        undo=not good and item.began and _never_made(item),
        effect_class=counts_as(item.change).value,
    )


def _never_made(item: Item) -> bool:
    """A begun create that certainly did not happen leaves no pending row behind."""
    return item.change.action is Action.CREATE and item.outcome is not None and item.outcome.effect == Done.NONE.value


async def _close(results: AsyncIterator[Written]) -> None:
    """Leave a generator at once when we stop early, so that it holds no connection."""
    closing = getattr(results, "aclose", None)
    if closing is not None:
        await closing()
