"""The operator's own rules in words, and what they say about a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.documents import RuleRow
from controller.cli.show.layout import wrapped
from controller.cli.show.plan_end import remedy
from controller.cli.show.words import counted
from controller.engine.review.rules import Ruling
from controller.engine.review.windows import in_words
from controller.model.change import Plan
from controller.spec.resource import Specs
from controller.spec.rules import Rule, Selection


def rule_rows(specs: Specs) -> tuple[RuleRow, ...]:
    return tuple(
        RuleRow(
            rule.name,
            "deny" if rule.deny else "warn",
            rule.message,
            about(rule),
            rule.overridable,
            str(place) if (place := specs.rule_places.get(rule.name)) else "",
        )
        for rule in specs.controller.rules
    )


def rules_text(rows: Sequence[RuleRow]) -> str:
    lines: list[str] = []
    for row in rows:
        word = "forbids" if row.verdict == "deny" else "warns of"
        lines += wrapped(f"{row.name}  {row.message}", 0, hang=2)
        lines += wrapped(f"{word} {row.about}", 2, hang=2)
        if row.overridable:
            lines += wrapped(f"may be overridden: --allow policy:{row.name}", 2)
        if row.place:
            lines += wrapped(row.place, 2)
    return "\n".join(lines)


def about(rule: Rule) -> str:
    """``changes where kind is person, action is delete or bar; when there are more than 50 per resource``"""
    parts = [_selected(rule.when) or "every change"]
    most = rule.when.more_than
    if most is not None:
        share = f"{most:,}" if isinstance(most, int) else f"{most * 100:g}% of what is there,"
        parts.append(f"when there are more than {share} {'in the whole plan' if rule.when.per == 'plan' else 'per resource'}")
    if rule.unless is not None:
        parts.append(f"but not {_selected(rule.unless)}")
    if rule.refuse == "everything":
        parts.append("stops the whole plan")
    return "; ".join(parts)


def _selected(selection: Selection) -> str:
    words = ", ".join(_conditions(selection))
    return f"changes where {words}" if words else ""


def _conditions(selection: Selection) -> Iterator[str]:
    for name, given in (
        ("kind is", selection.kind),
        ("action is", selection.action),
        ("effect is", selection.effect),
        ("provider is", selection.provider),
        ("address is", selection.address),
        ("what differs is", selection.field),
    ):
        if given:
            yield f"{name} {' or '.join(given)}"
    if selection.labels:
        yield "labels are " + " and ".join(f"{key}={value}" for key, value in selection.labels.items())
    if selection.drift is not None:
        yield f"{'somebody' if selection.drift else 'nobody'} has changed it at the target"
    if selection.time is not None:
        yield f"the time is {in_words(selection.time)}"


def ruling_text(ruling: Ruling, plan: Plan, rules: int) -> str:
    """What the rules say about a plan that was saved; ``rules`` is how many were asked."""
    lines = list(wrapped(f"plan {plan.id}: {counted(len(plan.changes), 'change')}, {counted(rules, 'rule')} asked", 0))
    for limit in ruling.denied:
        lines += wrapped(f"denied by {limit.rule}: {limit.resource}: {limit.message}", 2, hang=2, sign="- ")
        lines += wrapped(remedy(limit), 4, sign="-> ")
    for limit in ruling.allowed:
        lines += wrapped(f"allowed in spite of {limit.rule}: {limit.resource}: {limit.message}", 2, hang=2, sign="~ ")
    for notice in ruling.warned:
        lines += wrapped(f"warned of by {notice.code}: {notice.resource}: {notice.message}", 2, hang=2, sign="! ")
    if not (ruling.denied or ruling.allowed or ruling.warned):
        lines.append("  no rule has anything to say about it")
    return "\n".join(lines)
