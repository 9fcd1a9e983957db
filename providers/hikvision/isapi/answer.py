"""From the bytes of an answer to a tree of dicts: JSON or XML, whichever came. Knows no ISAPI call.

The parser is chosen by the first character, because terminals answer XML where JSON was asked and name the wrong type. XML
elements keep their local names, attributes stand under ``@name``, repeated elements make a list.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec

Tree = dict[str, Any]

_NAMESPACE_NOISE = ("version", "schemaLocation")


class NotAnAnswer(ValueError):
    """The body is neither JSON nor XML of the kind a terminal sends: a login page, half a document, something else."""


def tree(body: bytes) -> Tree:
    """The body as a dict; empty for an empty body and for ``null``. Raises NotAnAnswer."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\0")
    if body[:1] == b"<":
        return _from_xml(body)
    if not body or body == b"null":
        return {}
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnAnswer(str(error)) from None
    if not isinstance(found, dict):
        raise NotAnAnswer(f"a JSON {type(found).__name__} where an object was expected")
    return found


def _from_xml(body: bytes) -> Tree:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotAnAnswer(f"not XML: {type(error).__name__}") from None
    name = _local(root.tag)
    if name.lower() == "html":
        raise NotAnAnswer("an HTML page")
    found = _element(root)
    return {name: found if isinstance(found, dict) else {"#text": found}}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _element(element: Element) -> Any:
    text = (element.text or "").strip()
    found: Tree = {f"@{_local(k)}": v for k, v in element.attrib.items() if _local(k) not in _NAMESPACE_NOISE}
    for child in element:
        name, value = _local(child.tag), _element(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if not found:
        return text
    return {**found, "#text": text} if text else found


def part(tree: Any, *path: str) -> Tree:
    """The dict at this path, empty when something else or nothing stands there."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def text(value: Any) -> str:
    """A scalar as text, None and containers as nothing."""
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int | float) else ""


def number(value: Any) -> int | None:
    """A whole number, written as one or as text; None for anything else."""
    try:
        return int(text(value))
    except ValueError:
        return None


def flag(value: Any) -> bool:
    """Whether a terminal means yes: true, 1, "true", or the capability form "true,false" (both are offered)."""
    if isinstance(value, dict):
        value = value.get("#text") or value.get("@opt")
    if isinstance(value, list):
        return any(flag(item) for item in value)
    return "true" in text(value).lower().split(",") or text(value) == "1"


def words(value: Any) -> tuple[str, ...]:
    """A list of words: ``"a,b"``, ``["a","b"]``, or either under ``@opt``."""
    if isinstance(value, dict):
        value = value.get("@opt", value.get("#text"))
    items = value if isinstance(value, list) else text(value).split(",")
    return tuple(word for item in items if (word := text(item)))


def as_list(value: Any) -> list[Any]:
    """A list; a single thing where a list was expected becomes a list of one, nothing an empty one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
