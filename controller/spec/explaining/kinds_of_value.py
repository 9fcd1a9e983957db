"""What kind of value a piece of JSON Schema asks for, in the words of somebody who writes YAML. Pure; shows nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Node: TypeAlias = Mapping[str, Any]
Defs: TypeAlias = Mapping[str, Any]

SECRET, TEMPLATE, SOURCE, WHERE = "x-trueup-secret", "x-trueup-template", "x-trueup-source", "x-trueup-where"
REFERENCE = "Reference"
_NAMES = {
    "string": ("text", "texts"),
    "integer": ("whole number", "whole numbers"),
    "number": ("number", "numbers"),
    "boolean": ("true or false", "true or false"),
    "object": ("block of keys", "blocks"),
    "null": ("nothing", "nothing"),
}
_PLAIN = re.compile(r"[\w/.~+-]((?!: | #)[^\[\]{},\n])*")  # texts that need no quotes
_OTHER = re.compile(r"[-+.\d][\d._eE+-]*|true|false|null|~|- .*", re.IGNORECASE)  # those that would be something else
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DURATION, _SHARE = "ms|s|m", "%"


def resolved(node: Node, defs: Defs) -> Node:
    """What a reference leads to, under the words beside it; other nodes as they are."""
    if "$ref" not in node:
        return node
    return {**defs[str(node["$ref"]).rpartition("/")[2]], **{key: value for key, value in node.items() if key != "$ref"}}


def choices(node: Node, defs: Defs) -> Iterator[Node]:
    """Every form that a value may have; that it may be left out is no form."""
    if "anyOf" in node:
        for choice in node["anyOf"]:
            yield from choices(choice, defs)
    elif node.get("type") != "null":
        yield node


def type_words(node: Node, defs: Defs) -> str:
    """``text``, ``list of texts``, ``duration``, ``reference to a secret``, several joined with "or"."""
    if node.get(SECRET):
        return "reference to a secret"
    if _is_template(node):
        return "template, or a list of them"
    forms = [choice for choice in choices(node, defs) if choice.get("const") != 0]  # 0 is a duration without a unit
    words = list(dict.fromkeys(_one(form, defs) for form in forms))
    if len(words) == 2 and forms[1].get("type") == "array" and words[1] == f"list of {_one(forms[0], defs, many=True)}":
        return f"{words[0]}, or a list of them"
    return " or ".join(words) or "anything"


def _is_template(node: Node) -> bool:
    return bool(node.get(TEMPLATE)) or any(_is_template(choice) for choice in node.get("anyOf", ()))


def _one(node: Node, defs: Defs, many: bool = False) -> str:
    if "$ref" in node:
        if is_reference(node):
            return "references to secrets" if many else "reference to a secret"
        return _one(resolved(node, defs), defs, many)
    if node.get(WHERE):
        return "conditions"
    if unit_of(node):
        return unit_of(node) + ("s" if many else "")
    if allowed_in(node):
        return ("word" if node.get("type") == "string" else "value") + ("s" if many else "")
    if node.get("type") == "array":
        return f"list of {_several(node.get('items', {}), defs)}"
    if node.get("type") == "object" and isinstance(node.get("additionalProperties"), Mapping):
        return f"keys of your own, with {_several(node['additionalProperties'], defs)}"
    return _NAMES.get(str(node.get("type")), ("anything", "anything"))[many]


def _several(node: Node, defs: Defs) -> str:
    return " or ".join(dict.fromkeys(_one(choice, defs, many=True) for choice in choices(node, defs))) or "anything"


def unit_of(node: Node) -> str:
    """``duration`` or ``share``, told by the form that the text must have; empty for others."""
    pattern = str(node.get("pattern", "")) if node.get("type") == "string" else ""
    if _DURATION in pattern:
        return "duration"
    return "share" if _SHARE in pattern and "\\d" in pattern else ""


def unit_words(node: Node, defs: Defs) -> str:
    """How a number with a unit is written; empty where none is."""
    units = {unit_of(choice) for choice in choices(node, defs)}
    if "duration" in units:
        return "a number with its unit: ms, s, m, h, d or w, as in 1h30m"
    return "percent, as in 30%" if "share" in units else ""


def allowed_in(node: Node) -> tuple[str, ...]:
    """The values that may be written, where they are counted; those of a list's items for a list."""
    found: list[Any] = [node["const"]] if "const" in node else list(node.get("enum", ()))
    return tuple(written(value) for value in found if value is not None)


def allowed(node: Node, defs: Defs) -> tuple[str, ...]:
    """The same over every form, and within lists."""
    found: list[str] = []
    for choice in choices(node, defs):
        whole = resolved(choice, defs)
        found += allowed_in(whole)
        if isinstance(whole.get("items"), Mapping):
            found += allowed(whole["items"], defs)
    return tuple(dict.fromkeys(found)) if any(value != "0" for value in found) else ()


def bounds(node: Node, defs: Defs) -> str:
    """``1 to 256``, ``at least 1``, ``at most 63 characters``; empty where nothing bounds it."""
    for choice in choices(node, defs):
        one = resolved(choice, defs)
        least, most = one.get("minimum"), one.get("maximum")
        above, longest = one.get("exclusiveMinimum"), one.get("maxLength")
        if least is not None and most is not None:
            return f"{least} to {most}"
        for value, words in (
            (least, "at least {}"),
            (above, "more than {}"),
            (most, "at most {}"),
            (longest, "at most {} characters"),
        ):
            if value is not None:
                return words.format(value)
        if one.get("minItems", 1) > 1:
            return f"at least {one['minItems']} items"
    return ""


def blocks(node: Node, defs: Defs, *, references: bool = False) -> Iterator[tuple[Node, bool]]:
    """The blocks of keys that may stand below, of the value itself, of its items, or (then True) under keys of one's own.

    The words of a reference to a secret are the same everywhere and come only when they are asked for.
    """
    for form in choices(node, defs):
        if is_reference(form) and not references:
            continue
        one = resolved(form, defs)
        if "properties" in one:
            yield one, False
        if isinstance(one.get("items"), Mapping):
            yield from blocks(one["items"], defs, references=references)
        if isinstance(one.get("additionalProperties"), Mapping):
            yield from ((block, True) for block, _ in blocks(one["additionalProperties"], defs, references=references))


def is_reference(node: Node) -> bool:
    """Whether this is where a secret is to be found."""
    return str(node.get("$ref", "")).endswith(f"/{REFERENCE}")


def written(value: Any) -> str:
    """A value as a spec writes it on one line; never more than YAML's flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and (_DAY.fullmatch(value) or not _OTHER.fullmatch(value)):
        return value
    return json.dumps(value, ensure_ascii=False)
