"""What to do about each entity that a run changed, so that it is again as it was before: a change, or a notice that says why not.

Pure. Only what still stands as the run left it is touched; what has moved since is somebody else's word. What cannot be read (a
face) cannot be returned, and is said.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from controller.engine.judging.diff import effect_of, field_changes, title_of
from controller.engine.judging.making import change, who
from controller.engine.judging.removal import remove
from controller.engine.judging.target import Target
from controller.engine.past.deeds import Deed, Entry
from controller.model.change import Action, Verdict
from controller.model.entity import Actual, Effect, Entity, EntityKind, Field
from controller.state.rows import OWNED, OwnedRow


@dataclass(frozen=True)
class Case:
    """One entity: what the run did to it, how it is now, and what our notes say. ``actual`` None: it is not there."""

    target: Target
    entry: Entry
    actual: Actual | None
    row: OwnedRow | None

    @property
    def name(self) -> str:
        """How a sentence names it."""
        entry = self.entry
        thing = self.actual or next((deed.before for deed in entry.deeds if deed.before), None)
        last = entry.deeds[-1].change if entry.deeds else None
        return who(entry.kind, thing or Actual(entry.token, (), subject=last.subject if last else "", label=entry.label))

    def say(self, verdict: Verdict, code: str, message: str, hint: str = "") -> None:
        words = {"kind": self.entry.kind.name, "key": self.entry.token, "label": self.entry.label, "hint": hint}
        self.target.notice(verdict, code, f"{self.name} {message}", **words)


def give_back(case: Case) -> None:
    """Append to the target what returns this entity, or the notice that says why it stays."""
    deeds = [deed for deed in case.entry.deeds if deed.change.action is not Action.FORGET]
    if case.entry.unsure:
        case.say(
            Verdict.SKIPPED, "end-unknown", "stays as it is: it is not known how the run ended there",
            "the next apply looks first; then plan the rollback again",
        )  # fmt: skip
    elif not deeds:
        case.say(
            Verdict.SKIPPED, "only-forgotten", "was only taken out of our notes by that run; it stays so",
            "to manage it again, declare it and take it over with policy.adopt",
        )  # fmt: skip
    elif not _still_so(case, deeds[-1]):
        return
    else:
        _return(case, deeds)


def _still_so(case: Case, last: Deed) -> bool:
    """Whether it stands as the run left it, and is ours. What moved since is left alone."""
    created = case.entry.deeds[0].change.action is Action.CREATE
    removed = last.change.action is Action.DELETE
    if removed and case.actual is None and case.row is None:
        return True
    if not removed and case.actual is None:
        gone = "is gone already" if created else "is gone since that run; it is left alone"
        case.say(Verdict.SKIPPED, "gone-since" if created else "moved-since", gone)
    elif removed:
        case.say(Verdict.SKIPPED, "moved-since", "was removed by that run and is there again; it is left alone")
    elif case.row is None or case.row.status != OWNED:
        case.say(Verdict.FOREIGN, "not-ours-now", "is not ours any more; it is left alone")
    elif case.target.marks.entity(case.entry.kind, case.actual, last.change.managed) != last.change.fingerprint:
        hint = "what was done to it later: trueup history --resource " + str(
            case.target.address.of(case.entry.kind.name, case.entry.token)
        )
        case.say(Verdict.SKIPPED, "moved-since", "was changed again since that run; it is left alone", hint)
    else:
        return True
    return False


def _return(case: Case, deeds: list[Deed]) -> None:
    first, taken = deeds[0], any(deed.change.taken for deed in deeds)
    if first.change.action is Action.CREATE:
        if case.actual is not None:
            _take_away(case, case.actual)
    elif first.before is None:
        if any(deed.change.fields or deed.change.action is Action.DELETE for deed in deeds):
            case.say(Verdict.SKIPPED, "not-kept", "stays as it is: what stood there before is not kept any more")
    elif case.actual is None:
        _make_again(case, first.before, first.image, taken=taken)
    else:
        names = {field.name for deed in deeds for field in deed.change.fields}
        _write_back(case, case.actual, (first.before, first.image, names), taken=taken)


# -- what the run added ------------------------------------------------------------------------------------------------------


def _take_away(case: Case, actual: Actual) -> None:
    policy = case.target.policy
    if policy.on_removal == "keep" or policy.prune == "none":
        rule = "policy.onRemoval: keep" if policy.on_removal == "keep" else "policy.prune: none"
        case.say(Verdict.PROTECTED, "kept", f"was added by that run but stays: {rule}")
    else:
        remove(case.target, case.entry.kind, actual, case.row, "was added by that run")


# -- what the run removed ----------------------------------------------------------------------------------------------------


def _make_again(case: Case, before: Actual, image: str, *, taken: bool) -> None:
    kind = case.entry.kind
    if reason := _untouchable(case, before):
        case.say(Verdict.PROTECTED, "protected", f"was removed by that run and stays so: {reason}")
        return
    _say_unreadable(case, [field for field in kind.fields if field.write_only])
    managed = tuple(field.name for field in kind.fields if not field.write_only)
    values = tuple(None if field.write_only else value for field, value in zip(kind.fields, before.values, strict=True))
    _create(case, before, (values, managed, image), "was removed by that run and is made again")
    if taken:
        _forget(case, before)


def _create(case: Case, before: Actual, content: tuple[tuple[Any, ...], tuple[str, ...], str], reason: str) -> None:
    values, managed, image = content
    kind, target = case.entry.kind, case.target
    declared = target.desired.entities.get(kind.name, {}).get(before.key)
    origin = declared.provenance if declared else None
    wish = Entity(kind.name, before.key, values, before.subject, managed, provenance=origin, label=_label(case, before))
    effect = effect_of(Action.CREATE, kind, None, values, ())
    fields = field_changes(kind, None, values, managed, target.marks)
    change(target, kind, wish, None, action=Action.CREATE, effect=effect, reason=reason, fields=fields, managed=managed)
    if kind.sensitive_key or any(field.withheld for field in fields):
        target.changes[-1] = msgspec.structs.replace(target.changes[-1], image=image)


# -- what the run changed ----------------------------------------------------------------------------------------------------


def _write_back(case: Case, actual: Actual, then: tuple[Actual, str, Collection[str]], *, taken: bool) -> None:
    before, image, names = then
    kind = case.entry.kind
    wanted = [field for field in kind.fields if field.name in names]
    _say_unreadable(case, [field for field in wanted if field.write_only])
    values = list(actual.values)
    for field in wanted:
        if not field.write_only and _may_be(case, field, before):
            values[kind.index(field.name)] = before.values[kind.index(field.name)]
    differing = [field for field in wanted if values[kind.index(field.name)] != actual.values[kind.index(field.name)]]
    if differing and (reason := _untouchable(case, actual) or _untouchable(case, before)):
        case.say(Verdict.PROTECTED, "protected", f"was changed by that run and stays so: {reason}")
        return
    if any(field.immutable for field in differing):
        _replace(case, actual, (before, tuple(values), image))
    elif differing:
        _update(case, actual, tuple(values), image)
    if taken:
        _forget(case, actual)


def _may_be(case: Case, field: Field, before: Actual) -> bool:
    """Whether this field may be given back; a notice says why not."""
    if field.name in case.target.ignore:
        case.say(Verdict.PROTECTED, "ignored", f"keeps its {title_of(field)}: policy.ignore leaves that alone")
    elif before.values[case.entry.kind.index(field.name)] is None and not field.clearable:
        case.say(Verdict.SKIPPED, "not-clearable", f"keeps its {title_of(field)}: it had none before, and it cannot be cleared")
    else:
        return True
    return False


def _update(case: Case, actual: Actual, values: tuple[Any, ...], image: str) -> None:
    kind, target, last = case.entry.kind, case.target, case.entry.deeds[-1].change
    managed = tuple(field.name for field in kind.fields) if last.managed is None else last.managed
    fields = field_changes(kind, actual.values, values, managed, target.marks)
    wish = Entity(
        kind.name, actual.key, values, actual.subject, managed, only_existing=last.only_existing, provenance=last.provenance,
        label=_label(case, actual),
    )  # fmt: skip
    action, effect = Action.UPDATE, effect_of(Action.UPDATE, kind, actual.values, values, [field.name for field in fields])
    if lets_nobody_in(target, kind, msgspec.structs.replace(actual, values=values)):
        # A barred form lies in the past, which the effect of a period alone would take for an earlier begin. It stays barred.
        action, effect = Action.BAR, Effect.NEUTRAL if lets_nobody_in(target, kind, actual) else Effect.REVOKES
    reason = "is returned to what it was before"
    change(target, kind, wish, actual, action=action, effect=effect, reason=reason, fields=fields, managed=managed)
    if any(field.withheld for field in fields):
        target.changes[-1] = msgspec.structs.replace(target.changes[-1], image=image)


def _replace(case: Case, actual: Actual, then: tuple[Actual, tuple[Any, ...], str]) -> None:
    """What cannot be changed in place goes first, and is made again as it was: a card returns to whose it was."""
    before, values, image = then
    kind, target = case.entry.kind, case.target
    if reason := target.protections.lasting(kind.name, actual.key):
        case.say(Verdict.PROTECTED, "never-removed", f"would have to be replaced, and stays: {reason}")
        return
    why = "is returned to what it was before, which needs a new one"
    gone = Entity(kind.name, actual.key, actual.values, subject=actual.subject, label=_label(case, actual))
    effect = effect_of(Action.DELETE, kind, None, (), ())
    change(target, kind, gone, actual, action=Action.DELETE, effect=effect, reason=why)
    managed = tuple(field.name for field in kind.fields if not field.write_only)
    _create(case, before, (values, managed, image), why)


# -- together ----------------------------------------------------------------------------------------------------------------


def _forget(case: Case, thing: Actual) -> None:
    """It was not ours before that run took it over, and is not ours again: last of all."""
    kind, target = case.entry.kind, case.target
    mine = [c.id for c in target.changes if (c.kind, c.key) == (kind.name, case.entry.token)]
    wish = Entity(kind.name, thing.key, thing.values, thing.subject, (), label=_label(case, thing))
    reason = "was taken over by that run and is not ours again"
    change(target, kind, wish, thing, action=Action.FORGET, effect=Effect.NEUTRAL, reason=reason, managed=())
    target.changes[-1] = msgspec.structs.replace(target.changes[-1], after=tuple(mine), fingerprint="")


def lets_nobody_in(target: Target, kind: EntityKind, thing: Actual) -> bool:
    """Whether this form gives no access at all."""
    return kind.expires and target.provider.bar(kind.name, thing, target.moment) is None


def _untouchable(case: Case, thing: Actual) -> str:
    return case.target.untouchable(case.entry.kind, thing.key, thing.subject)


def _say_unreadable(case: Case, fields: Collection[Field]) -> None:
    if fields:
        titles = " and ".join(title_of(field) for field in fields)
        case.say(
            Verdict.SKIPPED, "unreadable", f"does not get its {titles} back: that can be written, but never be read",
            "a normal plan writes it again as it is declared",
        )  # fmt: skip


def _label(case: Case, thing: Actual) -> str:
    return case.entry.label or thing.label
