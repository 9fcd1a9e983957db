"""``state mv``: our notes about a resource or an entity go on under another name. Nothing at the target is touched."""

from __future__ import annotations

from controller.model.address import Address
from controller.model.errors import UsageError
from controller.state.lease import acquire
from controller.state.store import State


async def move(state: State, old: str, new: str, *, wait: float = 0.0) -> int:
    """Rename under the lease; how many inventory rows were moved. Raises UsageError for what cannot mean anything, is not known,
    or would mix two things, and LeaseHeld while somebody applies."""
    one, two = _addresses(old, new)
    async with await acquire(state, "apply", doing="state mv", wait=wait):
        if await state.names.unfinished(str(one.resource)):
            hint = f"let the next run look first: trueup apply --target {one.resource}"
            raise UsageError(f"{one.resource} has changes whose end is not known; they cannot be renamed", hint=hint)
        if one.entity:
            return await _move_entity(state, one, two)
        return await _move_resource(state, str(one), str(two))


def _addresses(old: str, new: str) -> tuple[Address, Address]:
    try:
        one, two = Address.parse(old), Address.parse(new)
    except ValueError as wrong:
        raise UsageError(str(wrong), hint="write Device/front-door, or Device/front-door:person/1001 for one entity") from None
    if one == two:
        raise UsageError(f"{one} is its name already", hint="write the old name first, then the new one")
    if bool(one.entity) != bool(two.entity):
        raise UsageError("a resource cannot become an entity, nor the other way round", hint="write both with or without :kind/key")
    if one.entity and (one.resource, one.entity) != (two.resource, two.entity):
        hint = "on another resource, take over what is there: policy.adopt"
        raise UsageError("an entity keeps its resource and its kind; only its key can be renamed", hint=hint)
    if one.kind != two.kind:
        raise UsageError(f"a {one.kind} cannot become a {two.kind}", hint=f"write the new name as {one.kind}/{two.name}")
    return one, two


async def _move_resource(state: State, old: str, new: str) -> int:
    if not await state.names.known(old):
        raise UsageError(f"nothing is remembered about {old}", hint=await _remembered(state))
    if await state.names.known(new):
        raise UsageError(f"{new} is remembered already; the notes of two resources cannot be one", hint="choose another name")
    return await state.names.move_resource(old, new)


async def _move_entity(state: State, one: Address, two: Address) -> int:
    resource, kind = str(one.resource), one.entity
    rows = await state.inventory.load(resource, kind, {one.key, two.key})
    if one.key not in rows:
        raise UsageError(f"{one} is not in the inventory", hint="only what is ours can be renamed")
    if two.key in rows:
        raise UsageError(f"{two} is in the inventory already; two entities cannot be one", hint="choose another key")
    return await state.names.move_entity(resource, kind, one.key, two.key)


async def _remembered(state: State) -> str:
    names = list(dict.fromkeys([*await state.inventory.resources(), *(row.resource for row in await state.targets.all())]))
    return f"there are: {', '.join(names)}" if names else "the state is empty"
