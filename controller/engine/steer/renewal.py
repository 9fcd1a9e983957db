"""What was asked to be made anew (``--replace``): deleted and created again, with every rule about touching and removing. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from controller.engine.judging.making import notice, who
from controller.engine.judging.target import Target
from controller.model.change import Notice, Verdict
from controller.model.entity import Actual, Entity, EntityKind

REASON = "is made anew, as asked; what else the target keeps of it is lost"
_CODE = "not-replaced"


def forbidden(target: Target, kind: EntityKind, wish: Entity, actual: Actual, *, ours: bool) -> str:
    """Why this must not be deleted and made again; empty when it may be."""
    if not ours:
        return "it is there, but it is not ours"
    if wish.only_existing:
        return "only what is already there is managed here, nothing is made or deleted"
    lasting = target.protections.lasting(kind.name, wish.key) or target.needed.get((kind.name, wish.key), "")
    return target.untouchable(kind, wish.key, actual.subject) or lasting


def decline(target: Target, kind: EntityKind, wish: Entity, reason: str) -> None:
    """Say why it is not made anew. From here on it is treated as if nobody had asked, and so is what hangs on it."""
    target.anew.discard((kind.name, target.marks.token(kind, wish.key)))
    notice(target, kind, wish, Verdict.REFUSED, _CODE, f"{who(kind, wish)} is not made anew: {reason}")


def objections(target: Target) -> Iterator[Notice]:
    """What was asked for and is not declared: nothing could be made in its place."""
    for name, token in sorted(target.anew):
        kind = next((kind for kind in target.provider.kinds if kind.name == name), None)
        declared = target.desired.entities.get(name, {})
        if kind is None or not any(target.marks.token(kind, key) == token for key in declared):
            target.anew.discard((name, token))
            message = f"{name} {token} is not made anew: no record declares it now, so it would only be deleted"
            hint = f"to see why: trueup why {target.address.of(name, token)}"
            yield Notice(str(target.address), Verdict.REFUSED, _CODE, message, name, token, hint=hint)
