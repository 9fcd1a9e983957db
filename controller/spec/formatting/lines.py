"""The lines of the formatted text while they are being made: content and comment apart, so that comments can be aligned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

COMMENT_GAP = 2  # least blanks before a comment behind something


@dataclass
class Line:
    """``was`` is where content ended and the comment began before; ``fixed`` lines belong to a text and are not touched."""

    content: str = ""
    comment: str = ""
    was: tuple[int, int] = (0, 0)
    key: str | None = None  # of the envelope, when this line begins one
    fixed: bool = False

    @property
    def empty(self) -> bool:
        return not (self.content or self.comment or self.fixed)

    @property
    def at_margin(self) -> bool:
        """Whether this is a comment of the document, not of something within it."""
        return bool(self.comment) and not self.content

    def text(self, column: int) -> str:
        return (
            f"{self.content.ljust(column)}{self.comment}" if self.comment and self.content.strip() else self.content + self.comment
        )


@dataclass
class Sheet:
    """The lines of one document. ``sortable``: its keys begin their lines and nothing in it refers to something above."""

    lines: list[Line] = field(default_factory=list)
    has_content: bool = False
    sortable: bool = True

    def texts(self) -> list[str]:
        """The finished lines, without empty ones at either end and never two of them in a row."""
        lines = list(_calm(self.lines))
        columns = _columns(lines)
        return [line.text(columns.get(line.was[1], 0)) for line in lines]


def _calm(lines: Iterable[Line]) -> Iterable[Line]:
    pending, begun = False, False
    for line in lines:
        if line.empty:
            pending = begun
            continue
        if pending:
            yield Line()
        pending, begun = False, True
        yield line


def _columns(lines: Iterable[Line]) -> dict[int, int]:
    """Comments that stood below each other still do: for each old column the new one."""
    groups: dict[int, list[Line]] = {}
    for line in lines:
        if line.comment and line.content.strip():
            groups.setdefault(line.was[1], []).append(line)
    return {old: _column(old, group) for old, group in groups.items()}


def _column(old: int, group: list[Line]) -> int:
    gap = old - max(line.was[0] for line in group)
    return max(len(line.content) for line in group) + max(gap, COMMENT_GAP)
