"""What a target keeps and never shows (a face): known from what we last wrote there, as long as it is still there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from controller.engine.marks import Marks
from controller.model.entity import Actual, Entity, EntityKind
from controller.state.rows import OWNED, OwnedRow


def hides(kind: EntityKind) -> bool:
    """Whether it has fields that cannot be read back."""
    return any(field.write_only for field in kind.fields)


class Unseen:
    """Completes what was observed of one kind. ``rows`` are what we own of it, by token."""

    def __init__(self, kind: EntityKind, wishes: Mapping[str, Entity], rows: Mapping[str, OwnedRow], marks: Marks) -> None:
        self._kind, self._wishes, self._rows, self._marks = kind, wishes, rows, marks
        self._hidden = [(index, field.name) for index, field in enumerate(kind.fields) if field.write_only]

    def completed(self, entities: Sequence[Actual]) -> Iterator[Actual]:
        """Each with the declared value where that is the one that we wrote last, and with nothing where it is not."""
        for actual in entities:
            wish, row = self._wishes.get(actual.key), self._rows.get(self._marks.token(self._kind, actual.key))
            if wish is None or row is None or row.status != OWNED:
                yield actual
                continue
            values = list(actual.values)
            for index, name in self._hidden:
                declared = wish.values[index]
                same = declared is not None and row.fields.get(name) == self._marks.value(self._kind, name, declared)
                values[index] = declared if same else None
            yield msgspec.structs.replace(actual, values=tuple(values))
