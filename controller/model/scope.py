"""Which part of everything a command is about: ``--target``, ``--exclude``, ``--only``, labels and records as one value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from controller.model.address import Address, Pattern
from controller.model.labels import selector


class Scope(msgspec.Struct, frozen=True):
    """Empty parts select everything. ``targets`` and ``excludes`` are address patterns, ``only`` entity kinds, ``labels``
    selectors (``controller.model.labels``) that must all agree, ``records`` and ``where`` what was given to name records: only a
    plan that read them knows which entities those are, so ``covers`` says nothing about them."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    where: tuple[str, ...] = ()

    def covers_resource(self, address: Address, labels: Mapping[str, str]) -> bool:
        """Whether anything on this resource may be selected."""
        wanted = not self.targets or any(_pattern(t).covers_resource(address) for t in self.targets)
        excluded = any(":" not in x and _pattern(x).covers_resource(address) for x in self.excludes)
        return wanted and not excluded and all(selector(text).matches(labels) for text in self.labels)

    def covers(self, address: Address) -> bool:
        """Whether this entity, on a resource that is covered, is selected."""
        if self.only and address.entity not in self.only:
            return False
        if self.targets and not any(_pattern(t).covers(address) for t in self.targets):
            return False
        return not any(_pattern(x).covers(address) for x in self.excludes)

    @property
    def everything(self) -> bool:
        return not (self.targets or self.excludes or self.only or self.labels or self.by_record)

    @property
    def by_record(self) -> bool:
        return bool(self.records or self.where)

    def words(self) -> tuple[str, ...]:
        """The selection as it was given, for the plan; records are told by who knows which of their fields are sensitive."""
        given = (("--target", self.targets), ("--exclude", self.excludes), ("--only", self.only), ("--label", self.labels))
        return tuple(f"{flag} {value}" for flag, values in given for value in values)


EVERYTHING = Scope()


@lru_cache(maxsize=256)
def _pattern(text: str) -> Pattern:
    return Pattern(text)
