"""Every error of ours says what to do next: whoever raises one gives a hint."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from controller.cli.schemas import all_schemas  # loads what there is, errors included
from controller.model.errors import TrueupError

ROOT = Path(__file__).parents[2]


def kinds(kind: type[TrueupError] = TrueupError) -> Iterator[str]:
    yield kind.__name__
    for inner in kind.__subclasses__():
        yield from kinds(inner)


def silent(path: Path, names: set[str]) -> Iterator[str]:
    """Places of a file that make an error without a hint."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names):
            continue
        if not any(keyword.arg in ("hint", None) for keyword in node.keywords):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.id}"


def test_every_error_says_what_to_do_next() -> None:
    all_schemas()
    names = set(kinds())
    files = [*(ROOT / "controller").rglob("*.py"), *(ROOT / "providers").rglob("*.py")]
    found = [place for path in files if "simulator" not in path.parts for place in silent(path, names)]
    assert found == []
