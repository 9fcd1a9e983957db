"""The difference between what is and what should be, field by field. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from controller.engine.marks import Marks
from controller.model.change import Action, FieldChange
from controller.model.entity import Effect, EntityKind, Field

MASK = "***"


def differing(
    kind: EntityKind, before: tuple[Any, ...] | None, after: tuple[Any, ...], managed: Collection[str]
) -> Iterator[Field]:
    """The managed fields that differ; all of them when there is nothing yet."""
    for index, field in enumerate(kind.fields):
        if field.name in managed and (before is None or before[index] != after[index]):
            yield field


def field_changes(
    kind: EntityKind, before: tuple[Any, ...] | None, after: tuple[Any, ...], managed: Collection[str], marks: Marks
) -> tuple[FieldChange, ...]:
    """What differs, with sensitive and write-only values replaced by fingerprints."""
    changes = []
    for field in differing(kind, before, after, managed):
        index = kind.index(field.name)
        old, new = (None if before is None else before[index]), after[index]
        if before is None and new is None:
            continue  # nothing is declared for it
        if field.sensitive or field.write_only:
            hidden = _withheld(kind, field, old, new, marks)
            unseen = field.write_only and before is not None  # there was one, whichever it was
            changes.append(msgspec.structs.replace(hidden, was=MASK) if unseen else hidden)
        else:
            was, becomes = shown(field, old), "" if before is None and new == field.usual else shown(field, new)
            changes.append(FieldChange(field.name, old, new, was=was, becomes=becomes, title=title_of(field)))
    return tuple(changes)


def _withheld(kind: EntityKind, field: Field, old: Any, new: Any, marks: Marks) -> FieldChange:
    return FieldChange(
        field.name,
        None if old is None else marks.value(kind, field.name, old),
        None if new is None else marks.value(kind, field.name, new),
        withheld=True,
        was="" if old is None else MASK,
        becomes="" if new is None else MASK,
        title=title_of(field),
    )


def title_of(field: Field) -> str:
    return field.title or field.name.replace("_", " ")


def shown(field: Field, value: Any) -> str:
    """A value in plain words, masked where sensitive; empty when there is none."""
    if value is None:
        return ""
    if field.sensitive or field.write_only:
        return MASK
    if field.show is not None:
        return field.show(value)
    return "yes" if value is True else "no" if value is False else str(value)


def effect_of(
    action: Action, kind: EntityKind, before: tuple[Any, ...] | None, after: tuple[Any, ...], names: Iterable[str]
) -> Effect:
    """Widening in any respect grants; otherwise narrowing in any respect revokes; otherwise neutral."""
    match action:
        case Action.CREATE:
            return Effect.GRANTS if kind.grants else Effect.NEUTRAL
        case Action.DELETE:
            return Effect.REVOKES if kind.grants else Effect.NEUTRAL
        case Action.FORGET:
            return Effect.NEUTRAL
    found = {kind.fields[i].effect(before[i] if before else None, after[i]) for i in map(kind.index, names)}
    for effect in (Effect.GRANTS, Effect.REVOKES):
        if effect in found:
            return effect
    return Effect.NEUTRAL
