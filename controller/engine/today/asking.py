"""What is declared as of now: the specs with the resources that records make, and with the names that the state knows them by.

Every verb that works on resources begins here; where nothing is made of records and nothing moved, it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from controller.engine.today.expand import Expansion, expand
from controller.engine.today.moving import Moves, moves_due, with_moves
from controller.engine.world import Report, World, silent
from controller.model.change import Plan
from controller.model.scope import EVERYTHING, Scope


@dataclass(frozen=True)
class Today:
    """``world`` has the whole specs; the rest is what a plan must say about them."""

    world: World
    moves: Moves
    expansion: Expansion | None = None

    @property
    def unknown(self) -> dict[str, str]:
        """Documents whose resources are not known, with the reason."""
        return {summary.address: summary.message for summary in self.expansion.unknown} if self.expansion else {}

    async def told(self, plan: Plan) -> Plan:
        """The plan with what happened before it was made."""
        if self.expansion is not None:
            plan = msgspec.structs.replace(
                plan,
                resources=(*plan.resources, *self.expansion.unknown),
                notices=(*self.expansion.notices, *(n for n in plan.notices if n not in self.expansion.notices)),
                sources={**self.expansion.counts, **plan.sources},
            )
        return await with_moves(self.world, plan, self.moves)


async def today(
    world: World, scope: Scope = EVERYTHING, allow: frozenset[str] = frozenset(), offline: bool = False, report: Report = silent
) -> Today:
    """Ask the sources of ``forEach``, once, and the state for old names."""
    expansion = None
    if world.specs.generators and not world.specs.expanded:
        expansion = await expand(world, scope, allow, offline, report)
        world = replace(world, specs=expansion.specs)
    moves = await moves_due(world, scope)
    return Today(replace(world, known_as=moves.names) if moves.names else world, moves, expansion)
