"""Keyed fingerprints of keys, values and whole entities: what plans and state hold instead of anything sensitive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from controller.model.encoding import canonical, canonical_texts
from controller.model.entity import Actual, Entity, EntityKind
from controller.model.period import Period

_TEXTS = frozenset({str, type(None), Period})  # nothing but texts in them


class Marks:
    """Made over the workspace's fingerprint key, so that a plan or a state file tells nothing about a card number."""

    def __init__(self, fingerprint: Callable[[bytes], str]) -> None:
        self._fingerprint = fingerprint

    def token(self, kind: EntityKind, key: str) -> str:
        """The key as it may appear outside the process."""
        return self._fingerprint(b"key\0" + kind.name.encode() + b"\0" + key.encode())[:16] if kind.sensitive_key else key

    def value(self, kind: EntityKind, field: str, value: Any) -> str:
        encode = canonical_texts if type(value) in _TEXTS else canonical
        return self._fingerprint(encode(["value", kind.name, field, value]))

    def values(self, kind: EntityKind, values: tuple[Any, ...], managed: Iterable[str] | None) -> dict[str, str]:
        """A fingerprint per managed field."""
        chosen = None if managed is None else frozenset(managed)
        return {
            field.name: self.value(kind, field.name, value)
            for field, value in zip(kind.fields, values, strict=True)
            if chosen is None or field.name in chosen
        }

    def entity(self, kind: EntityKind, thing: Actual | Entity | None, managed: Iterable[str] | None) -> str:
        """One fingerprint over the managed fields; empty for an absent entity."""
        if thing is None:
            return ""
        return self._fingerprint(canonical_texts(["entity", kind.name, thing.key, self.values(kind, thing.values, managed)]))
