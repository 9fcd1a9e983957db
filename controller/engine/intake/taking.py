"""What is there and declared becomes ours as it stands: a plan of adoptions that write nothing, made by the rules of every plan.

Everything else that the plan would do is left for the next one, which then shows the real differences.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from controller.engine.judging.kinds import provider_of
from controller.engine.judging.target import Protections
from controller.engine.plans.planning import Planned, Wanted, make_plan
from controller.engine.world import Report, World, silent
from controller.model.address import Address
from controller.model.change import Action, Change, Notice, Plan, Verdict
from controller.model.entity import Effect
from controller.model.errors import UsageError
from controller.model.scope import Scope
from controller.sdk.context import Context
from controller.sdk.errors import Done, ProviderError
from controller.sdk.provider import TargetProvider, Write, Written
from controller.spec.resource import Resource, Specs

PART = "--only what is taken over"  # in the plan's scope: such a run says nothing about what it left
_REASON = "is there already and is taken over as it is"

Which = Literal["matching", "all"]


@dataclass(frozen=True)
class Taking:
    """``planned`` holds what is taken over, nothing of it written. ``differing`` are those of them that are not as declared, with
    the fields that the next plan will show; ``left`` what stays as it is, and why."""

    planned: Planned
    differing: tuple[Change, ...] = ()
    left: tuple[Notice, ...] = ()


async def make_taking(world: World, scope: Scope, which: Which = "matching", report: Report = silent) -> Taking:
    """Reads sources and targets completely. ``which``: matching takes what agrees in its identity (a person's name), all takes
    everything under our keys."""
    sealed_world = replace(world, specs=sealed(world.specs, which))
    planned = await make_plan(sealed_world, Wanted(scope), report)
    if moving := [change.resource for change in planned.plan.changes if change.action is Action.MOVE]:
        message = f"{', '.join(moving)} got a new name that was not applied yet; taking over would mix the notes of two names"
        raise UsageError(message, hint="apply first, so that the notes follow the name")
    return taking_of(planned.plan, world.specs)


def taking_of(plan: Plan, specs: Specs) -> Taking:
    """The part of a plan that takes over, without what it would write."""
    taken, differing, left = [], [], [n for n in plan.notices if n.verdict in (Verdict.FOREIGN, Verdict.PROTECTED)]
    for change in plan.changes:
        if change.action is not Action.ADOPT:
            continue
        if _untouchable(change, specs):
            left.append(_left(change, Verdict.PROTECTED, "administrator", "is an administrator there"))
            continue
        taken.append(change)
        if change.fields:
            differing.append(change)
    left += _replaced(plan.changes)
    ids = {change.id for change in taken}
    changes = tuple(_as_it_stands(change, ids) for change in taken)
    part = msgspec.structs.replace(plan, changes=changes, notices=(), limits=(), scope=(*plan.scope, PART), signature="")
    return Taking(Planned(part), tuple(differing), tuple(left))


def _as_it_stands(change: Change, taken: set[str]) -> Change:
    return msgspec.structs.replace(
        change,
        effect=Effect.NEUTRAL,
        reason=_REASON,
        fields=(),
        fingerprint=change.before,
        drift=False,
        after=tuple(need for need in change.after if need in taken),
    )


def _untouchable(change: Change, specs: Specs) -> bool:
    """Administrators, and what hangs on them, unless they are listed. Of whom only a part is managed (``only_existing``), any plan
    takes that part when it differs in nothing."""
    if not change.administrator or change.only_existing:
        return False
    resource = specs.by_address[change.resource]
    rules = Protections(Address.parse(change.resource), (), (), resource.policy.manage_administrators)
    kind = provider_of(resource).kind_of(change.kind)
    places = [(change.kind, change.key), *((parent, change.subject) for parent in kind.after if change.subject)]
    return all(rules.untouchable(name, key, "an administrator") for name, key in places)


def _replaced(changes: Sequence[Change]) -> Iterator[Notice]:
    """What would have to be made anew is left for the plan that does so."""
    made = {(c.resource, c.kind, c.key) for c in changes if c.action is Action.CREATE}
    for change in changes:
        if change.action is Action.DELETE and (change.resource, change.kind, change.key) in made:
            yield _left(change, Verdict.SKIPPED, "needs-replacing", "differs in what cannot be changed in place")


def _left(change: Change, verdict: Verdict, code: str, why: str) -> Notice:
    message = f"{change.kind} of {change.label or change.subject or change.key} {why}; left as it is"
    return Notice(change.resource, verdict, code, message, change.kind, change.key, change.label)


# -- without a writer --------------------------------------------------------------------------------------------------------


class NothingIsWritten(ProviderError):
    """A write was asked for where only our own notes may change."""

    code = "nothing-is-written"
    retry = False


class _Sealed:
    async def apply(self, writes: Sequence[Write]) -> AsyncIterator[Written]:
        for write in writes:
            yield Written(
                write.id,
                Done.NONE,
                NothingIsWritten("taking over writes nothing to the target", hint="to write there: trueup apply"),
            )


@asynccontextmanager
async def _no_writer(config: Any, context: Context) -> AsyncIterator[_Sealed]:
    yield _Sealed()


def sealed(specs: Specs, which: Which) -> Specs:
    """The same resources, which take over what is there and have no way to write."""
    return replace(specs, resources=tuple(_sealed_resource(resource, which) for resource in specs.resources))


def _sealed_resource(resource: Resource, which: Which) -> Resource:
    if not isinstance(resource.provider, TargetProvider):
        return resource
    policy = resource.policy.model_copy(update={"adopt": which})
    return replace(resource, policy=policy, provider=replace(resource.provider, writer=_no_writer))
