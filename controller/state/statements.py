"""SQL lives in ``.sql`` files, each statement under a line ``-- name: xxx``; this module finds them and nothing else."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@cache
def statements(file: str) -> SimpleNamespace:
    """The statements of ``sql/<file>.sql`` as attributes."""
    text = (resources.files("controller.state") / "sql" / f"{file}.sql").read_text("utf-8")
    return SimpleNamespace(**named(text))


def named(text: str) -> dict[str, str]:
    """Name to statement; raises ValueError when a name stands twice."""
    parts = _NAME.split(text)
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"a statement's name stands twice: {', '.join(sorted(names))}")
    return {name: body.strip().rstrip(";") for name, body in zip(names, parts[2::2], strict=True)}


def split(script: str) -> list[str]:
    """The statements of a script one by one: ``executescript`` would commit the transaction around it."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    return found
