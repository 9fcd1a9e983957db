"""Writes the generated parts of docs/, or checks what stands there: ``python -m controller.cli.docs [--check] FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from controller.cli.docs.manual import manual
from controller.cli.docs.marks import filled
from controller.cli.docs.parts import part

MANUAL = "trueup.1"


def made(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file with generated parts, and what it should hold."""
    for page in sorted(folder.rglob("*.md")):
        yield page, filled(page.read_text(encoding="utf-8"), part)
    yield folder / MANUAL, manual()


def outdated(folder: Path) -> list[str]:
    """The files that do not hold what they should."""
    return [path.relative_to(folder).as_posix() for path, text in made(folder) if not _holds(path, text)]


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(arguments: list[str]) -> int:
    folder = Path(next((word for word in arguments if not word.startswith("--")), "docs"))
    if "--check" in arguments:
        names = outdated(folder)
        if names:
            print(f"out of date: {', '.join(names)}\nrun: make docs", file=sys.stderr)
        return 1 if names else 0
    for path, text in made(folder):
        if not _holds(path, text):
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
