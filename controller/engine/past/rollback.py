"""``trueup rollback``: the plan that returns what one run changed to what stood there before. Applies nothing.

It is a plan like every other: ordered, within limits and budgets, judged by the operator's own rules, signed, and looked at again
just before each write. It gives nobody more than the specs of today declare, unless that is allowed by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from controller.engine.judging.target import Looking, Target
from controller.engine.past.account import Account
from controller.engine.past.deeds import Done, deeds_of
from controller.engine.past.looking import Backward, look_back
from controller.engine.plans.planning import Planned, Wanted, discreet, plan_by
from controller.engine.today.asking import today
from controller.engine.wishes.gather import gather
from controller.engine.world import Report, World, silent
from controller.model.address import Address
from controller.model.change import Notice, Plan, ResourcePlan, Verdict
from controller.model.scope import Scope
from controller.spec.resource import Resource


async def plan_rollback(world: World, account: Account, wanted: Wanted, report: Report = silent) -> Planned:
    """The plan; raises UsageError where it is not known any more what the run did."""
    now = await today(world, wanted.scope, wanted.allow, report=report)
    world = replace(now.world, known_as={})
    wanted = replace(await discreet(world, wanted), returns=account.row.run)
    done, undeclared = await deeds_of(world.state, world.specs, account)
    chosen = _chosen(world, wanted.scope, done)
    gathered = await gather(world, chosen, wanted.allow, offline=False, report=report)
    gathered.notices = [_undeclared(address) for address in undeclared if _covered(wanted.scope, address)]
    gathered.unknown = now.unknown
    looking = Looking(report)

    async def look(resource: Resource) -> tuple[Target, ResourcePlan]:
        address = str(resource.address)
        return await look_back(world, Backward(resource, done[address], gathered.desired[address], wanted.allow, looking))

    planned = await plan_by(world, wanted, (chosen, gathered), look)
    return Planned(_for_file(planned.plan), specs=world.specs if now.expansion else None)


def _chosen(world: World, scope: Scope, done: dict[str, Done]) -> Sequence[Resource]:
    return [r for r in world.specs.targets if str(r.address) in done and scope.covers_resource(r.address, r.labels)]


def _covered(scope: Scope, address: str) -> bool:
    return scope.covers_resource(Address.parse(address), {})


def _undeclared(address: str) -> Notice:
    message = f"no spec declares {address} now; what that run did there stays"
    return Notice(address, Verdict.SKIPPED, "not-declared", message, hint="declare it again, or look at it with trueup show")


def _for_file(plan: Plan) -> Plan:
    """Sources that shrank say nothing here: nothing is removed on their word, and their size is not remembered."""
    return msgspec.structs.replace(plan, sources={})
