"""The fold: a page of what is there against what should be. The hot path of every plan; keeps only what differs.

Nothing is decided here. Equal entities that we own are counted and forgotten; everything else goes to ``decide``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from controller.model.entity import Actual, Entity, EntityKind

Project = Callable[[tuple[Any, ...]], Any]


@dataclass
class Differences:
    """What one kind at one target showed. ``unequal`` pairs a wish with what is there, ``extra`` is there without a wish,
    ``strangers`` counts extras that are not ours."""

    unequal: list[tuple[Entity, Actual]] = field(default_factory=list)
    extra: list[Actual] = field(default_factory=list)
    present: set[str] = field(default_factory=set)  # tokens of owned extras
    missing: list[Entity] = field(default_factory=list)
    actual: int = 0
    unchanged: int = 0
    strangers: int = 0
    guarded: dict[str, str] = field(default_factory=dict)  # key -> why it must not be touched


class Fold:
    """Compares pages of one kind as they come. ``owned`` maps tokens to a status, ``token`` makes one from a key.

    ``keep_strangers``: hand over what is neither declared nor ours, too (for ``prune: all``).
    """

    def __init__(
        self, wishes: Mapping[str, Entity], owned: Mapping[str, str], project: Project | None, token: Callable[[str], str] | None,
        *, keep_strangers: bool = False,
    ) -> None:  # fmt: skip
        self._wishes, self._owned, self._project, self._token = wishes, owned, project, token
        self._keep_strangers = keep_strangers
        self._seen: set[str] = set()
        self.result = Differences()

    def page(self, entities: Sequence[Actual]) -> None:
        wish_of, status_of, project, token, see = self._wishes.get, self._owned.get, self._project, self._token, self._seen.add
        result, unchanged = self.result, 0
        result.actual += len(entities)
        for actual in entities:
            key = actual.key
            if actual.guard:
                result.guarded[key] = actual.guard
            wish = wish_of(key)
            if wish is None:
                self._undeclared(actual)
                continue
            see(key)
            if status_of(key if token is None else token(key)) == "owned" and (
                wish.values == actual.values if project is None else project(wish.values) == project(actual.values)
            ):
                unchanged += 1
            else:
                result.unequal.append((wish, actual))
        result.unchanged += unchanged

    def _undeclared(self, actual: Actual) -> None:
        result = self.result
        place = actual.key if self._token is None else self._token(actual.key)
        if place in self._owned:
            result.extra.append(actual)
            result.present.add(place)
            return
        result.strangers += 1
        if self._keep_strangers:
            result.extra.append(actual)

    def finish(self) -> Differences:
        """Call once the observation ended normally: only then is what was not seen known to be missing."""
        seen, wishes = self._seen, self._wishes
        if len(seen) < len(wishes):  # every seen key is a wish's
            self.result.missing = [wish for key, wish in wishes.items() if key not in seen]
        return self.result


def projection(kind: EntityKind, managed: tuple[str, ...]) -> Project | None:
    """How to look at the managed fields only; None when that is all of them."""
    if len(managed) == len(kind.fields):
        return None
    if not managed:
        return lambda values: ()
    return itemgetter(*(kind.index(name) for name in managed))
