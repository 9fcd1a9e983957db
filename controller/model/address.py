"""Addresses: ``Kind/name`` names a resource, ``Kind/name:entity/key`` an entity on it. Only ``*`` is a wildcard."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import msgspec

_SAFE = "@.-_~+"  # "@" as in terminal@17; everything else that is not a letter or digit is percent-encoded


class Address(msgspec.Struct, frozen=True, order=True):
    """A resource (``kind``, ``name``) or, with ``entity`` and ``key``, one thing on it. Parts are held decoded."""

    kind: str
    name: str
    entity: str = ""
    key: str = ""

    def __str__(self) -> str:
        text = f"{self.kind}/{quote(self.name, safe=_SAFE)}"
        return f"{text}:{self.entity}/{quote(self.key, safe=_SAFE)}" if self.entity else text

    @property
    def resource(self) -> Address:
        return Address(self.kind, self.name)

    def of(self, entity: str, key: str) -> Address:
        return Address(self.kind, self.name, entity, key)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address; raises ValueError that says which part is missing."""
        resource, colon, rest = text.partition(":")
        kind, slash, name = resource.partition("/")
        if not (kind and slash and name):
            raise ValueError(f"{text!r} is not an address: write Kind/name, for example Device/front-door")
        if not colon:
            return cls(kind, unquote(name))
        entity, slash, key = rest.partition("/")
        if not (entity and slash and key):
            raise ValueError(f"{text!r} names no entity: write Kind/name:entity/key, for example {resource}:person/1001")
        return cls(kind, unquote(name), entity, unquote(key))


class Pattern:
    """An address pattern in which ``*`` stands for any run of characters, everything else for itself.

    A pattern without an entity part covers the resource and all that is on it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        resource, colon, entity = text.partition(":")
        self._resource = _compile(resource if "/" in resource else f"{resource}/*" if resource != "*" else "*")
        self._entity = _compile(entity) if colon else None

    def covers_resource(self, address: Address) -> bool:
        return bool(self._resource.fullmatch(str(address.resource)))

    def covers(self, address: Address) -> bool:
        if not self.covers_resource(address):
            return False
        if self._entity is None or not address.entity:
            return self._entity is None
        return bool(self._entity.fullmatch(str(address).partition(":")[2]))


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
