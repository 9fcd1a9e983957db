"""What ``--label`` may say of a resource's labels: ``k=v``, ``k!=v``, ``k in (a, b)``, ``k notin (a, b)``, ``k``, ``!k``. As in
Kubernetes (kubernetes.io, "Labels and Selectors"), ``!=`` and ``notin`` are also true of what has no such label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

FORMS = "write site=gym, site!=gym, 'site in (gym, pool)', site, or '!site'"
_SET = re.compile(r"(?P<key>\S+)\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\)")


class Selector(msgspec.Struct, frozen=True):
    """``values`` are those of which one must be there; without any, the label itself. ``absent``: it must not be so."""

    key: str
    values: frozenset[str] | None = None
    absent: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        there = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return there is not self.absent


@lru_cache(maxsize=256)
def selector(text: str) -> Selector:
    """Read a selector; raises ValueError that says what is wrong."""
    words = text.strip()
    if found := _SET.fullmatch(words):
        values = frozenset(value.strip() for value in found["values"].split(","))
        if "" in values:
            raise ValueError(f"{text!r} lists an empty value")
        return Selector(_key(found["key"], text), values, found["word"] == "notin")
    key, equals, value = words.partition("=")
    if equals:
        differs, value = key.endswith("!"), value.removeprefix("=").strip()
        if not value:
            raise ValueError(f"{text!r} has no value behind the sign")
        return Selector(_key(key.removesuffix("!"), text), frozenset({value}), differs)
    return Selector(_key(words.removeprefix("!"), text), None, words.startswith("!"))


def _key(key: str, text: str) -> str:
    key = key.strip()
    if not key or re.search(r"[\s!=()]", key):
        raise ValueError(f"{text!r} names no label")
    return key
