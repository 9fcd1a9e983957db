"""Bytes that are elsewhere: an entity's picture stands in it by where it is and which revision is meant, never by its bytes."""

from __future__ import annotations

from typing import Literal

import msgspec

Way = Literal["url", "file", "base64", "source"]


class Content(msgspec.Struct, frozen=True, eq=False):
    """``name`` says where it is, in the way of ``by``: an address, a path, the bytes themselves, or what ``source`` calls
    it. ``revision`` is what is compared: two are equal when their revisions are. ``record`` is the key of the record that named it.

    ``direct``: the target fetches the address itself; nobody here does, and nothing is done to what stands there.

    A name may be a signed address or the picture itself, so it never stands in a repr, a plan or the state.
    """

    by: Way
    name: str
    revision: str
    source: str = ""
    record: str = ""
    hosts: tuple[str, ...] = ()  # where addresses from data may lead: host names, patterns, networks
    direct: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.revision == other.revision

    def __hash__(self) -> int:
        return hash(self.revision)

    def __repr__(self) -> str:
        return f"Content(by={self.by!r}, ***)"
