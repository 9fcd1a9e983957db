"""After a crash: look first. Every change that was begun and never ended is looked up at its target and brought to an end.

A target that does not answer keeps its entries open; the next run looks again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from controller.engine.applying.item import Item
from controller.engine.judging.kinds import provider_of
from controller.engine.judging.trust import judge
from controller.engine.judging.unseen import hides
from controller.engine.plans.limits import counts_as
from controller.engine.plans.planfile import changes_of
from controller.engine.side_by_side import asking
from controller.engine.world import World, stamp
from controller.model.change import Action, Change
from controller.model.entity import Actual, Effect, EntityKind
from controller.model.outcome import Outcome, Status
from controller.sdk.errors import Done, ProviderError
from controller.sdk.provider import Reader, Ref
from controller.spec.resource import Resource
from controller.state.rows import OWNED, Begun, Finished, OwnedRow

_EFFECTS = {Action.DELETE: Effect.REVOKES, Action.BAR: Effect.REVOKES, Action.FORGET: Effect.NEUTRAL}


async def recover(world: World) -> list[str]:
    """Settle what earlier runs left open; returns a line per resource that says what was found."""
    by_resource: dict[str, list[Begun]] = defaultdict(list)
    for begun in await world.state.journal.unfinished():
        by_resource[begun.resource].append(begun)
    lines = []
    for address, entries in by_resource.items():
        resource = world.specs.by_address.get(address)
        if resource is None and (unknown := world.specs.why_undecided(address)):
            lines.append(f"{address}: {len(entries)} interrupted changes stay open: {unknown}")
            continue
        if resource is None:
            await _drop(world, entries)
            lines.append(f"{address}: {len(entries)} interrupted changes are closed; no spec declares this resource any more")
            continue
        try:
            with asking(provider_of(resource).name):
                done = await _settle(world, resource, entries)
        except ProviderError as error:
            lines.append(f"{address}: {len(entries)} interrupted changes stay open: {world.scrub(error.message)}")
        else:
            lines.append(f"{address}: of {len(entries)} interrupted changes {done} had taken effect")
    for run in await world.state.runs.open_runs():  # we hold the lease, so nobody is at work on them
        await world.state.runs.close(run.run, "interrupted", "ended without a word: killed, or the machine went down")
    return lines


async def _settle(world: World, resource: Resource, entries: Sequence[Begun]) -> int:
    provider, done = provider_of(resource), 0
    planned = await _planned(world, entries)
    async with world.connect(resource) as context, provider.reader(resource.config, context) as reader:
        await judge(world, resource, await reader.facts())
        for kind in provider.kinds:
            mine = [begun for begun in entries if begun.kind == kind.name]
            if not mine:
                continue
            rows = await world.state.inventory.load(str(resource.address), kind.name, {begun.key for begun in mine})
            seen = await _look(reader, kind, [_ref(begun, rows.get(begun.key)) for begun in mine])
            found = {world.marks.token(kind, actual.key): actual for actual in seen}
            for begun in mine:
                seen_now = found.get(begun.key), rows.get(begun.key)
                done += await _end(world, kind, begun, seen_now, planned.get((begun.run, begun.change)))
    return done


async def _planned(world: World, entries: Sequence[Begun]) -> dict[tuple[str, str], Change]:
    """(run, change id) to what was to be done, where the plan of that run is still kept."""
    found: dict[tuple[str, str], Change] = {}
    for run in dict.fromkeys(begun.run for begun in entries):
        raw = await world.state.runs.plan(run)
        found |= {(run, change.id): change for change in changes_of(raw or b"")}
    return found


async def _look(reader: Reader, kind: EntityKind, refs: Sequence[Ref]) -> list[Actual]:
    """These as they are now. Where keys are sensitive nobody remembers them, so everything of the kind is read: a question
    without a key would be answered with nothing, and nothing is not absence."""
    if not kind.sensitive_key:
        return await reader.read(kind.name, refs)
    return [actual async for page in reader.observe([kind.name]) if page.kind == kind.name for actual in page.entities]


def _ref(begun: Begun, row: OwnedRow | None) -> Ref:
    return Ref(begun.key, row.subject if row else "", row.remote_id if row else "")


async def _end(
    world: World, kind: EntityKind, begun: Begun, seen: tuple[Actual | None, OwnedRow | None], change: Change | None
) -> bool:
    """``change`` None: its plan is gone. Then it is judged by the fields that were managed before, and taken for a grant unless it
    removes or bars."""
    actual, row = seen
    action = Action(begun.action)
    managed = change.managed if change else row.managed if row else None
    if action in (Action.DELETE, Action.FORGET):
        done = actual is None
    else:
        done = actual is not None and world.marks.entity(kind, actual, managed) == begun.after_fingerprint
    removed = actual is None and (done or action in (Action.CREATE, Action.ADOPT))
    owned = None
    if done and row is not None and actual is not None:
        owned = _row(world, kind, begun, (actual, row), change)
    outcome = _outcome(begun, Status.DONE if done else Status.FAILED)
    if actual is not None and not done and hides(kind):
        message = "the run was interrupted, and no look can tell whether this took effect; the next plan writes it again"
        outcome = msgspec.structs.replace(outcome, message=message, effect=Done.UNKNOWN.value)
    effect = counts_as(change) if change else _EFFECTS.get(action, Effect.GRANTS)
    await world.state.journal.finish(begun.run, [Finished(outcome, owned=owned, remove=removed, effect_class=effect.value)])
    return done


def _row(world: World, kind: EntityKind, begun: Begun, seen: tuple[Actual, OwnedRow], change: Change | None) -> OwnedRow:
    """What the inventory would say, had the run not been interrupted."""
    actual, row = seen
    if change is not None and (
        owned := Item(change, kind, world.marks, values=actual.values).row(OWNED, begun.run, stamp(world.clock))
    ):
        return msgspec.structs.replace(owned, remote_id=actual.remote_id or owned.remote_id or row.remote_id)
    fields = world.marks.values(kind, actual.values, row.managed)
    return msgspec.structs.replace(row, status=OWNED, tombstone=begun.action == Action.BAR.value, fields=fields, run=begun.run)


def _outcome(begun: Begun, status: Status) -> Outcome:
    message = "the run was interrupted; a look shows that it had taken effect" if status is Status.DONE else (
        "the run was interrupted before this took effect"
    )  # fmt: skip
    effect = Done.DONE if status is Status.DONE else Done.NONE
    return Outcome(
        begun.change, begun.resource, begun.kind, begun.key, begun.action, status, message, "interrupted", effect=effect.value
    )


async def _drop(world: World, entries: Sequence[Begun]) -> None:
    """Nobody can be asked any more: the entries end, and the inventory is left to the rule for orphans."""
    for begun in entries:
        await world.state.journal.finish(begun.run, [Finished(_outcome(begun, Status.FAILED))])
