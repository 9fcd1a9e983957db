"""What a plan is asked for may name a card by its number; plans, messages and the state know only what stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.engine.judging.kinds import provider_of
from controller.engine.world import World
from controller.model.address import Address
from controller.model.entity import EntityKind
from controller.model.scope import Scope


def selected(world: World, scope: Scope) -> tuple[Scope, Scope]:
    """The selection as it matches, and as it may be told."""
    return world.marks.selection(scope, _kinds(world))


async def by_token(world: World, entities: Iterable[Address]) -> frozenset[Address]:
    """These entities as plans name them. A token may be given too; it is known by the inventory."""
    sensitive = {(str(address), kind.name): kind for address, kind in _kinds(world) if kind.sensitive_key}
    found = set()
    for entity in entities:
        kind = sensitive.get((str(entity.resource), entity.entity))
        if kind is None or await _is_token(world, entity):
            found.add(entity)
        else:
            found.add(entity.of(entity.entity, world.marks.token(kind, entity.key)))
    return frozenset(found)


async def _is_token(world: World, entity: Address) -> bool:
    return bool(await world.state.inventory.load(world.remembered_as(entity.resource), entity.entity, {entity.key}))


def _kinds(world: World) -> Iterator[tuple[Address, EntityKind]]:
    for resource in (*world.specs.targets, *world.specs.departed):
        for kind in provider_of(resource).kinds:
            yield resource.address, kind
