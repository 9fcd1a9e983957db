"""One of a terminal's custom person fields (PersonInfoExtends): where it stands among them, how it is read and written. Pure.

The wire is a list of ``{id?, value}``, usually of one. Whether firmware numbers the entries is not known of every model, so the
config says by which of the two the field is meant: its place, or its id. All other entries survive a write as they were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controller.sdk.template import normal_text
from providers.hikvision.config import HikvisionConfig
from providers.hikvision.isapi.answer import Tree, as_list, text

WIRE = "PersonInfoExtends"


@dataclass(frozen=True)
class CustomField:
    """``position`` counts from 1; ``id`` None: the place decides."""

    position: int = 1
    id: int | str | None = None

    def of(self, entries: Any) -> str:
        """The value, empty where the field is missing or empty."""
        listed = _entries(entries)
        place = self._place(listed)
        return normal_text(text(listed[place].get("value"))) if place < len(listed) else ""

    def put(self, entries: Any, value: str) -> list[Tree]:
        """The whole list with this value in its place."""
        listed = [dict(entry) for entry in _entries(entries)]
        place = self._place(listed)
        while len(listed) <= place:
            listed.append({"value": ""})
        if self.id is not None:
            listed[place].setdefault("id", self.id)
        if normal_text(text(listed[place].get("value"))) != value:  # else it stays as somebody wrote it, blanks included
            listed[place]["value"] = value
        return listed

    def _place(self, listed: list[Tree]) -> int:
        if self.id is None:
            return self.position - 1
        return next((index for index, entry in enumerate(listed) if text(entry.get("id")) == text(self.id)), len(listed))


def custom_field(config: HikvisionConfig) -> CustomField | None:
    """The field that the config names, None when it names none."""
    named = config.extended_field
    return CustomField(named.position, named.id) if named is not None else None


def _entries(value: Any) -> list[Tree]:
    return [entry for entry in as_list(value) if isinstance(entry, dict)]
