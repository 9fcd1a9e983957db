"""One target during apply: everything in order, one request at a time, parked as a whole when it cannot be worked with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.engine.applying.batch import Batch, Means, finished_of
from controller.engine.applying.item import Item
from controller.engine.applying.stop import Stop
from controller.engine.judging.finding import found_as_planned
from controller.engine.judging.kinds import provider_of
from controller.engine.judging.trust import exchanged, judge
from controller.engine.side_by_side import asking
from controller.engine.telling import Teller
from controller.engine.wishes.desired import DesiredSet, Fitted
from controller.engine.world import Report, World
from controller.model.change import Action, Change, ResourcePlan
from controller.model.entity import Actual, Entity, EntityKind, Facts
from controller.model.outcome import Outcome, Progress, Status
from controller.sdk.errors import Done, ProviderError, WrongTarget
from controller.sdk.provider import Reader
from controller.spec.resource import Resource


@dataclass(frozen=True)
class Job:
    """What one lane has to do. ``wishes`` are the entities behind the changes; ``desired`` finds those that a saved plan
    withholds."""

    resource: Resource
    summary: ResourcePlan
    changes: tuple[Change, ...]
    wishes: Mapping[str, Entity] = field(default_factory=dict)
    desired: DesiredSet | None = None
    images: Mapping[str, Actual] = field(default_factory=dict)  # by change id: what a rollback writes and its plan withholds


@dataclass(frozen=True)
class Conditions:
    """What all lanes of a run share."""

    world: World
    run: str
    before_send: Callable[[], None]
    stop: Stop
    fitted: Fitted
    report: Report
    teller: Teller


@dataclass
class LaneResult:
    """``fatal`` is what stopped the lane, ``fatal_at`` when that was (monotonic seconds; 0: before the run)."""

    outcomes: list[Outcome]
    fatal: str = ""
    hint: str = ""
    seconds: float = 0.0
    fatal_at: float = 0.0


async def run_lane(job: Job, conditions: Conditions) -> LaneResult:
    """Carry out a job; every change gets an outcome, whatever happens on the way."""
    world = conditions.world
    began = world.clock.monotonic()
    conditions.teller.resource_started(job.summary.address, len(job.changes))
    items = _items(job, world)
    lane = _Lane(job, conditions, items)
    fatal: ProviderError | None = None
    try:
        with asking(provider_of(job.resource).name):
            fatal = await lane.run()
    except ProviderError as error:
        fatal = error
    ended_at = world.clock.monotonic()
    if fatal is not None and job.resource.policy.on_fatal == "stop":
        conditions.stop.set()
    left = [item for item in items if item.outcome is None]
    for item in left:
        _leave(item, fatal, world)
    await _write_down(left, conditions)
    ended = [item.outcome for item in items if item.outcome is not None]
    message, hint = (world.scrub(fatal.message), world.scrub(fatal.hint)) if fatal else ("", "")
    return LaneResult(ended, message, hint, round(ended_at - began, 3), ended_at)


async def _write_down(left: Sequence[Item], conditions: Conditions) -> None:
    """What is unsure stays open in the journal, so that the next run looks first; everything else ends here."""
    state, run = conditions.world.state, conditions.run
    open_ended = [finished_of(item, run, conditions.world) for item in left if item.unsure]
    closed = [finished_of(item, run, conditions.world) for item in left if not item.unsure]
    if open_ended:
        await state.outcomes.add(run, open_ended)
    if closed:
        await state.journal.finish(run, closed)
    conditions.teller.ended(item.outcome for item in left if item.outcome is not None)


def _items(job: Job, world: World) -> list[Item]:
    provider, marks = provider_of(job.resource), world.marks
    return [
        Item(change, provider.kind_of(change.kind), marks, wish=job.wishes.get(change.id), image=job.images.get(change.id))
        for change in job.changes
    ]


def _leave(item: Item, fatal: ProviderError | None, world: World) -> None:
    if item.unsure:
        item.end(Status.FAILED, "it is not known whether this took effect; the next run looks first", "unknown", 0.0, Done.UNKNOWN)
    elif fatal is not None:
        item.end(Status.PARKED, world.scrub(fatal.message), fatal.code, 0.0)
    else:
        item.end(Status.PARKED, "the run was stopped before this was sent", "stopped", 0.0)


class _Lane:
    def __init__(self, job: Job, conditions: Conditions, items: Sequence[Item]) -> None:
        self._job, self._conditions, self._items = job, conditions, items
        self._world = conditions.world
        self._by_id = {item.change.id: item for item in items}
        self._full: dict[str, ProviderError] = {}
        self._done = self._failed = 0

    async def run(self) -> ProviderError | None:
        """Returns what stopped the lane, if anything did; ProviderErrors of the connection are raised."""
        job, provider = self._job, provider_of(self._job.resource)
        async with (
            self._world.connect(job.resource) as context,
            provider.reader(job.resource.config, context) as reader,
            provider.writer(job.resource.config, context) as writer,
        ):
            self._report("connecting")
            facts = await reader.facts()
            await self._same_target(facts)
            self._find_wishes(facts)
            await self._find_keys(reader)
            conditions = self._conditions
            means = Means(
                self._world, conditions.run, reader, writer, conditions.before_send, conditions.stop,
                teller=conditions.teller, provider=provider.name,
            )  # fmt: skip
            for kind, items in _batches(self._items, provider.batch):
                if self._conditions.stop.is_set():
                    return None
                batch = Batch(means, kind, [item for item in items if not self._blocked(item)])
                batch.full = self._full.get(kind.name)
                await batch.run()
                if batch.full:
                    self._full[kind.name] = batch.full
                await self._remember_blocked(items)
                self._report("writing", items)
                if batch.fatal:
                    return batch.fatal
        return None

    async def _same_target(self, facts: Facts) -> None:
        await judge(self._world, self._job.resource, facts)
        planned = self._job.summary.identity
        if planned and facts.identity != planned:
            raise WrongTarget(
                f"the plan was made for serial number {planned}, but {facts.identity or 'a device without one'} answers",
                hint="check the address, then plan again",
            )
        address, state = self._job.summary.address, self._world.state
        if await exchanged(self._world, self._job.resource, facts):
            await state.inventory.forget_resource(address)
            await state.targets.forget(address)
        if facts.identity:
            await state.targets.meet(address, facts.identity)

    def _find_wishes(self, facts: Facts) -> None:
        """For a saved plan: the entities behind what it withholds, from the records as they are now."""
        if self._job.desired is None:
            return
        fitted = self._conditions.fitted.of(self._job.desired, provider_of(self._job.resource), facts)
        withheld = [item for item in self._items if item.needs_wish]
        for kind in {item.kind.name: item.kind for item in withheld}.values():
            wishes = fitted.entities.get(kind.name, {}).values()
            by_token = {self._world.marks.token(kind, wish.key): wish for wish in wishes}
            for item in withheld:
                if item.kind is kind:
                    item.wish = by_token.get(item.change.key) or found_as_planned(fitted, item.change)

    async def _find_keys(self, reader: Reader) -> None:
        """For a saved plan: the keys that it withholds, from what is there. Asking without a key would be answered with nothing,
        and nothing would be taken for absence."""
        unknown = [item for item in self._items if item.wish is None and item.image is None]
        nameless = [item for item in unknown if item.kind.sensitive_key and item.change.action is not Action.FORGET]
        kinds = list(dict.fromkeys(item.kind.name for item in nameless))
        if not kinds:
            return
        by_token: dict[tuple[str, str], str] = {}
        async for page in reader.observe(kinds):
            kind = provider_of(self._job.resource).kind_of(page.kind)
            by_token |= {(page.kind, self._world.marks.token(kind, actual.key)): actual.key for actual in page.entities}
        for item in nameless:
            item.known = by_token.get((item.kind.name, item.change.key), "")

    def _blocked(self, item: Item) -> bool:
        """Whether something this change waits for did not happen; then it has its outcome."""
        if item.outcome is not None:
            return True
        needs = [self._by_id[need].outcome for need in item.change.after if need in self._by_id]
        if all(o is not None and o.status in (Status.DONE, Status.UNCHANGED) for o in needs):
            return False
        item.end(Status.SKIPPED, "what it depends on was not done", "blocked", 0.0)
        return True

    async def _remember_blocked(self, items: Iterable[Item]) -> None:
        blocked = [item for item in items if item.outcome is not None and item.outcome.code == "blocked"]
        await _write_down(blocked, self._conditions)

    def _report(self, doing: str, ended: Iterable[Item] = ()) -> None:
        outcomes = [item.outcome for item in ended if item.outcome is not None]
        self._done += len(outcomes)
        self._failed += sum(o.status in (Status.FAILED, Status.STALE) for o in outcomes)
        self._conditions.report(Progress(self._job.summary.address, doing, self._done, self._failed, len(self._items)))


def _batches(items: Sequence[Item], size: int) -> Iterator[tuple[EntityKind, list[Item]]]:
    """Neighbours of one kind, at most ``size``, none waiting for another of the same batch."""
    batch: list[Item] = []
    inside: set[str] = set()
    for item in items:
        if batch and (len(batch) >= size or item.kind is not batch[0].kind or inside & set(item.change.after)):
            yield batch[0].kind, batch
            batch, inside = [], set()
        batch.append(item)
        inside.add(item.change.id)
    if batch:
        yield batch[0].kind, batch
