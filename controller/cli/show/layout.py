"""Lines of at most 80 columns, folding of long lists, and small tables. Plain strings: rich needs 400 us for a row of a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from controller.cli.show.words import number
from controller.cli.talk import plain

WIDTH = 80


@dataclass(frozen=True)
class View:
    """How much to show and where times are at home. ``given`` repeats the options of this call in suggested commands."""

    zone: tzinfo | None = None
    first: int = 8  # changes of a group before it is folded
    names: int = 3  # the same where a change says no more than a name
    notices: int = 5
    resources: int = 10  # without changes
    whole: bool = False
    given: str = ""

    def command(self, words: str) -> str:
        """``trueup plan`` with the options that this call was given."""
        verb, _, rest = words.partition(" ")
        return f"trueup {verb}{self.given}" + (f" {rest}" if rest else "")


STANDARD = View()


def wrapped(text: str, indent: int, *, hang: int = 0, sign: str = "") -> Iterator[str]:
    """The text indented, broken between words where it passes the width; further lines hang."""
    text = plain(text)
    lead = " " * indent + sign
    if len(lead) + len(text) <= WIDTH:
        yield lead + text
        return
    follow = " " * (indent + len(sign) + hang)
    yield from textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=lead, subsequent_indent=follow, break_long_words=False, break_on_hyphens=False
    )


def rest(total: int, shown: int, indent: int) -> Iterator[str]:
    """The line that stands for what was folded away."""
    if total > shown > 0:
        yield " " * indent + f"... and {number(total - shown)} more (--verbose or -o json shows all)"


def table(rows: Sequence[Sequence[str]], indent: int = 0, *, right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Columns as wide as their widest cell; the last one runs free."""
    if not rows:
        return
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        yield (" " * indent + "  ".join(cells)).rstrip()
