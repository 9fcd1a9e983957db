"""Lays the pieces of a text out anew: indentation by depth, one blank where one belongs. Texts and comments stay as they are.

A list stands two further in than its key, what it holds two further than its dash. Within brackets lines follow the bracket.
"""

from __future__ import annotations

from collections.abc import Iterable

from yaml.tokens import (
    AliasToken,
    BlockEndToken,
    BlockEntryToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DocumentEndToken,
    DocumentStartToken,
    KeyToken,
    ScalarToken,
    StreamEndToken,
    Token,
    ValueToken,
)

from controller.spec.formatting.lines import Line, Sheet
from controller.spec.formatting.pieces import Piece
from controller.spec.formatting.places import CLOSING, OPENING, STEP, Bracket, Level, blanks
from controller.spec.formatting.scalars import block_lines, folded_lines


class Layout:
    """Takes the pieces in order; ``sheets`` are the documents made of them."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.comments: list[str] = []
        self._open(Sheet())

    def run(self, pieces: Iterable[Piece]) -> Layout:
        for piece in pieces:
            self._take(piece)
        return self

    def _open(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.sheets.append(sheet)
        self._levels: list[Level] = []
        self._known: tuple[Level, ...] = ()  # the levels at the last thing that was written
        self._brackets: list[Bracket] = []
        self._before: Piece | None = None
        self._begins: list[Piece] = []  # collections that begin with the next thing
        self._key = False
        self._anchor = 0  # where what the current line is about begins
        sheet.lines.append(Line())

    def _take(self, piece: Piece) -> None:
        match piece.token:
            case BlockMappingStartToken() | BlockSequenceStartToken():
                self._begins.append(piece)
            case BlockEndToken():
                self._close_loose()
                self._levels.pop()
            case DocumentStartToken():
                self._between(piece)
                if self._sheet.has_content:
                    self._open(Sheet())
            case DocumentEndToken() | StreamEndToken():
                self._between(piece)
            case _:
                self._written(piece)

    def _written(self, piece: Piece) -> None:
        if isinstance(piece.token, KeyToken):
            self._key = True
            if not self._brackets and not self._begins:
                self._close_loose()
            if not piece.text:
                return
        self._place(piece)

    def _close_loose(self) -> None:
        if self._levels and self._levels[-1].loose:
            self._levels.pop()

    # -- where a piece goes

    def _place(self, piece: Piece) -> None:
        token, first = piece.token, self._before is None
        opens = isinstance(token, BlockEntryToken) and not self._begins and self._levels and self._levels[-1].mapping
        if opens:
            top = self._levels[-1]
            self._levels.append(Level(top.old, top.new + STEP, False, loose=True))
        starts = first or "\n" in piece.gap
        if starts:
            self._break_bracket()
            indent = self._indent(token)
            self._turn(piece.gap, (piece.column, indent))
            self._line.content = " " * indent
        else:
            self._line.content += " " * blanks(self._before.token if self._before else None, token, piece.gap)
        column = len(self._line.content)
        if starts or isinstance(self._before and self._before.token, BlockEntryToken):
            self._anchor = column
        for begun in self._begins:
            self._levels.append(Level(begun.column, column, isinstance(begun.token, BlockMappingStartToken)))
        self._begins.clear()
        self._note_key(token, starts)
        self._write(piece, starts)
        self._brackets_after(token, column)
        self._before, self._known, self._sheet.has_content = piece, tuple(self._levels), True

    @property
    def _line(self) -> Line:
        return self._sheet.lines[-1]

    def _break_bracket(self) -> None:
        """A bracket at the end of its line: what stands in it hangs from the line, not from the bracket."""
        if self._brackets and self._brackets[-1].fresh:
            self._brackets[-1].inner, self._brackets[-1].outer = self._anchor + STEP, self._anchor

    def _indent(self, token: Token) -> int:
        if self._brackets:
            return self._brackets[-1].outer if isinstance(token, CLOSING) else self._brackets[-1].inner
        if not self._levels:
            return 0
        inside = self._begins or not (self._key or isinstance(token, BlockEntryToken | ValueToken | KeyToken))
        return self._levels[-1].new + (STEP if inside else 0)

    def _note_key(self, token: Token, starts: bool) -> None:
        """Remember what the reordering of the envelope has to know."""
        if isinstance(token, AliasToken):
            self._sheet.sortable = False
        if self._key and not self._brackets and len(self._levels) == 1 and self._levels[0].mapping:
            plain = isinstance(token, ScalarToken) and starts
            self._sheet.sortable = self._sheet.sortable and plain
            self._line.key = token.value if isinstance(token, ScalarToken) else None
        self._key = False

    def _write(self, piece: Piece, starts: bool) -> None:
        if piece.block:
            level = self._levels[-1] if self._levels else None
            header, comment, lines = block_lines(piece.text, level.old if level else 0, level.new if level else 0)
            self._line.content += header
            if comment:
                self._line.comment, self._line.was = comment, _ends(piece)
                self.comments.append(comment)
            self._sheet.lines += [Line(text, fixed=True) for text in lines]
        elif "\n" in piece.text:
            indent = len(self._line.content) if starts else self._anchor + STEP
            head, *tail = folded_lines(piece.text, indent)
            self._line.content += head
            self._sheet.lines += [Line(text, fixed=True) for text in tail]
        else:
            self._line.content += piece.text

    def _brackets_after(self, token: Token, column: int) -> None:
        if isinstance(token, OPENING):
            self._brackets.append(Bracket(column + 1, column))
            return
        if isinstance(token, CLOSING):
            self._brackets.pop()
        if self._brackets:
            self._brackets[-1].fresh = False

    # -- what stands between two pieces

    def _between(self, piece: Piece) -> None:
        """The end of a document, or its begin."""
        self._turn(piece.gap if "\n" in piece.gap or self._before is None else piece.gap + "\n", (0, 0))
        self._before = None
        self._levels.clear()
        self._known = ()

    def _turn(self, gap: str, following: tuple[int, int]) -> None:
        """Finish the line, add comments and empty lines, begin the next. ``following``: old and new column of what comes."""
        head, *between = gap.split("\n")
        if self._before is None:
            self._sheet.lines.pop()  # it was held ready, and nothing came
        if comment := head.strip():
            self._behind(comment, head, following)
        for text in between[:-1]:
            self._own_line(text, following)
        if between and between[-1].strip():
            self._own_line(between[-1], following)
        self._sheet.lines.append(Line())

    def _behind(self, comment: str, head: str, following: tuple[int, int]) -> None:
        if self._before is None:
            self._own_line(head, following)
            return
        self.comments.append(comment)
        end = self._before.end
        self._line.comment, self._line.was = comment, (end, end + len(head) - len(head.lstrip()))

    def _own_line(self, text: str, following: tuple[int, int]) -> None:
        comment = text.strip()
        if comment:
            self.comments.append(comment)
            indent = self._comment_column(len(text) - len(text.lstrip()), following)
            self._sheet.lines.append(Line(" " * indent, comment))
        else:
            self._sheet.lines.append(Line())

    def _comment_column(self, old: int, following: tuple[int, int]) -> int:
        """A comment belongs to what follows when it stands in its column, otherwise to the level that it stands in."""
        deepest = self._known[-1].old if self._known else -1
        if self._brackets or old == following[0] or deepest < old < following[0]:
            return following[1]
        levels = [(level.old, level.new) for level in self._known] + [following]
        return max((level for level in levels if level[0] <= old), default=following)[1]


def _ends(piece: Piece) -> tuple[int, int]:
    """Where a block text's header ended, and where its comment began."""
    header = piece.text.split("\n", 1)[0].split("#")[0]
    return piece.column + len(header.rstrip()), piece.column + len(header)
