"""What to do about what is there and no longer declared, and about what is neither. Pure; absence is not deletion."""

from __future__ import annotations

from collections.abc import Mapping

from controller.engine.judging.compare import Differences
from controller.engine.judging.diff import effect_of, field_changes
from controller.engine.judging.making import change, forget, is_what_we_began, notice, who
from controller.engine.judging.target import Target
from controller.model.change import Action, Verdict
from controller.model.entity import Actual, Effect, Entity, EntityKind, Refusal
from controller.state.rows import OwnedRow


def decide_extra(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> None:
    if row is not None and row.status != "owned" and not is_what_we_began(target, kind, actual, row):
        row = None
    if row is None and target.policy.prune != "all":
        target.tally.foreign += 1
        return
    if held := held_by(target, kind, actual, row):
        target.tally.held += (kind.name, actual.key) not in target.desired.held  # those are counted already
        if not isinstance(held, Refusal):  # a refusal is listed once, where it arose
            notice(target, kind, actual, Verdict.HELD, "removal-held", f"{who(kind, actual)} stays as it is: {held}")
        return
    if target.policy.prune == "none":
        return
    remove(target, kind, actual, row)


def held_by(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> Refusal | str:
    desired = target.desired
    if refusal := desired.held.get((kind.name, actual.key)):
        return refusal
    for parent in kind.after:
        if refusal := desired.held.get((parent, actual.subject)):
            return refusal
    for record in row.records if row is not None else ():
        if refusal := desired.held_records.get(record):
            return refusal
    if row is None and desired.loose:
        return f"a record that cannot be followed may mean it: {desired.loose[0].message}"
    return desired.hold_all[0] if desired.hold_all else ""


def remove(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None, why: str = "is no longer declared") -> None:
    """By the rules of the policy: deleted, barred, or forgotten; what is protected stays."""
    how = target.policy.on_removal
    if how == "delete" and row is not None and row.only_existing and target.policy.prune != "all":
        how = "expire"  # we never made it, so it is not ours to delete
    if how == "keep":
        forget(target, kind, actual, row, f"{why}; it stays at the target, no longer managed")
        return
    reason = target.untouchable(kind, actual.key, actual.subject) or _lasting(target, kind, actual)
    if how == "delete":
        reason = reason or target.needed.get((kind.name, actual.key), "")
    if reason:
        notice(target, kind, actual, Verdict.PROTECTED, "protected", f"{who(kind, actual)} {why} but stays: {reason}")
    elif how == "delete" or not kind.expires:  # what cannot expire (a card) would go on opening doors
        gone = Entity(kind.name, actual.key, actual.values, subject=actual.subject, label=_label(kind, actual))
        effect = effect_of(Action.DELETE, kind, None, (), ())
        change(target, kind, gone, actual, action=Action.DELETE, effect=effect, reason=why, taken=row is None)
    else:
        _bar(target, kind, actual, row, why)


def _lasting(target: Target, kind: EntityKind, actual: Actual) -> str:
    """Whoever is never removed keeps what hangs on him as long as he is not declared: a card is how he enters."""
    if reason := target.protections.lasting(kind.name, actual.key):
        return reason
    undeclared = [parent for parent in kind.after if actual.subject not in target.desired.entities.get(parent, {})]
    return next((r for parent in undeclared if (r := target.protections.lasting(parent, actual.subject))), "")


def _label(kind: EntityKind, actual: Actual) -> str:
    """How people call it; a sensitive key is nobody's name."""
    return actual.label or (actual.subject if kind.sensitive_key else actual.key)


def _bar(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None, why: str) -> None:
    """Barring keeps a tombstone: the barred form stays desired, so that undoing it at the target is drift."""
    values = target.provider.bar(kind.name, actual, target.moment)
    tombstone = row is not None and row.tombstone
    if values is None and tombstone:
        target.tally.unchanged += 1
        return
    values = values or actual.values
    ours = row.managed if row is not None and row.only_existing else None  # of whom we never made, only that much is ours
    managed = target.managed(kind, ours)
    fields = field_changes(kind, actual.values, values, managed, target.marks)
    if values != actual.values and not fields:
        message = f"{who(kind, actual)} {why} but keeps access: what would bar it is ignored or not managed here"
        notice(target, kind, actual, Verdict.PROTECTED, "bar-ignored", message, "take the field out of policy.ignore")
        return
    effect = Effect.REVOKES if fields else Effect.NEUTRAL
    reason = "was let in again at the target" if tombstone and fields else why
    never_made = row is None or row.only_existing
    barred = Entity(kind.name, actual.key, values, subject=actual.subject, label=_label(kind, actual), only_existing=never_made)
    change(
        target,
        kind,
        barred,
        actual,
        action=Action.BAR,
        effect=effect,
        reason=reason,
        fields=fields,
        drift=tombstone,
        managed=managed,
        taken=row is None,
    )


def decide_vanished(target: Target, kind: EntityKind, found: Differences, rows: Mapping[str, OwnedRow]) -> None:
    """What the inventory knows and nobody else does: forgotten, unless an unknown record may still want it."""
    wishes = {target.marks.token(kind, key) for key in target.desired.entities.get(kind.name, ())} if kind.sensitive_key else None
    for token, row in rows.items():
        declared = token in wishes if wishes is not None else token in target.desired.entities.get(kind.name, {})
        if declared or token in found.present or held_by(target, kind, Actual(token, (), subject=row.subject), row):
            continue
        forget(target, kind, None, row, "is neither declared nor there any more")
