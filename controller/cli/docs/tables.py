"""Markdown tables of keys, from a JSON schema: what each means, what may stand there, what it is when it does not.

Works on schemas and not on models, because they say defaults and units as people write them. Makes text and reads nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]
_ELSEWHERE, _REFERENCE = "#/$defs/FromElsewhere", "#/$defs/Reference"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./:@-]*(?<!:)|\d+(ms|s|m|h|d|w|%)|\d+(\.\d+){3}/\d+")
_DEEPEST = 6  # no spec is nested deeper; stops a schema that contains itself


@dataclass(frozen=True)
class Row:
    """One key: its dotted path below where the table begins, and what is said about it."""

    path: str
    meaning: str
    type: str
    default: str
    example: str


@dataclass(frozen=True)
class Cut:
    """What a table leaves to others: keys ``without`` a row, and keys that are ``flat``: a row of their own, nothing below."""

    without: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()


def rows(schema: Node, path: Sequence[str], cut: Cut = Cut()) -> list[Row]:
    """The keys below ``path`` of a schema, nested ones with dots. Raises KeyError where the path leads nowhere."""
    book = Book(schema.get("$defs", {}), cut)
    node = book.object_of({key: value for key, value in schema.items() if key != "$defs"})
    for step in path:
        node = book.object_of(node["properties"][step])
    return list(book.rows(node, ""))


def table(found: Iterable[Row], last: str = "default") -> str:
    """With a column of examples only where somebody gave one."""
    listed = list(found)
    heads = ["key", "meaning", "what stands there", last]
    lines = [[f"`{row.path}`", row.meaning, row.type, row.default] for row in listed]
    if any(row.example for row in listed):
        heads.append("example")
        lines = [[*line, row.example] for line, row in zip(lines, listed, strict=True)]
    return markdown(heads, lines)


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    ruled = ["|".join(("", *(f" {head} " for head in heads), "")), "|" + "---|" * len(heads)]
    return "\n".join([*ruled, *("|".join(("", *(f" {_cell(cell)} " for cell in line), "")) for line in lines)])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


class Book:
    """The definitions of one schema."""

    def __init__(self, definitions: Node, cut: Cut) -> None:
        self._definitions = definitions
        self._cut = cut

    def follow(self, node: Node) -> Node:
        """Without references; the words beside a reference go before those of what it names."""
        name = node.get("$ref", "").rpartition("/")[2]
        return {**self._definitions[name], **{k: v for k, v in node.items() if k != "$ref"}} if name else node

    def choices(self, node: Node) -> list[Node]:
        """What may stand here: without null and without values from elsewhere, which every key takes."""
        if "anyOf" in node:
            return [inner for one in node["anyOf"] for inner in self.choices(one)]
        return [] if node.get("type") == "null" or node.get("$ref") == _ELSEWHERE else [node]

    def object_of(self, node: Node) -> Node:
        """The keys and values that stand here; those of a list's items or of a map's values where it is one."""
        for choice in (self.follow(one) for one in self.choices(self.follow(node)) if one.get("$ref") != _REFERENCE):
            if "properties" in choice or "allOf" in choice:
                return choice
            inner = choice.get("items") or choice.get("additionalProperties")
            if isinstance(inner, Mapping) and (found := self.object_of(inner)):
                return found
        return {}

    def rows(self, node: Node, prefix: str, depth: int = 0) -> Iterator[Row]:
        required = set(node.get("required", ()))
        for key, value in node.get("properties", {}).items():
            path, here = f"{prefix}{key}", self.follow(value)
            if path in self._cut.without:
                continue
            yield self._row(path, here, needed=key in required)
            inner = self.object_of(here) if not self._is_secret(here) and path not in self._cut.flat else {}
            if inner and depth < _DEEPEST:
                yield from self.rows(inner, path + self._step(here), depth + 1)

    def _is_secret(self, node: Node) -> bool:
        return any(choice.get("$ref") == _REFERENCE for choice in self.choices(node)) or "x-trueup-secret" in node

    def _step(self, node: Node) -> str:
        found = [self.follow(choice) for choice in self.choices(node)]
        if any(choice.get("type") == "array" for choice in found):
            return "[]."
        return ".NAME." if any("additionalProperties" in c and c["additionalProperties"] for c in found) else "."

    def _row(self, path: str, node: Node, *, needed: bool) -> Row:
        default = "**required**" if needed else _code(node["default"]) if node.get("default") is not None else ""
        examples = node.get("examples") or next((c["examples"] for c in self.choices(node) if c.get("examples")), None)
        return Row(path, node.get("description", ""), self.words(node), default, _code(examples[0]) if examples else "")

    def words(self, node: Node) -> str:
        """What may stand there, in words and with its unit."""
        if "x-trueup-template" in node:
            return "template, or a list of them"
        if "x-trueup-where" in node:
            return "conditions by field"
        if "x-trueup-secret" in node:
            return "reference to a secret"
        found = list(dict.fromkeys(self._one(choice) for choice in self.choices(node)))
        single = [one for one in found if f"list of {one}" in found]
        lists = {f"list of {one}" for one in single}
        return " or ".join(f"{one}, or a list of them" if one in single else one for one in found if one not in lists)

    def _one(self, choice: Node) -> str:
        if choice.get("$ref") == _REFERENCE:
            return "reference to a secret"
        node = self.follow(choice)
        if "const" in node:
            return f"`{node['const']}`"
        if "enum" in node:
            return ", ".join(f"`{word}`" for word in node["enum"])
        if "anyOf" in node:
            return self.words(node)
        match node.get("type"):
            case "array":
                return f"list of {self.words(node['items'])}" if "items" in node else "list"
            case "object":
                return "keys and values"
            case "boolean":
                return "`true` or `false`"
            case "integer" | "number" as kind:
                return ("whole number" if kind == "integer" else "number") + _range(node)
            case "string":
                return _text(node)
        return "anything"


def _range(node: Node) -> str:
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", {'more than' if 'exclusiveMinimum' in node else 'at least'} {least}" if least is not None else ""


def _text(node: Node) -> str:
    pattern = str(node.get("pattern", ""))
    if "ms|s|m" in pattern:
        return "time span (`30s`, `5m`)"
    if pattern.endswith("%$"):
        return "share (`30%`)"
    return "text"


def _code(value: Any) -> str:
    """A value as it stands in a spec."""
    return f"`{flow(value)}`"


def flow(value: Any) -> str:
    """YAML's flow form in one line; text without quotes where YAML takes it so."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in ("true", "false", "null"):
        return value
    return json.dumps(value, ensure_ascii=False)
