"""Making changes and notices: the one place where a decision becomes a value of the plan."""

from __future__ import annotations

from typing import Any

from controller.engine.judging.target import Target
from controller.model.change import Action, Change, FieldChange, Verdict
from controller.model.entity import Actual, Effect, Entity, EntityKind
from controller.state.rows import OwnedRow


def change(
    target: Target, kind: EntityKind, wish: Entity, actual: Actual | None, *, action: Action, effect: Effect, reason: str,
    fields: tuple[FieldChange, ...] = (), drift: bool = False, managed: tuple[str, ...] | None = None, taken: bool = False,
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
            administrator=_of_an_administrator(target, kind, wish, actual),
            taken=taken,
            provenance=wish.provenance,
        )
    )
    target.wishes[change_id] = wish


def _of_an_administrator(target: Target, kind: EntityKind, wish: Entity, actual: Actual | None) -> bool:
    """Also what hangs on one: whose card is gone before the new one is there stands before the door."""
    subjects = {wish.subject, actual.subject if actual else wish.subject}
    return bool(actual and actual.guard) or any((name, subject) in target.guards for name in kind.after for subject in subjects)


def notice(
    target: Target, kind: EntityKind, thing: Actual | Entity, verdict: Verdict, code: str, message: str, hint: str = ""
) -> None:
    token = target.marks.token(kind, thing.key)
    target.notice(verdict, code, message, kind=kind.name, key=token, label=thing.label, hint=hint, subject=thing.subject)


def who(kind: EntityKind, thing: Any) -> str:
    """How a sentence names it; never by a sensitive key."""
    word = kind.title or kind.name
    if kind.sensitive_key:
        return f"a {word} of {thing.subject or 'nobody'}"
    return f"{word} {thing.key}" + (f" ({thing.label})" if thing.label and thing.label != thing.key else "")


def forget(target: Target, kind: EntityKind, actual: Actual | None, row: OwnedRow | None, reason: str) -> None:
    """``actual`` None: it is not there, and must still not be there when it is forgotten."""
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
            managed=(),
            before=target.marks.entity(kind, actual, ()),
            subject=row.subject,
            label=row.label or token,
        )
    )


def is_what_we_began(target: Target, kind: EntityKind, actual: Actual, row: OwnedRow) -> bool:
    """A create that was begun and never confirmed is ours only if what stands there is what we were about to write, as far as that
    can be read."""
    hidden = {field.name for field in kind.fields if field.write_only}
    begun = {name: mark for name, mark in row.fields.items() if name not in hidden}
    return target.marks.values(kind, actual.values, begun) == begun
