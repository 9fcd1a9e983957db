"""A JSON document to rows of records. Pure, and all or nothing: what does not parse to its end yields no record at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from pydantic import Field

from controller.sdk import Problem, Record, Unreadable
from controller.sdk.columns import FileConfig, NotReadable, RowReader, check_file, hold_duplicates, missing_columns, short_name
from controller.sdk.template import nearest

_ABSENT = object()
_SAMPLE = 100  # objects whose names are offered when a mapped one is nowhere
_DEEPEST = 4


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
    present: set[str] = set()
    sample: list[Mapping[str, Any]] = []
    rows = list(_records(objects, RowReader(config), present, sample))
    if sample:
        _check_names(config, sample, present, name)
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


def _getter(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """The value at a name or dotted path, a name that holds dots itself first."""
    if "." not in path:
        return lambda item: item.get(path, _ABSENT)
    steps = path.split(".")

    def get(item: Mapping[str, Any]) -> Any:
        if path in item:
            return item[path]
        here: Any = item
        for step in steps:
            if not isinstance(here, dict) or step not in here:
                return _ABSENT
            here = here[step]
        return here

    return get


def _records(
    objects: Iterable[tuple[str, Any]], reader: RowReader, present: set[str], sample: list[Mapping[str, Any]]
) -> Iterator[Record | Unreadable]:
    """Rows in order; notes in ``present`` which columns were seen in any, in ``sample`` the first objects."""
    columns = [cell.column for cell in reader.cells]
    values_of, nested = _values_of(columns), _nested(columns)
    unseen = set(columns)
    for place, item in objects:
        if not isinstance(item, dict):
            yield Unreadable(None, "not-an-object", "an object in braces is expected here", place)
            continue
        if len(sample) < _SAMPLE:
            sample.append(item)
        values = values_of(item)
        if unseen:
            seen = {name for name in unseen if _getter(name)(item) is not _ABSENT} if nested else unseen.intersection(item)
            unseen -= seen
            present |= seen
        yield reader.read(values, place)


def _values_of(columns: list[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """All raw cells of an object, None for what is absent."""
    if not _nested(columns):
        return lambda item: [*map(item.get, columns)]
    getters = [_getter(name) for name in columns]
    return lambda item: [None if (value := get(item)) is _ABSENT else value for get in getters]


def _nested(columns: Iterable[str]) -> bool:
    return any("." in name for name in columns)


def _check_names(config: JsonConfig, sample: list[Mapping[str, Any]], present: set[str], name: str) -> None:
    """A mapped name that no object has is misspelt; without this every row would quietly lack it."""
    if not missing_columns(config, present):
        return
    offered = {path: None for item in sample for path in _paths(item, _DEEPEST)}
    problem = missing_columns(config, [*present, *offered])
    if problem:
        raise NotReadable(f"{name}: {problem}", hint=f"its objects have {', '.join(offered)}"[:500], code="column-missing")


def _paths(item: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, value in item.items():
        if isinstance(value, dict) and depth > 1:
            yield from (f"{key}.{path}" for path in _paths(value, depth - 1))
        else:
            yield key
