"""Puts documents together from the parser's events: data with text keys, a place for everything, and what is wrong on the way.

Iterative and bounded in depth and in what aliases may add, because specs are input like any other.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from controller.spec.syntax.positions import Positions, pack
from controller.spec.syntax.scalars import NotFinite, plain
from controller.spec.syntax.words import Fault

MAX_DEPTH = 64
MAX_ALIASED = 200_000  # values that aliases may add to one file
_CORE = "tag:yaml.org,2002:"
_TAGS = {_CORE + name: types for name, types in {"int": int, "float": float, "bool": bool, "null": type(None)}.items()}
_TEXT_TAGS = ("!", _CORE + "str")


@dataclass(frozen=True)
class Parsed:
    """One document: plain Python data with text keys, and where everything in it stands."""

    data: Any
    positions: Positions


@dataclass
class Content:
    """What a text holds: its documents without the empty ones, and what is wrong with its syntax."""

    documents: list[Parsed] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Hopeless(Exception):
    """The rest of the file cannot be read safely."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass(frozen=True)
class _Anchor:
    data: Any
    packed: array[int]


class Composer:
    """Turns events into data. One handler per event type; the container being filled and its pending key are kept apart."""

    def __init__(self, get_event: Callable[[], Event | None], content: Content, first_line: int) -> None:
        self._next = get_event
        self._content = content
        self._first_line = first_line
        self._aliased = 0

    def run(self) -> None:
        for event in self._events():
            if type(event) is DocumentStartEvent:
                data, packed = self._document()
                if data is not None:
                    self._content.documents.append(Parsed(data, Positions(data, packed, self._first_line)))

    def _events(self) -> Iterator[Event]:
        while (event := self._next()) is not None and type(event) is not StreamEndEvent:
            yield event

    def _document(self) -> tuple[Any, array[int]]:
        root: list[Any] = []
        self._packed = array("Q")
        self._anchors: dict[str, _Anchor | None] = {}
        self._stack: list[tuple[Any, str | None, str | None, int]] = []
        self._into: Any = root
        self._key: str | None = None
        handlers: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._start,
            SequenceStartEvent: self._start,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
        }
        for event in self._events():
            kind = type(event)
            if kind is DocumentEndEvent:
                break
            handlers[kind](event)
        return (root[0] if root else None), self._packed

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        into = self._into
        if into.__class__ is dict and self._key is None:
            self._take_key(event)
            return
        begin = len(self._packed)
        self._packed.append(mark.line << 32 | mark.column)
        value = plain_value = event.value
        if event.tag is not None:
            value = self._tagged(event)
        elif event.implicit[0]:
            try:
                value = plain(plain_value)
            except NotFinite:
                self._fault(event, "not-a-number", f"`{clip(plain_value)}` is not a number that a spec can hold")
        self._put(value)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, self._packed[begin:])

    def _put(self, value: Any) -> None:
        into = self._into
        if into.__class__ is dict:
            into[self._key] = value
            self._key = None
        else:
            into.append(value)

    def _take_key(self, event: Any) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._fault(event, "merge-key", "`<<` (merging) is not read: write the keys out")
            self._skip()
        elif key in self._into:
            line = self._line_of(key)
            self._fault(event, "duplicate-key", f"the key `{clip(key)}` stands here twice; the first is in line {line}")
            self._skip()
        else:
            self._packed.append(pack(event.start_mark.line, event.start_mark.column))
            self._key = key

    def _line_of(self, key: str) -> int:
        begin = self._stack[-1][3]
        return Positions(self._into, self._packed[begin:], self._first_line).key((key,))[0]

    def _start(self, event: Any) -> None:
        if self._into.__class__ is dict and self._key is None:
            self._fault(event, "complex-key", "a list or a mapping cannot be a key: write a text")
            self._skip(1)
            self._skip()
            return
        if len(self._stack) >= MAX_DEPTH:
            raise Hopeless(_fault(event, "too-deep", f"nested deeper than {MAX_DEPTH} levels; the rest of the file was not read"))
        if event.tag not in (None, "!", _CORE + "map", _CORE + "seq"):
            self._refuse_tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append((self._into, self._key, event.anchor, len(self._packed)))
        self._packed.append(event.start_mark.line << 32 | event.start_mark.column)
        self._into = {} if type(event) is MappingStartEvent else []
        self._key = None

    def _end(self, event: Any) -> None:
        value = self._into
        self._into, self._key, anchor, begin = self._stack.pop()
        self._put(value)
        if anchor is not None:
            self._anchors[anchor] = _Anchor(value, self._packed[begin:])

    def _alias(self, event: Any) -> None:
        if self._into.__class__ is dict and self._key is None:
            self._fault(event, "complex-key", "an alias cannot be a key: write the key out")
            self._skip()
            return
        self._packed.append(pack(event.start_mark.line, event.start_mark.column))
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            inside = event.anchor in self._anchors
            why = "stands inside of what it repeats" if inside else f"repeats nothing: there is no `&{clip(event.anchor)}` above"
            self._fault(event, "bad-alias", f"`*{clip(event.anchor)}` {why}")
            self._put(None)
            return
        self._aliased += len(anchor.packed)
        if self._aliased > MAX_ALIASED or len(self._stack) + _height(anchor.data) > MAX_DEPTH:
            raise Hopeless(
                _fault(event, "yaml-bomb", "aliases make this file grow beyond all measure; the rest of it was not read")
            )
        self._packed.extend(anchor.packed[1:])
        self._put(anchor.data)

    def _skip(self, depth: int = 0) -> None:
        """Consume one node, or the rest of one that was begun."""
        for event in self._events():
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                depth += 1
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
            if depth == 0:
                return

    def _tagged(self, event: Any) -> Any:
        if event.tag in _TEXT_TAGS:
            return event.value
        try:
            value = plain(event.value)
        except NotFinite:
            value = event.value
        if event.tag in _TAGS and isinstance(value, _TAGS[event.tag]):
            return value
        self._refuse_tag(event)
        return event.value

    def _refuse_tag(self, event: Any) -> None:
        self._fault(event, "unknown-tag", f"the tag `{clip(event.tag)}` means nothing here: leave it out")

    def _fault(self, event: Any, code: str, summary: str) -> None:
        self._content.faults.append(_fault(event, code, summary).moved(self._first_line))


def clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _fault(event: Any, code: str, summary: str) -> Fault:
    return Fault(code, summary, event.start_mark.line + 1, event.start_mark.column + 1)


def _height(node: Any) -> int:
    if isinstance(node, dict):
        return 1 + max(map(_height, node.values()), default=0)
    return 1 + max(map(_height, node), default=0) if isinstance(node, list) else 0
