"""A quick look at the state for shell completion: names and addresses, without key, thread or lease. Writes nothing.

Raises sqlite3.Error and OSError as they come: whoever asks has nothing better to offer than nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from controller.state.opening import FILE
from controller.state.statements import statements

MOST = 200  # nobody reads more, and shells become slow
_BEYOND = "\U0010ffff"  # sorts behind everything that may follow a beginning


class Glance:
    """The state in ``folder`` (``.trueup``)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._sql = statements("glance")

    def runs(self) -> list[tuple[str, str]]:
        """The latest runs, newest first, with when and how."""
        return [(run, f"{started} {status}") for run, started, status in self._ask(self._sql.runs)]

    def resources(self) -> list[str]:
        """Addresses of resources on which something is ours."""
        return [row[0] for row in self._ask(self._sql.resources)]

    def kinds(self, resource: str = "") -> list[str]:
        """Kinds of entities that are ours, on one resource or on any."""
        rows = self._ask(self._sql.kinds_of, resource) if resource else self._ask(self._sql.kinds)
        return [row[0] for row in rows]

    def keys(self, resource: str, kind: str, beginning: str) -> list[tuple[str, str]]:
        """Keys of entities that are ours, with their labels; sensitive keys are tokens."""
        return [(key, label) for key, label in self._ask(self._sql.keys, resource, kind, beginning, beginning + _BEYOND)]

    def secrets(self) -> list[str]:
        """Names of sealed secrets."""
        return [row[0] for row in self._ask(self._sql.secrets)]

    def _ask(self, sql: str, *values: str) -> Iterator[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{quote(str(self._path.absolute()))}?mode=ro", uri=True, timeout=0.1)) as connection:
            yield from connection.execute(sql, (*values, MOST)).fetchall()
