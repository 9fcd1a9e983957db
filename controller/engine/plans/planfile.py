"""A saved plan: signed when written, checked when read. Only what this workspace signed, unedited and in time, may be applied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from controller.engine.world import World
from controller.model.change import PLAN_FORMAT, Change, FieldChange, Plan
from controller.model.encoding import canonical
from controller.model.entity import EntityKind
from controller.model.errors import PlanRejected, TrueupError, UsageError
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Specs
from controller.state.keys import Keys

_AGAIN = "nothing was done; make a new plan and have it looked at again: trueup plan --out FILE"


def signed(plan: Plan, keys: Keys) -> Plan:
    return msgspec.structs.replace(plan, signature=keys.sign(_body(plan)))


def _body(plan: Plan) -> bytes:
    return canonical(msgspec.structs.replace(plan, signature=""))


def encode(plan: Plan) -> bytes:
    """The plan as the bytes of a plan file."""
    return msgspec.json.format(canonical(plan), indent=1) + b"\n"


def write(plan: Plan, path: Path) -> None:
    """Write beside the path and rename, so that a full disk never leaves half a plan under its name."""
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"the plan could not be written to {path}", hint="name a file, in a folder that is there")
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(encode(plan))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise TrueupError(
            f"the plan could not be written to {path}: {error.strerror}", hint="free some space or choose another place"
        ) from error


def read(path: Path, keys: Keys) -> Plan:
    """A plan file whose signature holds; raises PlanRejected."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TrueupError(
            f"the plan {path} cannot be read: {error.strerror}", hint=f"trueup plan --out {path} makes one"
        ) from error
    return decode(raw, keys, str(path))


def decode(raw: bytes, keys: Keys, name: str) -> Plan:
    """Check the format first, so that a newer plan is not called edited; then the signature, then the form."""
    document = _document(raw, name)
    _must_be_known(document, name)
    signature = document.pop("signature", "")
    if not isinstance(signature, str) or not keys.verify(canonical(document), signature):
        raise PlanRejected(_unsigned(document, keys, name), hint=_AGAIN)
    return _plan({**document, "signature": signature}, name)


def _unsigned(document: dict[str, Any], keys: Keys, name: str) -> str:
    """Why a signature does not hold, as far as that can be told."""
    made = document.get("made")
    if keys.rotated and isinstance(made, str) and made <= keys.rotated:
        return f"{name} was signed before the key was rotated at {keys.rotated}, so nobody can tell any more whether it was edited"
    return f"{name} was edited, or was made in another workspace or with another key"


def peek(raw: bytes, name: str) -> Plan:
    """A plan to look at, from a plan file or from the output of ``plan -o json``; its signature is not checked, so it must never
    be applied. Raises PlanRejected where there is no plan in it."""
    document = _document(raw, name)
    if isinstance(inner := document.get("plan"), dict):
        document = inner
    _must_be_known(document, name)
    return _plan(document, name)


def _document(raw: bytes, name: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise PlanRejected(f"{name} is not a plan", hint=_AGAIN) from error
    return document


def _must_be_known(document: dict[str, Any], name: str) -> None:
    if document.get("format") != PLAN_FORMAT:
        raise PlanRejected(
            f"{name} has plan format {document.get('format')!r}; this trueup reads format {PLAN_FORMAT}", hint=_AGAIN
        )


def _plan(document: dict[str, Any], name: str) -> Plan:
    try:
        return msgspec.convert(document, Plan)
    except msgspec.ValidationError as error:
        raise PlanRejected(f"{name} is not a plan that this trueup understands: {error}", hint=_AGAIN) from error


def changes_of(raw: bytes) -> tuple[Change, ...]:
    """The changes of a plan that the state kept with its run, signed or not; none of one that this trueup does not understand.
    To look back only: what may be carried out goes through ``decode`` and ``admit``."""
    try:
        return msgspec.json.decode(raw, type=Plan).changes
    except msgspec.DecodeError:
        return ()


def admit(plan: Plan, world: World) -> Plan:
    """The plan of a file ready to be walked, or PlanRejected."""
    must_hold(plan, world)
    try:
        return typed(plan, world.specs)
    except (msgspec.ValidationError, StopIteration) as error:
        raise PlanRejected(
            "this plan was made by another version of the provider, which may have meant something else by it", hint=_AGAIN
        ) from error


def must_hold(plan: Plan, world: World) -> None:
    """Raise PlanRejected for a plan that is foreign, expired, made offline, or from other specs than today's. One that was made
    in this very process may have waited days for an answer."""
    if plan.workspace != world.state.workspace:
        raise PlanRejected("this plan was made in another workspace", hint=_AGAIN)
    if plan.offline:
        raise PlanRejected(
            "this plan was made offline: it has not seen the targets and cannot be applied", hint="plan again without --offline"
        )
    if datetime.fromisoformat(plan.expires) <= world.clock.now():
        raise PlanRejected(f"this plan expired at {plan.expires}: the doors may have changed since it was made", hint=_AGAIN)
    if plan.spec != world.specs.digest:
        raise PlanRejected("the specs have changed since this plan was made: it may do what is no longer wanted", hint=_AGAIN)


def typed(plan: Plan, specs: Specs) -> Plan:
    """Field values as the provider's types again: JSON knows no periods and no tuples."""
    kinds: dict[tuple[str, str], EntityKind] = {}
    for address, resource in specs.by_address.items():
        if isinstance(resource.provider, TargetProvider):
            kinds |= {(address, kind.name): kind for kind in resource.provider.kinds}
    return msgspec.structs.replace(plan, changes=tuple(_typed(c, kinds.get((c.resource, c.kind))) for c in plan.changes))


def _typed(change: Change, kind: EntityKind | None) -> Change:
    if kind is None:
        return change
    return msgspec.structs.replace(change, fields=tuple(_typed_field(f, kind) for f in change.fields))


def _typed_field(field: FieldChange, kind: EntityKind) -> FieldChange:
    if field.withheld:
        return field
    form = kind.fields[kind.index(field.name)].type
    before, after = (None if value is None else msgspec.convert(value, form) for value in (field.before, field.after))
    return msgspec.structs.replace(field, before=before, after=after)
