"""Items put into a list of one document, and documents put after the last, in the text as it stands: comments, order, quoting and
line ends of everything else are not touched, because nothing else is written.

ruamel says where things stand. What came out is read again and must be what went in and what was added, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from controller.model.errors import TrueupError
from controller.spec.rewriting.words import block_items, document, flow_items
from controller.spec.yaml import parse

Path = tuple[str, ...]
_Edit: TypeAlias = tuple[int, int, str]  # what stands from here to there gives way to this


class NotRewritable(TrueupError):
    """A spec that is written in a way in which nothing can be put into it safely; somebody has to do it by hand."""


@dataclass(frozen=True)
class Addition:
    """What is added to the document of ``kind`` and ``name``: items at the end of the list at ``path``."""

    kind: str
    name: str
    path: Path
    items: tuple[Mapping[str, Any], ...]


class SpecText:
    """One file's text, taken apart once, and what is to be put into it: hundreds of devices may stand in one file."""

    def __init__(self, text: str) -> None:
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        bare = text.removeprefix("\ufeff")
        self._crlf = 0 < bare.count("\n") == bare.count("\r\n")  # of a mixture every line keeps its own
        self._text = bare.replace("\r\n", "\n") if self._crlf else bare
        self._additions: list[Addition] = []
        self._edits: list[_Edit] = []
        self._documents: list[tuple[Mapping[str, Any], str]] = []

    @cached_property
    def _roots(self) -> list[MappingNode] | None:
        try:
            return [root for root in YAML(typ="rt").compose_all(self._text) if isinstance(root, MappingNode)]
        except YAMLError:
            return None

    def add(self, addition: Addition) -> None:
        """Raises NotRewritable, and is as before then."""
        if self._roots is None:
            raise NotRewritable("this file cannot be taken apart", hint=_by_hand(addition))
        key, value, inside_flow = _place(self._roots, addition)
        in_line = inside_flow or _filled_flow(value)
        self._edits += _in_flow(self._text, value, addition) if in_line else _in_block(self._text, key, value, addition)
        self._additions.append(addition)

    def append(self, content: Mapping[str, Any], comment: str = "") -> None:
        """One more document at the end."""
        self._documents.append((content, comment))

    def text(self) -> str:
        """The whole with what was put into it. Raises NotRewritable when that is not what would be read."""
        made = self._text
        for start, end, new in sorted(self._edits, key=lambda edit: edit[0], reverse=True):
            made = made[:start] + new + made[end:]
        for content, comment in self._documents:
            made += ("" if made.endswith("\n") or not made else "\n") + "---\n" + document(content, comment)
        self._must_hold(made)
        return self._mark + (made.replace("\n", "\r\n") if self._crlf else made)

    def _must_hold(self, made: str) -> None:
        wanted = _data(self._text)
        for addition in self._additions:
            held: Any = next(data for data in wanted if isinstance(data, dict) and _named(data) == (addition.kind, addition.name))
            for step in addition.path:
                held = held[step]
            held.extend(_plain(item) for item in addition.items)
        wanted += [_plain(content) for content, _ in self._documents]
        if _data(made) != wanted:
            names = ", ".join(f"{addition.kind}/{addition.name}" for addition in self._additions)
            hints = "\n".join(_by_hand(addition) for addition in self._additions)
            raise NotRewritable(f"this file is written in an unusual way; nothing can be put into it safely ({names})", hint=hints)


def with_items(text: str, addition: Addition) -> str:
    """The text with the items in it. Raises NotRewritable."""
    page = SpecText(text)
    page.add(addition)
    return page.text()


def with_document(text: str, content: Mapping[str, Any], comment: str = "") -> str:
    """The text with one more document at its end."""
    page = SpecText(text)
    page.append(content, comment)
    return page.text()


# -- where -------------------------------------------------------------------------------------------------------------------


def _place(roots: Sequence[MappingNode], addition: Addition) -> tuple[Node, Node, bool]:
    """The key and the value at the path, and whether a mapping on the way is in braces."""
    root = next((r for r in roots if _is(r, addition)), None)
    flow = False
    key: Node | None = None
    node: Node | None = root
    for step in addition.path:
        flow = flow or (node is not None and _flow(node))
        key, node = _child(node, step)
    if key is None or not isinstance(node, SequenceNode):
        where = ".".join(addition.path)
        raise NotRewritable(f"{addition.kind}/{addition.name} holds no list {where} of its own", hint=_by_hand(addition))
    if node.anchor or node.start_mark.index < key.end_mark.index:
        message = f"the list {'.'.join(addition.path)} of {addition.kind}/{addition.name} is shared by an anchor"
        raise NotRewritable(message, hint=_by_hand(addition))
    return key, node, flow


def _is(root: MappingNode, addition: Addition) -> bool:
    kind, name = _child(root, "kind")[1], _child(_child(root, "metadata")[1], "name")[1]
    return (getattr(kind, "value", None), getattr(name, "value", None)) == (addition.kind, addition.name)


def _child(node: Node | None, name: str) -> tuple[Node | None, Node | None]:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next(((key, value) for key, value in pairs if isinstance(key, ScalarNode) and key.value == name), (None, None))


def _by_hand(addition: Addition) -> str:
    return "write it by hand:\n" + block_items(addition.items, 2).rstrip()


# -- the insertion -----------------------------------------------------------------------------------------------------------


def _flow(node: Node) -> bool:
    return bool(getattr(node, "flow_style", False))


def _filled_flow(value: Node) -> bool:
    return _flow(value) and bool(value.value)


def _in_flow(text: str, value: Node, addition: Addition) -> list[_Edit]:
    end = value.end_mark.index - 1  # the closing bracket
    last = value.value[-1].end_mark.index if value.value else end
    items = flow_items(addition.items)
    if value.value and "," not in text[last:end]:
        return [(last, last, f", {items}")]
    return [(end, end, items)]


def _in_block(text: str, key: Node, value: Node, addition: Addition) -> list[_Edit]:
    if _flow(value):  # [], which gives way to a list of lines
        start, end = value.start_mark.index, value.end_mark.index
        items = block_items(addition.items, key.start_mark.column + 2)
        return [(len(text[:start].rstrip(" ")), end, ""), _after_line(text, end, items)]
    return [_after_line(text, _last(value, value.start_mark.index), block_items(addition.items, value.start_mark.column))]


def _after_line(text: str, index: int, lines: str) -> _Edit:
    if index and text[index - 1] == "\n":
        return index, index, lines
    end = text.find("\n", index)
    return (len(text), len(text), f"\n{lines}") if end < 0 else (end + 1, end + 1, lines)


def _last(node: Node, start: int) -> int:
    """Where the last thing written in this node ends. Blocks end where the next begins, so their leaves are asked."""
    if isinstance(node, ScalarNode) or _flow(node):
        return int(node.end_mark.index) if node.start_mark.index >= start else 0
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return max((_last(part, start) for part in parts), default=0)


# -- proof -------------------------------------------------------------------------------------------------------------------


def _named(data: dict[str, Any]) -> tuple[Any, Any]:
    metadata = data.get("metadata")
    return data.get("kind"), metadata.get("name") if isinstance(metadata, dict) else None


def _data(text: str) -> list[Any]:
    content = parse(text.removeprefix("\ufeff"))
    if content.faults:
        raise NotRewritable("what would come out cannot be read", hint="add it by hand")
    return [found.data for found in content.documents]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
