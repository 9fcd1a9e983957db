"""What the screen in front can show: how wide it is, whether it repaints and has colour, which letters it knows. Standard library
only; nothing is said here.

Width: at most 80 columns, fewer on a narrower terminal, 80 where nobody is told. Letters: whatever an encoding lacks becomes an
escape that loses nothing and that JSON reads back (``\\u00c5``); a similar letter might be another person's name.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO
from weakref import WeakSet

WIDEST, NARROWEST, UNBROKEN = 80, 40, 100_000
COLUMNS: ContextVar[int] = ContextVar("columns", default=WIDEST)
ESCAPED = "trueup.escaped"


def measure() -> None:
    """Called when a command begins: a window that is resized while it runs shows at the next one. What goes through a pipe ends on
    the same screen more often than not (``| less``)."""
    COLUMNS.set(min(columns_of(sys.stdout), columns_of(sys.stderr)))


def columns_of(stream: TextIO | None) -> int:
    """How wide a line may be there."""
    if stream is None or not is_terminal(stream):
        return WIDEST
    given = os.environ.get("COLUMNS", "")
    try:
        found = int(given) if given.isdigit() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return WIDEST
    return max(NARROWEST, min(WIDEST, found or WIDEST))


@contextmanager
def as_wide_as(stream: TextIO | None) -> Iterator[None]:
    """Lines for that stream: as wide as its terminal, and never broken where there is none."""
    before = COLUMNS.set(columns_of(stream) if is_terminal(stream) else UNBROKEN)
    try:
        yield
    finally:
        COLUMNS.reset(before)


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def repaints(stream: TextIO | None) -> bool:
    """Whether a line may be painted over. NO_COLOR says nothing about that, TERM=dumb does."""
    return is_terminal(stream) and os.environ.get("TERM", "") not in ("dumb", "")


def has_colour(stream: TextIO | None, *, unwanted: bool) -> bool:
    return repaints(stream) and not unwanted and not os.environ.get("NO_COLOR")


# Terminals on which such a line stands. No ContextVar: tasks paint, and who started them wipes.
_painted: WeakSet[TextIO] = WeakSet()


def paint(line: str) -> None:
    """The line that stands below everything else on stderr, in place of the one before. Never wider than the screen: a broken line
    could not be painted over."""
    most = columns_of(sys.stderr) - 1
    line = line if len(line) <= most else f"{line[: most - 3]}..."
    sys.stderr.write(f"\r{spelt(line, sys.stderr.encoding)}\x1b[K")
    sys.stderr.flush()
    _painted.add(sys.stderr)


def wipe() -> None:
    """Before anything else is written there."""
    if sys.stderr in _painted:
        _painted.discard(sys.stderr)
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def spelt(text: str, encoding: str | None) -> str:
    """The text in letters that the encoding knows."""
    name = encoding or "ascii"
    return text.encode(name, ESCAPED).decode(name)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wanting = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = (wanting[place : place + 2].hex() for place in range(0, len(wanting), 2))
    return "".join(f"\\u{unit}" for unit in units), error.end


codecs.register_error(ESCAPED, _escape)
