"""Tells editors that a value may come from elsewhere: ``{var: NAME}`` of a values file, ``{each: FIELD}`` of a record.

Schemas are laxer here than the loader, which knows the values and says where a record is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "FromElsewhere"
_DEFINITION = {
    "type": "object",
    "description": "A value from elsewhere, as a whole: from a values file (--vars), or from the record of forEach.",
    "properties": {
        "var": {"type": "string", "description": "Name of a value in a values file.", "examples": ["door_url"]},
        "each": {"type": "string", "description": "Field of the record that forEach makes this resource of.", "examples": ["url"]},
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_REFERENCE = {"$ref": f"#/$defs/{NAME}"}
_OUTSIDE = frozenset({"apiVersion", "kind", "metadata", "spec", "provider", "forEach"})  # these say what a document is
_WORDS = ("description", "default", "examples")
_CLOSED = frozenset({NAME, "Reference", "ForEach"})


def with_elsewhere(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with another choice for each value that a spec writes."""
    definitions = {name: node if name in _CLOSED else _opened(node) for name, node in schema.get("$defs", {}).items()}
    return {**schema, "$defs": {**definitions, NAME: _DEFINITION}}


def _opened(node: Any) -> Any:
    if not isinstance(node, Mapping) or "properties" not in node:
        return node
    return {**node, "properties": {key: value if key in _OUTSIDE else _choice(value) for key, value in node["properties"].items()}}


def _choice(node: Mapping[str, Any]) -> dict[str, Any]:
    """The node or a value from elsewhere; what explains it stays where editors look for it."""
    if node.keys() == {"$ref"}:
        return dict(node)  # a whole section, explained where it is defined
    words = {key: node[key] for key in node if key in _WORDS or key.startswith("x-")}
    inner = {key: value for key, value in node.items() if key not in words}
    more = inner.get("additionalProperties")
    if isinstance(more, Mapping):
        inner["additionalProperties"] = {"anyOf": [more, _REFERENCE]}
    choices = inner.pop("anyOf") if set(inner) == {"anyOf"} else [inner]
    return {"anyOf": [*choices, _REFERENCE], **words}
