"""Lines no wider than the screen, folding of long lists, and small tables. Plain strings: rich needs 400 us per row of a table."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from controller.cli.screen import COLUMNS
from controller.cli.show.words import local_times, number
from controller.cli.talk import plain

_COMMAND = re.compile(r"`[^`]+`|(?<=: )(?:trueup|chmod) [^`;]+$")  # to be copied, so broken only where it is wider than the screen
_GLUE = "\xa0"  # textwrap breaks at blanks, and this is none


def width() -> int:
    """Columns of the screen, at most 80."""
    return COLUMNS.get()


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

    def told(self, text: str) -> str:
        """A message with its moments in the site's zone."""
        return local_times(text, self.zone)


STANDARD = View()


def wrapped(text: str, indent: int, *, hang: int = 0, sign: str = "") -> Iterator[str]:
    """The text indented, broken between words where it passes the width; further lines hang."""
    text = plain(text)
    lead, room = " " * indent + sign, width()
    if len(lead) + len(text) <= room:
        yield lead + text
        return
    follow = " " * (indent + len(sign) + hang)
    most = room - len(follow)
    glued = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE) if len(found[0]) <= most else found[0], " ".join(text.split()))
    for line in textwrap.wrap(
        glued, room, initial_indent=lead, subsequent_indent=follow, break_long_words=False, break_on_hyphens=False
    ):
        yield line.replace(_GLUE, " ")


def rest(total: int, shown: int, indent: int) -> Iterator[str]:
    """The line that stands for what was folded away."""
    if total > shown > 0:
        yield " " * indent + f"... and {number(total - shown)} more (--verbose or -o json shows all)"


def table(rows: Sequence[Sequence[str]], indent: int = 0, *, right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Columns as wide as their widest cell; the last one runs free. A row that is wider than the screen is broken between words."""
    if not rows:
        return
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        line = (" " * indent + "  ".join(cells)).rstrip()
        if len(line) <= width():
            yield line
        else:
            yield from wrapped("  ".join(cell for cell in row if cell), indent, hang=4)
