"""Limits and budgets: how much may change at once, judged over everything that was planned, before any selection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from controller.engine.world import World
from controller.model.change import Action, Change, Limit, Plan, ResourcePlan
from controller.model.entity import Effect
from controller.spec.policy import Policy

SMALL = 10  # below this many entities a share says little
FEW = 3
COUNT = re.compile("[0-9]{1,18}")  # nothing else: there are digits that are no number, and numbers that take hours to read


def counted(changes: Iterable[Change]) -> dict[Effect, int]:
    """How many entities lose access, and how many are granted or updated; taking over without a write counts for neither."""
    found = Counter(map(counts_as, changes))
    return {Effect.REVOKES: found[Effect.REVOKES], Effect.GRANTS: found[Effect.GRANTS]}


def counts_as(change: Change) -> Effect:
    """What a change is counted under, in the limits of a run and in the budgets of a day alike: an update that neither widens nor
    narrows counts with the grants."""
    if change.effect is Effect.REVOKES:
        return Effect.REVOKES
    return Effect.GRANTS if change.fields and change.action is not Action.FORGET else Effect.NEUTRAL


def allowed(effect: Effect, share: float, existing: int) -> int:
    """How many entities one run may touch, of so many that exist."""
    if existing < SMALL and share:
        return max(0, min(FEW, existing - 1)) if effect is Effect.REVOKES else FEW
    return int(share * existing + 1e-9)  # 29 % of 100 are 29, although 0.29 * 100 is a little less


@dataclass(frozen=True)
class Stock:
    """What changes are measured against: how many entities the last complete read found, how many of them are declared or ours,
    and how many changes per effect the last 24 hours saw."""

    existing: int
    ours: int
    initialised: bool
    spent: Mapping[str, int]


def stock_of(summary: ResourcePlan, policy: Policy, spent: Mapping[str, int]) -> Stock:
    """Strangers make no revoke smaller: two hundred of them at a door must not let all twenty of ours be barred at once. With
    ``prune: all`` they are what is removed, and count."""
    ours = summary.actual if policy.prune == "all" else max(0, summary.actual - summary.foreign)
    return Stock(summary.actual, ours, summary.initialised, spent)


def exceeded(resource: str, changes: Sequence[Change], policy: Policy, stock: Stock) -> list[Limit]:
    """The rules that these changes exceed."""
    taken_over = () if stock.initialised else (Action.ADOPT,)  # that is what the bootstrap question is about
    found = counted(change for change in changes if change.action not in taken_over)
    limits = []
    if not stock.initialised and changes:
        limits.append(_bootstrap(resource, len(changes), stock.existing))
    for effect, share, of in (
        (Effect.REVOKES, policy.limits.revoke, stock.ours),
        (Effect.GRANTS, policy.limits.grant, stock.existing),
    ):
        if effect is Effect.GRANTS and not stock.initialised:
            continue  # and so is filling an empty target
        most = allowed(effect, share, of)
        if found[effect] > most:
            limits.append(_share(resource, effect, found[effect], most, of))
    return limits + overspent(resource, found, policy, stock)


def overspent(resource: str, found: Mapping[Effect, int], policy: Policy, stock: Stock) -> list[Limit]:
    """The budgets that so many changes exceed, together with what was spent within the last 24 hours. Where no budget for
    revokes is set, it is twice what one run may: otherwise three runs in a row could empty a door."""
    revokes = policy.budgets.revoke
    if revokes is None and stock.spent.get(Effect.REVOKES.value, 0):
        revokes = max(2 * FEW, 2 * allowed(Effect.REVOKES, policy.limits.revoke, stock.ours))
    limits = []
    for effect, budget in ((Effect.REVOKES, revokes), (Effect.GRANTS, policy.budgets.grant)):
        total = found[effect] + stock.spent.get(effect.value, 0)
        if budget is not None and found[effect] and total > budget:
            limits.append(_budget(resource, effect, total, budget, stock.existing))
    return limits


def _rule(effect: Effect) -> str:
    return "revoke" if effect is Effect.REVOKES else "grant"


def _words(effect: Effect) -> str:
    return "would lose access" if effect is Effect.REVOKES else "would be granted or updated"


def _flag(rule: str, resource: str, count: int) -> str:
    return f"--allow {rule}:{resource}={count}"


def _bootstrap(resource: str, count: int, existing: int) -> Limit:
    there = f"{existing:,} entries that trueup does not know yet" if existing else "nothing yet"
    message = f"this is the first sync of {resource}, which holds {there}"
    return Limit(resource, "bootstrap", count, 0, existing, message, "--bootstrap")


def _share(resource: str, effect: Effect, count: int, most: int, existing: int) -> Limit:
    message = f"{count:,} of {existing:,} entries {_words(effect)} in one run; at most {most:,} may"
    return Limit(resource, _rule(effect), count, most, existing, message, _flag(_rule(effect), resource, count))


def _budget(resource: str, effect: Effect, total: int, budget: int, existing: int) -> Limit:
    rule = f"budget-{_rule(effect)}"
    message = f"{total:,} entries {_words(effect)} within 24 hours, those of earlier runs included; the budget is {budget:,}"
    return Limit(resource, rule, total, budget, existing, message, _flag(rule, resource, total))


def is_allowed(limit: Limit, allowances: Collection[str]) -> bool:
    """Whether an allowance of the form ``rule:Kind/name=count`` (or ``bootstrap``, or ``policy:NAME``) covers this limit."""
    for allowance in allowances:
        if allowance == limit.rule and (allowance == "bootstrap" or (allowance.startswith("policy:") and limit.flag)):
            return True
    return covers_count(allowances, f"{limit.rule}:{limit.resource}", limit.count)


def covers_count(allowances: Collection[str], head: str, count: int) -> bool:
    """Whether one of them is ``head=N`` with no less than this count."""
    parts = (text.partition("=") for text in allowances)
    return any(found == head and COUNT.fullmatch(most) is not None and count <= int(most) for found, _, most in parts)


async def spent_today(world: World, resource: str, but_plan: str = "") -> dict[str, int]:
    """Changes per effect within the last 24 hours, those that may have taken effect included; without those of one plan."""
    since = (world.clock.now() - timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return await world.state.outcomes.effects_since(world.remembered_as(resource), since, but_plan)


async def overspent_since(world: World, plan: Plan, summary: ResourcePlan, changes: Sequence[Change]) -> str:
    """What forbids a plan's changes now although it was made within the budgets: other plans have spent them since. A run that was
    stopped and goes on spends nothing that was not judged when its plan was made."""
    others = await spent_today(world, summary.address, plan.id)
    found = {effect: count if others.get(effect.value) else 0 for effect, count in counted(changes).items()}
    policy = world.specs.by_address[summary.address].policy
    spent = await spent_today(world, summary.address)
    limits = overspent(summary.address, found, policy, stock_of(summary, policy, spent))
    return next((limit.message for limit in limits if not is_allowed(limit, plan.allowances)), "")
