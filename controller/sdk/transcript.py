"""The way back: from somebody who is there to a row of a records file and to the words of a spec that would make the same again.

An ability of its own that ``trueup import`` looks for; a target without it can be taken over, but nothing is written for it. What
a provider says here is not believed: the engine makes the wish from it and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from controller.model.entity import Actual

Cell: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True)
class Transcript:
    """One subject. ``cells`` are fields of the record type *person* as a file writes them, without the key's; ``words`` the item of
    ``section`` that makes the subject from them, without ``from`` and ``where``. Subjects with equal words share an item, which
    ``called`` names for people: "door 1, visitor".
    """

    key_field: str
    section: str
    called: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)


Transcribe: TypeAlias = Callable[[Actual, Sequence[Actual] | None], Transcript | str]
"""A subject and what hangs on it (its cards; None: they are not asked for) to its transcript, or why it has none, in plain words
that name no sensitive key."""
