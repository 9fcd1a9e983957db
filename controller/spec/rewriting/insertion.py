"""Items put into a list of one document, and documents put after the last, in the text as it stands: comments, order, quoting and
line ends of everything else are not touched, because nothing else is written.

ruamel says where things stand. What came out is read again and must be what went in and what was added, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from controller.model.errors import TrueupError
from controller.spec.rewriting.words import block_items, document, flow_items
from controller.spec.yaml import parse

Path = tuple[str, ...]


class NotRewritable(TrueupError):
    """A spec that is written in a way in which nothing can be put into it safely; somebody has to do it by hand."""


@dataclass(frozen=True)
class Addition:
    """What is added to the document of ``kind`` and ``name``: items at the end of the list at ``path``."""

    kind: str
    name: str
    path: Path
    items: tuple[Mapping[str, Any], ...]


def with_items(text: str, addition: Addition) -> str:
    """The text with the items in it. Raises NotRewritable."""
    bare, mark = text.removeprefix("\ufeff"), "\ufeff" if text.startswith("\ufeff") else ""
    crlf = 0 < bare.count("\n") == bare.count("\r\n")  # of a mixture every line keeps its own
    flat = bare.replace("\r\n", "\n") if crlf else bare
    key, value, inside_flow = _place(flat, addition)
    made = _in_flow(flat, value, addition) if inside_flow or _filled_flow(value) else _in_block(flat, key, value, addition)
    _must_be(flat, made, addition)
    return mark + (made.replace("\n", "\r\n") if crlf else made)


def with_document(text: str, content: Mapping[str, Any], comment: str = "") -> str:
    """The text with one more document at its end."""
    crlf = "\r\n" in text
    made = "---\n" + document(content, comment)
    lead = "" if text.endswith("\n") or not text else "\n"
    whole = text + (lead + made).replace("\n", "\r\n" if crlf else "\n")
    before, after = _data(text), _data(whole)
    if after != [*before, _plain(content)]:
        raise NotRewritable("nothing can be put after the last document of this file", hint="add it by hand")
    return whole


# -- where -------------------------------------------------------------------------------------------------------------------


def _place(text: str, addition: Addition) -> tuple[Node, Node, bool]:
    """The key and the value at the path, and whether a mapping on the way is in braces."""
    try:
        roots = [root for root in YAML(typ="rt").compose_all(text) if isinstance(root, MappingNode)]
    except YAMLError as error:
        raise NotRewritable("this file cannot be taken apart", hint=_by_hand(addition)) from error
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


def _in_flow(text: str, value: Node, addition: Addition) -> str:
    end = value.end_mark.index - 1  # the closing bracket
    last = value.value[-1].end_mark.index if value.value else end
    comma = ", " if value.value and "," not in text[last:end] else ""
    return text[:last] + comma + flow_items(addition.items) + text[last:] if comma else _before(text, end, addition)


def _before(text: str, end: int, addition: Addition) -> str:
    return text[:end] + flow_items(addition.items) + text[end:]


def _in_block(text: str, key: Node, value: Node, addition: Addition) -> str:
    if _flow(value):  # [], which gives way to a list of lines
        items = block_items(addition.items, key.start_mark.column + 2)
        start, end = value.start_mark.index, value.end_mark.index
        bare = text[:start].rstrip(" ") + text[end:]
        return _after_line(bare, len(text[:start].rstrip(" ")), items)
    items = block_items(addition.items, value.start_mark.column)
    return _after_line(text, _last(value, value.start_mark.index), items)


def _after_line(text: str, index: int, lines: str) -> str:
    if index and text[index - 1] == "\n":
        return text[:index] + lines + text[index:]
    end = text.find("\n", index)
    return f"{text}\n{lines}" if end < 0 else text[: end + 1] + lines + text[end + 1 :]


def _last(node: Node, start: int) -> int:
    """Where the last thing written in this node ends. Blocks end where the next begins, so their leaves are asked."""
    if isinstance(node, ScalarNode) or _flow(node):
        return int(node.end_mark.index) if node.start_mark.index >= start else 0
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return max((_last(part, start) for part in parts), default=0)


# -- proof -------------------------------------------------------------------------------------------------------------------


def _must_be(before: str, after: str, addition: Addition) -> None:
    wanted = _data(before)
    for data in wanted:
        if isinstance(data, dict) and data.get("kind") == addition.kind and data.get("metadata", {}).get("name") == addition.name:
            held: Any = data
            for step in addition.path:
                held = held[step]
            held.extend(_plain(item) for item in addition.items)
    if _data(after) != wanted:
        raise NotRewritable(f"{addition.kind}/{addition.name} is written in an unusual way", hint=_by_hand(addition))


def _data(text: str) -> list[Any]:
    content = parse(text.removeprefix("\ufeff"))
    if content.faults:
        raise NotRewritable("what would come out cannot be read", hint="add it by hand")
    return [found.data for found in content.documents]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
