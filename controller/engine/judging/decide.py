"""What to do about each difference: a change, or a notice that says why not. Pure; the rules of ownership stand here.

Order of the questions: is it known at all (held)? may it be touched (protected)? is it ours (inventory)? what differs?
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.engine.judging.compare import Differences
from controller.engine.judging.diff import effect_of, field_changes
from controller.engine.judging.making import change, is_what_we_began, notice, who
from controller.engine.judging.removal import decide_extra, decide_vanished, held_by
from controller.engine.judging.target import Target
from controller.engine.steer.renewal import REASON, decline, forbidden
from controller.model.change import Action, FieldChange, Verdict
from controller.model.entity import Actual, Entity, EntityKind, Refusal
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
        decide_extra(target, kind, actual, rows.get(target.marks.token(kind, actual.key)))
    for wish in found.missing:
        _missing(target, kind, wish, rows.get(target.marks.token(kind, wish.key)))
    decide_vanished(target, kind, found, rows)


# -- there and declared ------------------------------------------------------------------------------------------------------


def _unequal(target: Target, kind: EntityKind, wish: Entity, actual: Actual, row: OwnedRow | None) -> None:
    managed = target.managed(kind, wish.managed)
    fields = field_changes(kind, actual.values, wish.values, managed, target.marks)
    ours = row is not None and (row.status == "owned" or is_what_we_began(target, kind, actual, row))
    if target.renews(kind, wish):
        if not (reason := forbidden(target, kind, wish, actual, ours=ours)):
            _replace(target, kind, wish, actual, row, REASON)
            return
        decline(target, kind, wish, reason)
    if ours and not fields and row is not None and not row.tombstone and row.status == "owned":
        target.tally.unchanged += 1
        return
    if _left_apart(target, kind, wish):
        return
    if fields and (reason := _untouchable(target, kind, wish, actual)):
        notice(target, kind, actual, Verdict.PROTECTED, "protected", f"{who(kind, actual)} differs but stays: {reason}")
        return
    if not ours and not wish.only_existing and not _may_adopt(target, kind, wish, actual, managed):
        return
    _update(target, kind, wish, actual, (row if ours else None, managed, fields))


def _left_apart(target: Target, kind: EntityKind, wish: Entity) -> bool:
    if reason := target.hangs_apart(kind, wish.subject):
        notice(target, kind, wish, Verdict.SKIPPED, "subject-not-ours", f"{who(kind, wish)} is left as it is: {reason}")
    return bool(reason)


def _untouchable(target: Target, kind: EntityKind, wish: Entity, actual: Actual) -> str:
    """A card that moves concerns two persons."""
    return target.untouchable(kind, wish.key, wish.subject) or target.untouchable(kind, wish.key, actual.subject)


def _may_adopt(target: Target, kind: EntityKind, wish: Entity, actual: Actual, managed: tuple[str, ...]) -> bool:
    match target.policy.adopt:
        case "all":
            return True
        case "matching" if strange := _identity_differs(kind, wish, actual, managed):
            message = f"{who(kind, actual)} is there but not ours, and its {' and '.join(strange)} does not agree with the record"
            code, hint = "identity-differs", "find out whose number it is; `adopt: all` would overwrite who is there"
        case "matching":
            return True
        case _:
            message, code = f"{who(kind, actual)} is there already and not ours", "not-ours"
            hint = "`trueup import RESOURCE` takes over what agrees, now; `policy: {adopt: matching}` does so in every run"
    target.tally.foreign += 1
    target.apart[kind.name, wish.key] = message
    notice(target, kind, actual, Verdict.FOREIGN, code, message, hint)
    return False


def _identity_differs(kind: EntityKind, wish: Entity, actual: Actual, managed: tuple[str, ...]) -> list[str]:
    different = []
    for index, field in enumerate(kind.fields):
        same = field.same_identity or (lambda a, b: a == b)
        if field.identity and field.name in managed and not same(wish.values[index], actual.values[index]):
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
        names = " and ".join(f.title or f.name for f in kind.fields if f.immutable)
        _replace(target, kind, wish, actual, row, f"its {names} changes, which needs a new one")
        return
    fields = _with_drift(target, kind, fields, row, wish)
    action = Action.UPDATE if row else Action.ADOPT
    drift = any(f.drift for f in fields)
    effect = effect_of(action, kind, actual.values, wish.values, [f.name for f in fields])
    if not fields and row is not None:
        action = Action.ADOPT  # a begun create that turned out well, or a barred one whose wish is what stands there
    reason = _why_update(row, drift=drift, fields=bool(fields))
    change(
        target, kind, wish, actual, action=action, effect=effect, reason=reason, fields=fields, drift=drift, managed=managed,
        taken=row is None,
    )  # fmt: skip


def _with_drift(
    target: Target, kind: EntityKind, fields: tuple[FieldChange, ...], row: OwnedRow | None, wish: Entity
) -> tuple[FieldChange, ...]:
    if row is None or row.tombstone:
        return fields
    marked = []
    for field in fields:
        wanted = target.marks.value(kind, field.name, wish.values[kind.index(field.name)])
        marked.append(msgspec.structs.replace(field, drift=row.fields.get(field.name) == wanted))
    return tuple(marked)


def _why_update(row: OwnedRow | None, *, drift: bool, fields: bool) -> str:
    if row is None:
        return "is there already and is taken over" + (", with what differs put right" if fields else "")
    if row.tombstone:
        return "is declared again"
    return "was changed at the target" if drift else "what is declared has changed"


def _replace(target: Target, kind: EntityKind, wish: Entity, actual: Actual, row: OwnedRow | None, why: str) -> None:
    """An immutable field differs, or somebody asked: what is there goes first, then the wish is made anew."""
    if wish.only_existing:
        message = f"{who(kind, actual)} differs in what cannot be changed, and only what is already there is managed"
        notice(target, kind, actual, Verdict.SKIPPED, "needs-replacing", message)
        return
    if actual.subject != wish.subject and (held := held_by(target, kind, actual, row)):
        reason = held.message if isinstance(held, Refusal) else held
        notice(target, kind, actual, Verdict.HELD, "removal-held", f"{who(kind, actual)} stays where it is: {reason}")
        return
    if reason := target.protections.lasting(kind.name, wish.key) or target.needed.get((kind.name, wish.key), ""):
        notice(target, kind, actual, Verdict.PROTECTED, "never-removed", f"{who(kind, actual)} would have to be replaced: {reason}")
        return
    gone = Entity(kind.name, actual.key, actual.values, subject=actual.subject, provenance=wish.provenance, label=actual.label)
    effect = effect_of(Action.DELETE, kind, None, (), ())
    change(target, kind, gone, actual, action=Action.DELETE, effect=effect, reason=why, taken=row is None)
    _create(target, kind, wish, why, drift=False)


# -- declared but not there --------------------------------------------------------------------------------------------------


def _missing(target: Target, kind: EntityKind, wish: Entity, row: OwnedRow | None) -> None:
    if wish.only_existing:
        message = f"{who(kind, wish)} is not there; only what is already there is managed"
        notice(target, kind, wish, Verdict.SKIPPED, "not-there", message)
        target.apart[kind.name, wish.key] = message
        return
    if _left_apart(target, kind, wish):
        return
    if reason := target.untouchable(kind, wish.key, wish.subject):
        notice(target, kind, wish, Verdict.PROTECTED, "protected", f"{who(kind, wish)} is missing but stays so: {reason}")
        return
    lost = row is not None and row.status == "owned"
    _create(target, kind, wish, "was removed at the target" if lost else "is declared and not there", drift=lost)


def _create(target: Target, kind: EntityKind, wish: Entity, reason: str, *, drift: bool) -> None:
    # Also what is ignored: that holds from then on. Somebody new without validity might enter for ever.
    managed = tuple(f.name for f in kind.fields) if wish.managed is None else wish.managed
    fields = field_changes(kind, None, wish.values, managed, target.marks)
    effect = effect_of(Action.CREATE, kind, None, wish.values, ())
    change(
        target, kind, wish, None, action=Action.CREATE, effect=effect, reason=reason, fields=fields, drift=drift, managed=managed
    )
