"""What to do about each difference: a change, or a notice that says why not. Pure; the rules of ownership stand here.

Order of the questions: is it known at all (held)? may it be touched (protected)? is it ours (inventory)? what differs?
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.engine.compare import Differences
from controller.engine.diff import effect_of, field_changes
from controller.engine.target import Target
from controller.model.change import Action, Change, FieldChange, Verdict
from controller.model.entity import Actual, Effect, Entity, EntityKind, Refusal
from controller.state.rows import OwnedRow

Rows = Mapping[str, OwnedRow]


def decide(target: Target, kind: EntityKind, found: Differences, rows: Rows) -> None:
    """Turn the differences of one kind into changes and notices on ``target``."""
    target.tally.actual += found.actual
    target.tally.unchanged += found.unchanged
    target.tally.foreign += found.strangers
    for wish, actual in found.unequal:
        _unequal(target, kind, wish, actual, rows.get(target.marks.token(kind, wish.key)))
    for actual in found.extra:
        _extra(target, kind, actual, rows.get(target.marks.token(kind, actual.key)))
    for wish in found.missing:
        _missing(target, kind, wish, rows.get(target.marks.token(kind, wish.key)))
    _vanished(target, kind, found, rows)


# -- there and declared ------------------------------------------------------------------------------------------------------


def _unequal(target: Target, kind: EntityKind, wish: Entity, actual: Actual, row: OwnedRow | None) -> None:
    managed = target.managed(kind, wish.managed)
    fields = field_changes(kind, actual.values, wish.values, managed, target.marks)
    ours = row is not None and (row.status == "owned" or _is_what_we_began(target, kind, actual, row))
    if ours and not fields and row is not None and not row.tombstone and row.status == "owned":
        target.tally.unchanged += 1
        return
    if fields and (reason := target.protections.untouchable(kind.name, wish.key, actual.guard)):
        _notice(target, kind, actual, Verdict.PROTECTED, "protected", f"{_who(kind, actual)} differs but stays: {reason}")
        return
    if not ours and not wish.only_existing and not _may_adopt(target, kind, wish, actual, managed):
        return
    _update(target, kind, wish, actual, (row if ours else None, managed, fields))


def _is_what_we_began(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow) -> bool:
    """A create that was begun and never confirmed is ours only if what stands there is what we were about to write."""
    return target.marks.values(kind, actual.values, row.fields) == dict(row.fields)


def _may_adopt(target: Target, kind: EntityKind, wish: Entity, actual: Actual, managed: tuple[str, ...]) -> bool:
    match target.policy.adopt:
        case "all":
            return True
        case "matching" if strange := [f for f in _identity_differs(kind, wish, actual) if f in managed]:
            message = f"{_who(kind, actual)} is there but not ours, and its {' and '.join(strange)} does not agree with the record"
            code = "identity-differs"
        case "matching":
            return True
        case _:
            message, code = f"{_who(kind, actual)} is there already and not ours", "not-ours"
    target.tally.foreign += 1
    hint = "take over what agrees with `policy: {adopt: matching}`, or everything under our keys with `adopt: all`"
    _notice(target, kind, actual, Verdict.FOREIGN, code, message, hint)
    return False


def _identity_differs(kind: EntityKind, wish: Entity, actual: Actual) -> list[str]:
    different = []
    for index, field in enumerate(kind.fields):
        same = field.same_identity or (lambda a, b: a == b)
        if field.identity and not same(wish.values[index], actual.values[index]):
            different.append(field.title or field.name)
    return different


def _update(
    target: Target,
    kind: EntityKind,
    wish: Entity,
    actual: Actual,
    ours: tuple[OwnedRow | None, tuple[str, ...], tuple[FieldChange, ...]],
) -> None:
    row, managed, fields = ours
    if any(f.immutable for f in kind.fields if f.name in {c.name for c in fields}):
        _replace(target, kind, wish, actual)
        return
    fields = _with_drift(target, kind, fields, row, wish)
    action = Action.UPDATE if row else Action.ADOPT
    drift = any(f.drift for f in fields)
    effect = effect_of(action, kind, actual.values, wish.values, [f.name for f in fields])
    if not fields and row is not None:
        action = Action.ADOPT  # a begun create that turned out well, or a barred one whose wish is what stands there
    reason = _why_update(row, drift=drift, fields=bool(fields))
    _change(target, kind, wish, actual, action=action, effect=effect, reason=reason, fields=fields, drift=drift, managed=managed)


def _with_drift(
    target: Target, kind: EntityKind, fields: tuple[FieldChange, ...], row: OwnedRow | None, wish: Entity
) -> tuple[FieldChange, ...]:
    if row is None or row.tombstone:
        return fields
    marked = []
    for change in fields:
        wanted = target.marks.value(kind, change.name, wish.values[kind.index(change.name)])
        marked.append(msgspec.structs.replace(change, drift=row.fields.get(change.name) == wanted))
    return tuple(marked)


def _why_update(row: OwnedRow | None, *, drift: bool, fields: bool) -> str:
    if row is None:
        return "is there already and is taken over" + (", with what differs put right" if fields else "")
    if row.tombstone:
        return "is declared again"
    return "was changed at the target" if drift else "what is declared has changed"


def _replace(target: Target, kind: EntityKind, wish: Entity, actual: Actual) -> None:
    """An immutable field differs: what is there goes first, then the wish is made anew."""
    if reason := target.protections.lasting(kind.name, wish.key):
        _notice(
            target, kind, actual, Verdict.PROTECTED, "never-removed", f"{_who(kind, actual)} would have to be replaced: {reason}"
        )
        return
    gone = Entity(kind.name, actual.key, actual.values, subject=actual.subject, provenance=wish.provenance, label=actual.label)
    names = " and ".join(f.title or f.name for f in kind.fields if f.immutable)
    _change(target, kind, gone, actual, action=Action.DELETE, effect=effect_of(Action.DELETE, kind, None, (), ()),
            reason=f"its {names} changes, which needs a new one")  # fmt: skip
    _create(target, kind, wish, f"its {names} changes, which needs a new one", drift=False)


# -- declared but not there --------------------------------------------------------------------------------------------------


def _missing(target: Target, kind: EntityKind, wish: Entity, row: OwnedRow | None) -> None:
    if wish.only_existing:
        message = f"{wish.label or wish.key} is not there; only what is already there is managed"
        _notice(target, kind, wish, Verdict.SKIPPED, "not-there", message)
        return
    if reason := target.protections.untouchable(kind.name, wish.key, ""):
        _notice(target, kind, wish, Verdict.PROTECTED, "protected", f"{_who(kind, wish)} is missing but stays so: {reason}")
        return
    lost = row is not None and row.status == "owned"
    _create(target, kind, wish, "was removed at the target" if lost else "is declared and not there", drift=lost)


def _create(target: Target, kind: EntityKind, wish: Entity, reason: str, *, drift: bool) -> None:
    managed = target.managed(kind, wish.managed)
    fields = field_changes(kind, None, wish.values, managed, target.marks)
    effect = effect_of(Action.CREATE, kind, None, wish.values, ())
    _change(
        target, kind, wish, None, action=Action.CREATE, effect=effect, reason=reason, fields=fields, drift=drift, managed=managed
    )


# -- there but not declared --------------------------------------------------------------------------------------------------


def _extra(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> None:
    if row is not None and row.status != "owned" and not _is_what_we_began(target, kind, actual, row):
        row = None
    if row is None and target.policy.prune != "all":
        target.tally.foreign += 1
        return
    if held := _held_by(target, kind, actual, row):
        target.tally.held += 1
        if not isinstance(held, Refusal):  # a refusal is listed once, where it arose
            _notice(target, kind, actual, Verdict.HELD, "removal-held", f"{_who(kind, actual)} stays as it is: {held}")
        return
    if target.policy.prune == "none":
        return
    _remove(target, kind, actual, row)


def _held_by(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> Refusal | str:
    desired = target.desired
    if refusal := desired.held.get((kind.name, actual.key)):
        return refusal
    for parent in kind.after:
        if refusal := desired.held.get((parent, actual.subject)):
            return refusal
    if row is not None and (refusal := desired.held_records.get((row.source, row.record))):
        return refusal
    return desired.hold_all[0] if desired.hold_all else ""


def _remove(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> None:
    how = target.policy.on_removal
    if how == "delete" and row is not None and row.only_existing:
        how = "expire"  # we never made it, so it is not ours to delete
    if how == "keep":
        _forget(target, kind, actual.key, row, "is no longer declared; it stays at the target, no longer managed")
        return
    reason = target.protections.untouchable(kind.name, actual.key, actual.guard) or target.protections.lasting(
        kind.name, actual.key
    )
    if reason:
        _notice(
            target, kind, actual, Verdict.PROTECTED, "protected", f"{_who(kind, actual)} is no longer declared but stays: {reason}"
        )
    elif how == "delete":
        gone = Entity(kind.name, actual.key, actual.values, subject=actual.subject, label=actual.label or actual.key)
        effect = effect_of(Action.DELETE, kind, None, (), ())
        _change(target, kind, gone, actual, action=Action.DELETE, effect=effect, reason="is no longer declared")
    else:
        _bar(target, kind, actual, row)


def _bar(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow | None) -> None:
    """Barring keeps a tombstone: the barred form stays desired, so that undoing it at the target is drift."""
    values = target.provider.bar(kind.name, actual, target.moment)
    tombstone = row is not None and row.tombstone
    if values is None and tombstone:
        target.tally.unchanged += 1
        return
    values = values or actual.values
    managed = target.managed(kind, None)
    fields = field_changes(kind, actual.values, values, managed, target.marks)
    effect = Effect.REVOKES if fields else Effect.NEUTRAL
    reason = "was let in again at the target" if tombstone and fields else "is no longer declared"
    barred = Entity(kind.name, actual.key, values, subject=actual.subject, label=actual.label or actual.key)
    _change(
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
    )


# -- neither there nor declared ----------------------------------------------------------------------------------------------


def _vanished(target: Target, kind: EntityKind, found: Differences, rows: Rows) -> None:
    """What the inventory knows and nobody else does: forgotten, unless an unknown record may still want it."""
    wishes = {target.marks.token(kind, key) for key in target.desired.entities.get(kind.name, ())} if kind.sensitive_key else None
    for token, row in rows.items():
        declared = token in wishes if wishes is not None else token in target.desired.entities.get(kind.name, {})
        if declared or token in found.present or _held_by(target, kind, Actual(token, (), subject=row.subject), row):
            continue
        _forget(target, kind, token, row, "is neither declared nor there any more")


def _forget(target: Target, kind: EntityKind, key: str, row: OwnedRow | None, reason: str) -> None:
    if row is None:
        return
    token = row.key
    target.changes.append(
        Change(
            target.change_id(),
            str(target.address),
            kind.name,
            token,
            Action.FORGET,
            Effect.NEUTRAL,
            reason,
            subject=row.subject,
            label=row.label or token,
        )  # fmt: skip
    )


# -- building ----------------------------------------------------------------------------------------------------------------


def _change(
    target: Target, kind: EntityKind, wish: Entity, actual: Actual | None, *, action: Action, effect: Effect, reason: str,
    fields: tuple[FieldChange, ...] = (), drift: bool = False, managed: tuple[str, ...] | None = None,
) -> None:  # fmt: skip
    change_id = target.change_id()
    whole = managed is not None and len(managed) == len(kind.fields)
    target.changes.append(
        Change(
            change_id,
            str(target.address),
            kind.name,
            target.marks.token(kind, wish.key),
            action,
            effect,
            reason,
            fields=fields,
            managed=None if whole else managed,
            before=target.marks.entity(kind, actual, managed),
            fingerprint="" if action is Action.DELETE else target.marks.entity(kind, wish, managed),
            subject=wish.subject,
            remote_id=actual.remote_id if actual else "",
            label=wish.label or (actual.label if actual else ""),
            drift=drift,
            only_existing=wish.only_existing,
            administrator=bool(actual and actual.guard),
            provenance=wish.provenance,
        )  # fmt: skip
    )
    target.wishes[change_id] = wish


def _notice(
    target: Target, kind: EntityKind, thing: Actual | Entity, verdict: Verdict, code: str, message: str, hint: str = ""
) -> None:
    token = target.marks.token(kind, thing.key)
    target.notice(verdict, code, message, kind=kind.name, key=token, label=thing.label, hint=hint)


def _who(kind: EntityKind, thing: Any) -> str:
    """How a sentence names it; never by a sensitive key."""
    word = kind.title or kind.name
    if kind.sensitive_key:
        return f"a {word} of {thing.subject or 'nobody'}"
    return f"{word} {thing.key}" + (f" ({thing.label})" if thing.label and thing.label != thing.key else "")
