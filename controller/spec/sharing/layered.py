"""A document with what others gave it: values by name, defaults and profiles. Places stay where something was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.model.change import Given
from controller.model.diagnostic import Place
from controller.spec.documents import Document
from controller.spec.syntax.positions import Path


@dataclass(frozen=True)
class Layered(Document):
    """A document with what others gave it. ``origins``: the place of what it does not hold itself; ``notes`` say whence a value
    that it takes by name comes."""

    merged: Any = None
    origins: Mapping[Path, tuple[Document, Path]] = field(default_factory=dict)
    notes: Mapping[Path, str] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    missing: frozenset[Path] = frozenset()  # where a value is taken that does not exist: told already

    @property
    def data(self) -> Any:
        return self.merged

    def key(self, *path: str | int) -> Place:
        document, inner = self._origin(path)
        return super().key(*path) if document is None else document.key(*inner)

    def value(self, *path: str | int) -> Place:
        document, inner = self._origin(path)
        return super().value(*path) if document is None else document.value(*inner)

    def written(self, path: Path) -> Path:
        return self._origin(path)[1]

    def unjudged(self, path: Path) -> bool:
        return any(path[: len(at)] == at for at in self.missing)

    def note(self, path: Path) -> str:
        return next((note for at, note in self.notes.items() if path[: len(at)] == at), "")

    def _origin(self, path: Path) -> tuple[Document | None, Path]:
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                document, start = self.origins[path[:length]]
                return document, (*start, *path[length:])
        return None, path
