"""Keyed fingerprints of keys, values and whole entities: what plans and state hold instead of anything sensitive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import msgspec

from controller.model.address import Address, Pattern
from controller.model.content import Content
from controller.model.encoding import canonical, canonical_texts
from controller.model.entity import Actual, Entity, EntityKind
from controller.model.errors import UsageError
from controller.model.period import Period
from controller.model.scope import Scope

_TEXTS = frozenset({str, type(None), Period})  # nothing but texts in them
_TOKEN = re.compile("(?=.*[a-f])[0-9a-f]{16}")  # one in two thousand holds digits only and looks like a number


class Marks:
    """Made over the workspace's fingerprint key, so that a plan or a state file tells nothing about a card number."""

    def __init__(self, fingerprint: Callable[[bytes], str]) -> None:
        self._fingerprint = fingerprint

    def token(self, kind: EntityKind, key: str) -> str:
        """The key as it may appear outside the process."""
        return self.hidden(kind.name, key) if kind.sensitive_key else key

    def hidden(self, kind: str, key: str) -> str:
        """The token of a key, for whoever does not know whether its kind has sensitive ones."""
        return self._fingerprint(b"key\0" + kind.encode() + b"\0" + key.encode())[:16]

    def value(self, kind: EntityKind, field: str, value: Any) -> str:
        if type(value) is Content:
            value = value.revision
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
        """One fingerprint over the managed fields; empty for an absent entity. Of what was observed, only what can be observed."""
        if thing is None:
            return ""
        values = readable(kind, thing.values) if isinstance(thing, Actual) else thing.values
        return self._fingerprint(canonical_texts(["entity", kind.name, thing.key, self.values(kind, values, managed)]))

    def selection(self, scope: Scope, kinds: Iterable[tuple[Address, EntityKind]]) -> tuple[Scope, Scope]:
        """A selection that may name sensitive keys: as it matches, where plans hold tokens, and as it may be told.

        ``kinds`` are all that may be selected, by resource. Raises UsageError for a part of a sensitive key: nothing knows it.
        """
        sensitive = [(address, kind) for address, kind in kinds if kind.sensitive_key]
        targets, excludes = ([self._named(text, sensitive) for text in texts] for texts in (scope.targets, scope.excludes))

        def picked(which: int) -> Scope:
            some, none = (tuple(text for pair in pairs for text in pair[which]) for pairs in (targets, excludes))
            return msgspec.structs.replace(scope, targets=some, excludes=none)

        return picked(0), picked(1)

    def _named(self, text: str, sensitive: Iterable[tuple[Address, EntityKind]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The patterns to match with in place of this one, and those to tell."""
        resource, _, entity = text.partition(":")
        word, slash, key = entity.partition("/")
        place, names = Pattern(resource), Pattern(f"*:{word}/*")
        meant = {k.name: k for a, k in sensitive if place.covers_resource(a) and names.covers(a.of(k.name, "any"))}
        if not slash or not meant or not key.strip("*"):
            return (text,), (text,)
        if "*" in key:
            if "*" not in word:
                raise UsageError(
                    f"--target and --exclude find a {word} by its whole number only, and one of them names a part",
                    hint=f"write the whole number, or {resource}:{word}/* for all of them",
                )
            return (text,), (text,)
        tokens = tuple(f"{resource}:{word}/{self.token(kind, unquote(key))}" for kind in meant.values())
        return (text, *tokens), (text,) if _TOKEN.fullmatch(key) else tokens


def readable(kind: EntityKind, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values with nothing in place of what nobody can read back."""
    if not any(field.write_only for field in kind.fields):
        return values
    return tuple(None if field.write_only else value for field, value in zip(kind.fields, values, strict=True))
