"""Objects (JSON) to rows of records: dotted paths into nested ones, lists of one as if the list were not there.

A list of several where one value is meant makes the row unreadable: nobody can tell which is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from controller.model.record import Record, Unreadable
from controller.sdk.columns.document import NotReadable
from controller.sdk.columns.rows import RowReader, missing_columns
from controller.sdk.columns.words import RowsConfig

_ABSENT = object()
_SAMPLE = 100  # objects whose names are offered when a mapped one is nowhere
_DEEPEST = 4


class Several(ValueError):
    """Several objects stand where a path leads through one."""


class ObjectReader:
    """Reads objects of one layout, page by page if need be; ``check_names`` then says which mapped names were in none of them."""

    def __init__(self, config: RowsConfig) -> None:
        self._config = config
        self._reader = RowReader(config)
        self._columns = [cell.column for cell in self._reader.cells]
        self._nested = any("." in name for name in self._columns)
        self._values_of = _values_of(self._columns)
        self._unseen = set(self._columns)
        self._sample: list[Mapping[str, Any]] = []

    def read(self, objects: Iterable[tuple[str, Any]]) -> Iterator[Record | Unreadable]:
        """Rows in order; each object comes with its place."""
        for place, item in objects:
            if not isinstance(item, dict):
                yield Unreadable(None, "not-an-object", "an object in braces is expected here", place)
                continue
            if len(self._sample) < _SAMPLE:
                self._sample.append(item)
            if self._unseen:
                self._note(item)
            yield self._row(item, place)

    def check_names(self, name: str) -> None:
        """Raises NotReadable for a mapped name that no object had: it is misspelt, and every row would quietly lack it."""
        present = [column for column in self._columns if column not in self._unseen]
        if not self._sample or not missing_columns(self._config, present):
            return
        offered = {path: None for item in self._sample for path in _paths(item, _DEEPEST)}
        problem = missing_columns(self._config, [*present, *offered])
        if problem:
            raise NotReadable(f"{name}: {problem}", hint=f"its objects have {', '.join(offered)}"[:500], code="column-missing")

    def _row(self, item: Mapping[str, Any], place: str) -> Record | Unreadable:
        try:
            values = self._values_of(item)
        except Several as problem:
            return Unreadable(self._key(item, place), "several", str(problem), place)
        return self._reader.read(values, place)

    def _key(self, item: Mapping[str, Any], place: str) -> str | None:
        """Whose row it is, from what can be read of it."""
        values = [None if "." in column else item.get(column) for column in self._columns]
        return self._reader.read(values, place).key

    def _note(self, item: Mapping[str, Any]) -> None:
        if not self._nested:
            self._unseen.difference_update(item)
            return
        self._unseen -= {name for name in self._unseen if _has(item, name)}


def _values_of(columns: list[str]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """All raw cells of an object, None for what is absent."""
    if not any("." in name for name in columns):
        return lambda item: [*map(item.get, columns)]
    getters = [_getter(name) for name in columns]
    return lambda item: [None if (value := get(item)) is _ABSENT else value for get in getters]


def _getter(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """The value at a name or dotted path, a name that holds dots itself first. Raises Several."""
    if "." not in path:
        return lambda item: item.get(path, _ABSENT)
    steps = path.split(".")

    def get(item: Mapping[str, Any]) -> Any:
        if path in item:
            return item[path]
        here: Any = item
        for step in steps:
            here = _only(here, path)
            if not isinstance(here, dict) or step not in here:
                return _ABSENT
            here = here[step]
        return here

    return get


def _only(value: Any, path: str) -> Any:
    """What a list of one holds, and nothing for an empty one: embedded rows come as object, list or null for the same table."""
    if not isinstance(value, list):
        return value
    if len(value) > 1 and any(item != value[0] for item in value):
        raise Several(f"{path}: {len(value)} different rows stand where one is meant")
    return value[0] if value else None


def _has(item: Mapping[str, Any], path: str) -> bool:
    """Whether this object shows that the name is right, or at least cannot show that it is wrong: an embedded row may be null."""
    if path in item:
        return True
    here: Any = item
    for step in path.split("."):
        if isinstance(here, list):
            here = here[0] if here else None
        if here is None:
            return True
        if not isinstance(here, dict) or step not in here:
            return False
        here = here[step]
    return True


def _paths(item: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, value in item.items():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and depth > 1:
            yield from (f"{key}.{path}" for path in _paths(inner, depth - 1))
        else:
            yield key
