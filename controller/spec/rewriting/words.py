"""New pieces of YAML as text, written by ruamel: blocks outside, short maps and lists on one line, templates in quotes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

_PLAIN = re.compile(r"[A-Za-z.][A-Za-z0-9 _./-]*")  # readers differ on what else may go without quotes
_WIDTH = 4096  # a template that is folded over two lines is hard to read


def block_items(items: Sequence[Mapping[str, Any]], indent: int) -> str:
    """The items of a block list whose dashes stand in column ``indent``; ends with a line break."""
    return _indented(_dumped(CommentedSeq([_outer(item) for item in items])), indent)


def flow_items(items: Sequence[Mapping[str, Any]]) -> str:
    """The items for a list in brackets, without these. JSON is YAML, and never needs a second thought about quoting."""
    return ", ".join(json.dumps(item, ensure_ascii=False) for item in items)


def document(content: Mapping[str, Any], comment: str = "") -> str:
    """A whole document without ``---``, its first comment above it."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + _dumped(_outer(content, depth=2))


def _outer(content: Mapping[str, Any], depth: int = 0) -> CommentedMap:
    """Blocks down to ``depth``, then one line each."""
    made = CommentedMap()
    for key, value in content.items():
        if isinstance(value, Mapping) and depth and key != "metadata":
            made[key] = _outer(value, depth - 1)
        else:
            made[key] = _inner(value)
    return made


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        made = CommentedMap((key, _inner(item)) for key, item in value.items())
        made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        listed = CommentedSeq([_inner(item) for item in value])
        listed.fa.set_flow_style()
        return listed
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value


def _dumped(node: Any) -> str:
    yaml = YAML(typ="rt")
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    text = io.StringIO()
    yaml.dump(node, text)
    return text.getvalue()


def _indented(text: str, indent: int) -> str:
    lead = " " * indent
    return "".join(f"{lead}{line}" if line.strip() else line for line in text.splitlines(keepends=True))
