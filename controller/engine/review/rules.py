"""The operator's own rules over a plan. Pure: the plan, the rules and the moment are all it knows.

What is denied stands in the plan like a limit (rule ``policy:NAME``), what is warned of like a notice. Rules see what the plan
would do, so a selection is judged as a selection; how much may change in all is what limits and budgets are for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from controller.engine.plans.limits import is_allowed
from controller.engine.review.windows import within
from controller.model.address import Address, Pattern
from controller.model.change import Change, Limit, Notice, Plan, ResourcePlan, Verdict
from controller.model.diagnostic import Place
from controller.model.errors import UsageError
from controller.spec.resource import Specs
from controller.spec.rules import ACTIONS, Rule, Selection

Test = Callable[[Change], bool]


@dataclass(frozen=True)
class Rulebook:
    """The rules, and what they need beside a plan: the moment, the site's zone, and where each rule stands."""

    rules: Sequence[Rule]
    now: datetime
    zone: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Ruling:
    """What the rules say: ``denied`` is forbidden, ``allowed`` would be, but for an allowance, ``warned`` is only said."""

    denied: tuple[Limit, ...] = ()
    allowed: tuple[Limit, ...] = ()
    warned: tuple[Notice, ...] = ()


def rulebook(specs: Specs, now: datetime) -> Rulebook:
    return Rulebook(specs.controller.rules, now, specs.controller.timezone, specs.rule_places)


def judge(book: Rulebook, plan: Plan, allowances: Iterable[str] | None = None) -> Ruling:
    """What the rules say about a plan. ``allowances``: by default those that the plan was made with."""
    given = tuple(plan.allowances if allowances is None else allowances)
    resources = {summary.address: summary for summary in plan.resources}
    limits: list[Limit] = []
    notices: list[Notice] = []
    for rule in book.rules:
        found = _broken(rule, book, plan, resources)
        if found and rule.warn is not None:
            notices += [_notice(rule, book, address, changes) for address, changes in found.items()]
        elif found:
            limits += _limits(rule, book, plan, found)
    denied = tuple(limit for limit in limits if not is_allowed(limit, given))
    return Ruling(denied, tuple(limit for limit in limits if limit not in denied), tuple(notices))


def ruled(book: Rulebook, plan: Plan) -> Plan:
    """The plan with what the rules say now. What they said before stays: a plan may come to forbid more, never less."""
    said = judge(book, plan)
    known = {(limit.resource, limit.rule) for limit in plan.limits}
    told = {(notice.resource, notice.code) for notice in plan.notices}
    return msgspec.structs.replace(
        plan,
        limits=(*plan.limits, *(limit for limit in said.denied if (limit.resource, limit.rule) not in known)),
        notices=(*plan.notices, *(notice for notice in said.warned if (notice.resource, notice.code) not in told)),
        rules=tuple(dict.fromkeys([*plan.rules, *(rule.name for rule in book.rules)])),
    )


def must_be_allowable(rules: Sequence[Rule], allowances: Iterable[str]) -> None:
    """Raises UsageError for an allowance that names a rule which is not there, or which nothing may override."""
    by_code = {rule.code: rule for rule in rules}
    for text in allowances:
        if not text.startswith("policy:"):
            continue
        rule = by_code.get(text)
        if rule is None:
            names = ", ".join(by_code) or "none"
            raise UsageError(f"--allow {text} names no rule", hint=f"rules of the Controller: {names}")
        if rule.deny is None or not rule.overridable:
            why = "may not be overridden" if rule.deny else "only warns and needs no allowance"
            raise UsageError(f"--allow {text}: this rule {why}", hint="a rule with `overridable: true` may be allowed")


def _broken(rule: Rule, book: Rulebook, plan: Plan, resources: Mapping[str, ResourcePlan]) -> dict[str, list[Change]]:
    """The changes that the rule is about, by resource, where there are too many of them."""
    wanted = _test(rule.when, book, resources)
    if wanted is None:
        return {}
    spared = _test(rule.unless, book, resources) if rule.unless is not None else None
    found: dict[str, list[Change]] = defaultdict(list)
    for change in _judged(plan):
        if wanted(change) and not (spared is not None and spared(change)):
            found[change.resource].append(change)
    most = rule.when.more_than
    if most is None:
        return found
    if rule.when.per == "plan":
        there = sum(summary.actual for summary in plan.resources)
        return found if sum(map(len, found.values())) > bound(most, there) else {}
    return {address: changes for address, changes in found.items() if len(changes) > bound(most, resources[address].actual)}


def _judged(plan: Plan) -> Iterator[Change]:
    return (change for change in plan.changes if change.action.value in ACTIONS)


def bound(most: int | float, there: int) -> int:
    """How many changes a rule lets pass, of so many entities that are there."""
    return most if isinstance(most, int) else int(most * there + 1e-9)  # as in limits: 29 % of 100 are 29


def _test(selection: Selection, book: Rulebook, resources: Mapping[str, ResourcePlan]) -> Test | None:
    """The selection as one question; None when it is not the time, so that nothing is selected."""
    if selection.time is not None and not within(selection.time, book.now, book.zone):
        return None
    covered = {address for address, summary in resources.items() if _covers(selection, summary)}
    tests = tuple(_tests(selection))
    return lambda change: change.resource in covered and all(test(change) for test in tests)


def _covers(selection: Selection, summary: ResourcePlan) -> bool:
    """What can be asked once per resource."""
    if selection.provider is not None and summary.provider not in selection.provider:
        return False
    if selection.labels and any(summary.labels.get(key) != value for key, value in selection.labels.items()):
        return False
    address = Address.parse(summary.address)
    return selection.address is None or any(Pattern(text).covers_resource(address) for text in selection.address)


def _tests(selection: Selection) -> Iterator[Test]:
    if (kinds := selection.kind) is not None:
        yield lambda change: change.kind in kinds
    if (actions := selection.action) is not None:
        yield lambda change: change.action.value in actions
    if (effects := selection.effect) is not None:
        yield lambda change: change.effect.value in effects
    if (drift := selection.drift) is not None:
        yield lambda change: change.drift is drift
    if (fields := selection.field) is not None:
        yield lambda change: any(changed.name in fields for changed in change.fields)
    if any(":" in text for text in selection.address or ()):
        patterns = [Pattern(text) for text in selection.address or ()]
        yield lambda change: any(pattern.covers(_place(change)) for pattern in patterns)


def _place(change: Change) -> Address:
    return Address.parse(change.resource).of(change.kind, change.key)


def _limits(rule: Rule, book: Rulebook, plan: Plan, found: Mapping[str, Sequence[Change]]) -> Iterator[Limit]:
    """One limit per resource that is stopped; where the rule stops everything, the others are told because of whom."""
    touched = dict.fromkeys(change.resource for change in _judged(plan)) if rule.refuse == "everything" else dict.fromkeys(found)
    because = f"{rule.message} (a rule of yours that stops the whole plan, because of {', '.join(found)})"
    actual = {summary.address: summary.actual for summary in plan.resources}
    for address in touched:
        changes = found.get(address, ())
        there = sum(actual.values()) if rule.when.per == "plan" else actual[address]
        most = bound(rule.when.more_than, there) if rule.when.more_than is not None else 0
        message = said(rule, changes) if changes else because
        flag = f"--allow {rule.code}" if rule.overridable else ""
        yield Limit(address, rule.code, len(changes), most, there, message, flag, place=_where(rule, book))


def _notice(rule: Rule, book: Rulebook, address: str, changes: Sequence[Change]) -> Notice:
    return Notice(address, Verdict.WARNED, rule.code, said(rule, changes), place=_where(rule, book))


def _where(rule: Rule, book: Rulebook) -> str:
    place = book.places.get(rule.name)
    return str(place) if place is not None else ""


def said(rule: Rule, changes: Sequence[Change]) -> str:
    """The operator's words, and how many changes they are about."""
    count = len(changes)
    return f"{rule.message} ({count:,} change{'' if count == 1 else 's'})"
