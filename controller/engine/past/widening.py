"""What a rollback must not do unasked: give access that the specs of today do not declare. Pure.

What stands against one change stands against all of its entity, and against what would hang on it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from controller.engine.judging.target import Target
from controller.engine.past.returning import Case, give_back, lets_nobody_in
from controller.engine.plans.limits import covers_count
from controller.model.change import Action, Change, Verdict
from controller.model.entity import Actual, Effect, Entity, EntityKind

RULE = "wider"
REFUSED = "wider-than-declared"
Groups = Sequence[tuple[Case, Sequence[Change]]]


def return_all(target: Target, cases: Sequence[Case], allowances: Collection[str], *, known: bool) -> None:
    """Decide every case. ``known`` False: a source could not be read, so nobody knows what is declared today."""
    groups = []
    for case in cases:
        begin = len(target.changes)
        give_back(case)
        groups.append((case, target.changes[begin:]))
    wider = {id(case): reason for case, changes in groups if (reason := _wider(case, changes, known=known))}
    target.changes.clear()
    allowed = covers_count(allowances, f"{RULE}:{target.address}", len(wider))
    kept: list[tuple[Case, Sequence[Change]]] = []
    for case, changes in groups:
        reason = wider.get(id(case), "")
        if reason and not allowed:
            flag = f"--allow {RULE}:{target.address}={len(wider)}"
            message = f"is not given back: {reason}"
            case.say(Verdict.REFUSED, REFUSED, message, f"if that is right all the same, add {flag}")
            continue
        kept.append((case, [_said(change, reason) for change in changes] if reason else changes))
    target.changes += [change for _, changes in _with_parents(target, kept) for change in changes]


def _said(change: Change, reason: str) -> Change:
    """An allowed one tells in the plan itself that it goes beyond the specs."""
    if change.effect is not Effect.GRANTS:
        return change
    return msgspec.structs.replace(change, reason=f"{change.reason}, although {reason}")


def _wider(case: Case, changes: Sequence[Change], *, known: bool) -> str:
    """Why this would give more than the specs declare today; empty when it does not."""
    for change in changes:
        wish = case.target.wishes.get(change.id)
        if change.effect is Effect.GRANTS and wish is not None and (reason := _beyond(case, wish, known=known)):
            return reason
    return ""


def _beyond(case: Case, then: Entity, *, known: bool) -> str:
    kind, desired = case.entry.kind, case.target.desired
    if lets_nobody_in(case.target, kind, Actual(then.key, then.values, subject=then.subject)):
        return ""
    if not known:
        return "nobody knows what is declared today, because a source could not be read"
    if (kind.name, then.key) in desired.held:
        return "its record cannot be followed today, so nobody knows what is declared"
    declared = desired.entities.get(kind.name, {}).get(then.key)
    if declared is None:
        return "the specs of today do not declare it"
    if kind.after and declared.subject != then.subject:
        return "the specs of today declare it for somebody else"
    if case.actual is None and declared.only_existing:
        return "the specs of today let nobody be added there"
    wide = [f for i, f in enumerate(kind.fields) if f.effect(_today(case, declared, i), then.values[i]) is Effect.GRANTS]
    return f"the specs of today declare less ({', '.join(f.title or f.name for f in wide)})" if wide else ""


def _today(case: Case, declared: Entity, index: int) -> object:
    """What is declared for a field; where nothing is, what stands there now."""
    if declared.managed is None or case.entry.kind.fields[index].name in declared.managed:
        return declared.values[index]
    return case.actual.values[index] if case.actual else None


# -- what hangs on somebody --------------------------------------------------------------------------------------------------


def _with_parents(target: Target, groups: Groups) -> Groups:
    """Without what would be made for somebody who is not there, or is not ours: his card would open whatever he may."""
    made = {(change.kind, change.key) for _, changes in groups for change in changes if change.action is Action.CREATE}
    kept = []
    for case, changes in groups:
        if reason := next((r for change in changes if (r := _hangs_loose(target, case.entry.kind, change, made))), ""):
            case.say(Verdict.SKIPPED, "subject-missing", f"is not made again: {reason}")
        else:
            kept.append((case, changes))
    return kept


def _hangs_loose(target: Target, kind: EntityKind, change: Change, made: Collection[tuple[str, str]]) -> str:
    if change.action is not Action.CREATE:
        return ""
    for parent in kind.after:
        if (parent, change.subject) not in made and target.owned.get(parent, {}).get(change.subject) != "owned":
            return f"its {parent} {change.subject or 'nobody'} is not there as ours"
    return ""
