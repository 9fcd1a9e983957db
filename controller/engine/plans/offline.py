"""A plan without looking: what is declared against what was last written. Needs no network and no secret; can never be applied."""

from __future__ import annotations

import msgspec

from controller.engine.judging.diff import effect_of, shown
from controller.engine.judging.finding import recall_found
from controller.engine.judging.summary import parked, summary_of
from controller.engine.judging.survey import kinds_at_stake, target_of
from controller.engine.judging.target import Looking, Target
from controller.engine.wishes.desired import DesiredSet
from controller.engine.world import World
from controller.model.change import Action, Change, Condition, FieldChange, ResourcePlan
from controller.model.entity import Effect, Entity, EntityKind
from controller.spec.resource import Resource
from controller.state.rows import OwnedRow

_REMOVAL = {"delete": Action.DELETE, "expire": Action.BAR, "keep": Action.FORGET}


async def recall(world: World, resource: Resource, desired: DesiredSet, looking: Looking) -> tuple[Target, ResourcePlan]:
    """The decisions about one target from memory alone; what happened at the target since is not known here."""
    target = await target_of(world, resource, desired)
    if desired.failed:
        return target, parked(resource, desired.failed, desired.hint, target.facts, "source-unread")
    remembered = await world.state.inventory.everything(world.remembered_as(resource.address))
    recall_found(target, remembered)
    for kind in await kinds_at_stake(world, resource, looking):
        _compare(target, kind, remembered.get(kind.name, {}))
    summary = await summary_of(world, resource, target)
    return target, msgspec.structs.replace(summary, condition=Condition.OFFLINE, owned=sum(map(len, remembered.values())))


def _compare(target: Target, kind: EntityKind, rows: dict[str, OwnedRow]) -> None:
    tokens = set()
    for wish in target.desired.entities.get(kind.name, {}).values():
        token = target.marks.token(kind, wish.key)
        tokens.add(token)
        row = rows.get(token)
        fields = _fields(target, kind, wish, row)
        if row is not None and not fields and not row.tombstone:
            target.tally.unchanged += 1
        elif row is not None or not wish.only_existing:
            _add(target, kind, wish, row, fields)
    held = target.desired.held_records.keys()
    for token, row in rows.items():
        known = token in tokens or row.tombstone
        if not known and not target.desired.hold_all and held.isdisjoint(row.records):
            _remove(target, kind, row)
    target.tally.actual += len(rows)


def _fields(target: Target, kind: EntityKind, wish: Entity, row: OwnedRow | None) -> tuple[FieldChange, ...]:
    known = row.fields if row else {}
    marks = target.marks.values(kind, wish.values, target.managed(kind, wish.managed))
    return tuple(
        FieldChange(field.name, withheld=True, becomes=shown(field, wish.values[index]))
        for index, field in enumerate(kind.fields)
        if field.name in marks and marks[field.name] != known.get(field.name)
    )


def _add(target: Target, kind: EntityKind, wish: Entity, row: OwnedRow | None, fields: tuple[FieldChange, ...]) -> None:
    action = Action.CREATE if row is None else Action.UPDATE
    effect = effect_of(Action.CREATE, kind, None, wish.values, ()) if row is None else Effect.GRANTS
    reason = "is declared and was never written" if row is None else "what is declared has changed since it was written"
    token = target.marks.token(kind, wish.key)
    target.changes.append(
        Change(
            target.change_id(),
            str(target.address),
            kind.name,
            token,
            action,
            effect,
            reason,
            fields=fields,
            subject=wish.subject,
            label=wish.label,
            provenance=wish.provenance,
        )
    )


def _remove(target: Target, kind: EntityKind, row: OwnedRow) -> None:
    if target.policy.prune == "none":
        return
    action = _REMOVAL[target.policy.on_removal]
    effect = Effect.NEUTRAL if action is Action.FORGET else Effect.REVOKES
    target.changes.append(
        Change(
            target.change_id(),
            str(target.address),
            kind.name,
            row.key,
            action,
            effect,
            "is no longer declared",
            subject=row.subject,
            label=row.label,
        )
    )
