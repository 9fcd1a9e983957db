"""``Controller.spec.moved``: what we own on a resource goes on under its new name. Planned visibly, applied in the state alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import msgspec

from controller.engine.world import World
from controller.model.change import Action, Change, Condition, Notice, Plan, ResourcePlan, Verdict
from controller.model.entity import Effect
from controller.model.errors import PlanRejected
from controller.model.scope import EVERYTHING, Scope


class Moves(msgspec.Struct, frozen=True):
    """``names``: new address to the one that the state still knows it by; ``notices`` about moves that cannot be made."""

    names: dict[str, str] = {}
    notices: tuple[Notice, ...] = ()


async def moves_due(world: World, scope: Scope) -> Moves:
    """Which resources have a new name that the state does not know yet. Nothing is asked when nothing moved."""
    if not world.specs.controller.moved:
        return Moves()
    names, notices = {}, []
    for new, olds in (await _due(world, scope)).items():
        if len(olds) == 1 and not await world.state.names.known(new):
            names[new] = olds[0]
            continue
        each = " and ".join(olds)
        both = f"both {new} and {each}" if len(olds) == 1 else f"each of {each}"
        message = f"{each} cannot become {new}: something is remembered about {both}, and the notes of two resources cannot be one"
        hint = f"when {new} is right as it is, take the entry out of `moved`"
        if len(olds) > 1:
            hint = "leave the entry in `moved` that is right, and take out the other"
        notices.append(Notice(new, Verdict.HELD, "moved-twice", message, hint=hint))
    return Moves(names, tuple(notices))


async def under_old_names(world: World) -> World:
    """The world in which what has a new name is found under the one that the state still has for it: for questions."""
    moves = await moves_due(world, EVERYTHING)
    return replace(world, known_as=moves.names) if moves.names else world


async def _due(world: World, scope: Scope) -> dict[str, list[str]]:
    """New address to the old ones that the state knows."""
    by_address, found = world.specs.by_address, defaultdict(list)
    owned = await world.state.inventory.resources()
    for old in dict.fromkeys([*owned, *(row.resource for row in await world.state.targets.all())]):
        new = world.specs.now_called(old)
        if new == old or old in by_address or new not in by_address or not await world.state.names.known(old):
            continue
        if scope.covers_resource(by_address[new].address, by_address[new].labels):
            found[new].append(old)
    return found


async def with_moves(world: World, plan: Plan, moves: Moves) -> Plan:
    """The plan with a change for each resource that gets its new name."""
    if not moves.names and not moves.notices:
        return plan
    summaries, changes = [], []
    for new, old in moves.names.items():
        count = sum(map(len, (await world.state.inventory.everything(old)).values()))
        kept = "the entry that we own there is" if count == 1 else f"the {count:,} entries that we own there are"
        message = f"is called {new} from now on: {kept} kept, and nothing is written to it"
        summaries.append(ResourcePlan(old, "", Condition.MOVED, message=message, owned=count))
        reason = "the specs call it by another name"
        changes.append(Change(f"{old}#moved", old, "resource", new, Action.MOVE, Effect.NEUTRAL, reason, label=new))
    return msgspec.structs.replace(
        plan,
        resources=(*summaries, *plan.resources),
        changes=(*changes, *plan.changes),
        notices=(*moves.notices, *plan.notices),
    )


async def carry_out(world: World, plan: Plan) -> None:
    """Rename in the state what the plan says; done before anything is looked up, so that all is found under its new name. Raises
    PlanRejected, with nothing renamed, when something came to be remembered about a new name since the plan was made."""
    names = world.state.names
    due = [(c.resource, c.key) for c in plan.changes if c.action is Action.MOVE and await names.known(c.resource)]
    for old, new in due:
        if await names.known(new):
            message = f"{old} cannot become {new} any more: something is remembered about both since the plan was made"
            raise PlanRejected(message, hint="nothing was done; plan again")
    for old, new in due:
        await names.move_resource(old, new)
