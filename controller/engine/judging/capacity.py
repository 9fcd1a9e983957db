"""What a target has no room for: told in the plan instead of at the door. Pure."""

from __future__ import annotations

from controller.engine.judging.target import Target
from controller.model.change import Action, Change, Verdict
from controller.model.entity import EntityKind


def respect_capacity(target: Target) -> None:
    """Creates beyond what the target can hold become notices: better said now than at the door."""
    for kind in target.provider.kinds:
        used, most = target.facts.capacity.get(kind.name, (None, None))
        if used is None or most is None:
            continue
        leaving = sum(c.kind == kind.name and c.action is Action.DELETE for c in target.changes)
        creates = [c for c in target.changes if c.kind == kind.name and c.action is Action.CREATE]
        surplus = creates[max(0, most - used + leaving) :]
        surplus += _hanging_on(target, kind, {change.key for change in surplus})
        dropped = {change.id for change in surplus}
        target.changes[:] = [c for c in target.changes if c.id not in dropped]
        for change in surplus:
            message = f"no room: the device holds {used} of at most {most}"
            hint = "remove at the device whom it need not hold, or declare fewer with `where`"
            about = {"kind": change.kind, "key": change.key, "label": change.label, "subject": change.subject}
            target.notice(Verdict.FULL, "full", message, hint=hint, **about)


def _hanging_on(target: Target, parent: EntityKind, keys: set[str]) -> list[Change]:
    """What would be made for somebody who gets no place: the card of a person that cannot be stored."""
    children = {kind.name for kind in target.provider.kinds if parent.name in kind.after}
    return [c for c in target.changes if c.kind in children and c.subject in keys and c.action is Action.CREATE]
