"""What apply must know of the specs as they are now: whose turn it is, and whether records still say what was planned.

Apply does less than its plan, never more: what cannot be found as it was planned is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.engine.plans.planfile import typed
from controller.engine.plans.planning import Planned
from controller.engine.today.asking import today
from controller.engine.today.waiting import needs_of
from controller.engine.world import Report, World
from controller.model.change import Condition, ResourcePlan
from controller.model.outcome import Status
from controller.spec.resource import Specs

if TYPE_CHECKING:
    from controller.engine.applying.lane import LaneResult

_AGAIN = "plan again"


async def as_planned(world: World, planned: Planned, report: Report) -> tuple[World, Planned]:
    """The world with what records make of the specs: as the plan found it, or for a saved plan read again."""
    if planned.specs is not None:
        return replace(world, specs=planned.specs), planned
    if not world.specs.generators:
        return world, planned
    now = await today(world, allow=frozenset(planned.plan.allowances), report=report)
    return replace(now.world, known_as={}), Planned(typed(planned.plan, now.world.specs), planned.wishes, now.world.specs)


def changed_since(specs: Specs, summary: ResourcePlan) -> str:
    """Why a resource that a record made is not what it was when the plan was made; empty when it is."""
    if unknown := specs.why_undecided(summary.address):
        return f"nobody knows whether it is still declared: {unknown}"
    generator = specs.made_by_records(summary.address)
    if generator is None:
        return ""
    source = generator.for_each.source
    resource = specs.by_address.get(summary.address)
    if summary.condition is Condition.ORPHANED:
        return f"a record of {source} declares it again; {_AGAIN}" if resource is not None else ""
    if resource is None:
        return f"no record of {source} declares it any more; {_AGAIN}"
    if summary.made_of != resource.digest:  # nothing was made of what was to be emptied
        return f"its record in {source} says something else since the plan was made; {_AGAIN}"
    return ""


def not_done(result: LaneResult) -> str:
    """Why nobody should build on this resource; empty when it was worked through, some entries failing or not."""
    if result.fatal:
        return result.fatal
    left = {Status.REFUSED, Status.PARKED, Status.SKIPPED}
    if result.outcomes and all(outcome.status in left for outcome in result.outcomes):
        return result.outcomes[0].message or "nothing was done there"
    return ""


class Turns:
    """Who waits for whom while lanes run side by side. Without ``dependsOn`` nobody waits."""

    def __init__(self, specs: Specs, addresses: Sequence[str]) -> None:
        self._needs = needs_of(specs)
        self._over = {address: asyncio.Event() for address in addresses} if self._needs else {}
        self._reasons: dict[str, str] = {}

    @asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[str]:
        """Waits until everything before this resource is over; yields why it must be skipped, empty when it may go on."""
        reason = ""
        for need in self._needs.get(address, ()):
            if need in self._over:
                await self._over[need].wait()
                why = self._reasons.get(need, "")
                reason = reason or (f"it waits for {need}, which was not done ({why})" if why else "")
        try:
            yield reason
        finally:
            if address in self._over:
                self._over[address].set()

    def ended(self, address: str, reason: str) -> None:
        if reason:
            self._reasons[address] = reason
