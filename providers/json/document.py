"""A JSON document to rows of records. Pure, and all or nothing: what does not parse to its end yields no record at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import Field

from controller.sdk import Problem, Record, Unreadable
from controller.sdk.columns import FileConfig, NotReadable, ObjectReader, check_file, hold_duplicates, short_name
from controller.sdk.template import nearest


class JsonConfig(FileConfig):
    """Objects of a JSON document. In `map`, a dotted path leads into nested objects: ``name.first``."""

    pointer: str | None = Field(
        None,
        description="JSON pointer (RFC 6901) to the array inside the document; default: the whole.",
        examples=["/data/members"],
    )
    lines: bool = Field(False, description="One object per line (JSON Lines).")


def check_json(config: JsonConfig) -> Iterator[Problem]:
    yield from check_file(config)
    if config.pointer and config.lines:
        yield Problem(("pointer",), "JSON Lines have no array to point to", "leave pointer or lines out")
    if config.pointer and not config.pointer.startswith("/"):
        yield Problem(("pointer",), "a JSON pointer begins with a slash", f"/{config.pointer.replace('.', '/')}")


def read_json(body: bytes, config: JsonConfig) -> list[Record | Unreadable]:
    """Every row in order, places as ``members.json[17]`` (counted from 0), or ``members.jsonl:17`` for lines (from 1).

    Raises NotReadable when the document is broken, or when a mapped name is in none of its objects.
    """
    name = short_name(config)
    body = body.removeprefix(b"\xef\xbb\xbf")
    objects = _lines(body, name) if config.lines else _array(body, config.pointer or "", name)
    reader = ObjectReader(config)
    rows = list(reader.read(objects))
    reader.check_names(name)
    return hold_duplicates(rows)


def _decode(text: bytes, place: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        hint = "is the end missing? It must be one JSON document in UTF-8; for one object per line set lines: true"
        raise NotReadable(f"{place} is not whole JSON: {problem}", hint=hint, code="broken-json") from None


def _lines(body: bytes, name: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            yield f"{name}:{number}", _decode(line, f"{name}:{number}")


def _array(body: bytes, pointer: str, name: str) -> Iterator[tuple[str, Any]]:
    found = _follow(_decode(body, name), pointer, name)
    del body
    if not isinstance(found, list):
        lists = [key for key, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
        hint = f"set pointer: {pointer}/{lists[0]}" if lists else "set pointer to the array that holds the rows"
        raise NotReadable(f"{name}{pointer and ' at ' + pointer} is not a list of objects", hint=hint, code="no-array")
    found.reverse()
    for index in range(len(found)):
        yield f"{name}[{index}]", found.pop()  # what became a record is let go: both at once would be twice the memory


def _follow(document: Any, pointer: str, name: str) -> Any:
    here = document
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            close = nearest(step, here) if isinstance(here, dict) else ""
            hint = f"did you mean {close}?" if close else "look at the document and correct the pointer"
            raise NotReadable(f"{name}: {pointer} leads nowhere: there is no {step!r}", hint=hint, code="pointer-nowhere")
    return here
