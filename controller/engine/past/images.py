"""Before-images, opened: what stood at a target just before a run changed it. Sensitive: they never leave the process."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.model.entity import Actual, EntityKind
from controller.model.errors import KeyUnusable
from controller.state.rows import Begun
from controller.state.store import State


def reference(run: str, change: str) -> str:
    """How a plan names a before-image: ``run/change``."""
    return f"{run}/{change}"


async def image_named(state: State, kind: EntityKind, name: str) -> Actual | None:
    """The before-image of that name; None where it is not kept any more, or cannot be opened."""
    run, _, change = name.partition("/")
    begun = await state.past.begun_one(run, change)
    return opened(state, kind, begun) if begun else None


def opened(state: State, kind: EntityKind, begun: Begun) -> Actual | None:
    """What the journal keeps of one change; None where nothing stood there, where it was sealed with another key, or where the
    provider's kind has changed its form since."""
    if not begun.before:
        return None
    try:
        seen: dict[str, Any] = msgspec.json.decode(state.journal.open_before(begun), type=dict[str, Any])
        values = tuple(_value(field.type, value) for field, value in zip(kind.fields, seen["values"], strict=True))
    except (KeyUnusable, ValueError, KeyError):
        return None
    return Actual(seen["key"], values, seen["remote_id"], seen["subject"], seen["guard"], seen["label"])


def _value(form: Any, value: Any) -> Any:
    return None if value is None else msgspec.convert(value, form)
