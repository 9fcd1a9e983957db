"""Broken syntax in plain words. libyaml's own sentences are for people who write parsers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from yaml import YAMLError


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file's syntax; line and column count from 1."""

    code: str
    summary: str
    line: int
    column: int
    detail: str = ""

    def moved(self, lines: int) -> Fault:
        return replace(self, line=self.line + lines) if lines else self


_TAB = (
    "tab",
    "a tab character where only blanks may stand",
    "YAML is indented by blanks. Replace the tabs of this line by blanks.",
)

_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_WORDS: tuple[tuple[str, str, str], ...] = (  # part of libyaml's sentence, ours, what to do
    (
        "mapping values are not allowed",
        "a colon where no new key can begin",
        "Check the indentation of this line, or put the whole text in quotes if the colon belongs to it.",
    ),
    ("unexpected document", "a quote was opened and not closed", "Close the quote before the next `---`."),
    ("unexpected end of stream", "a quote was opened and not closed", "Close the quote."),
    ("expected ',' or ']'", "a list that was opened with `[` is not closed", "Write `,` between items and `]` at the end."),
    ("expected ',' or '}'", "braces that were opened with `{` are not closed", "Write `,` between keys and `}` at the end."),
    ("could not find expected ':'", "a key without a colon", "Write `key: value`."),
    (
        "did not find expected key",
        "the indentation does not fit the lines above, or a quote is in the wrong place",
        "Keys that belong together begin in the same column. A text that holds quotes or begins with { or [ must be quoted "
        "as a whole.",
    ),
    (
        "did not find expected '-'",
        "this line does not belong to the list above it",
        "Items begin with `- ` in the same column; keys after a list begin further left.",
    ),
    (
        "cannot start any token",
        "a text cannot begin with this character",
        "Put the text in quotes: texts that begin with @, `, %, & or * need them.",
    ),
    ("invalid Unicode character escape", "this \\u escape is no character", "Write the character itself."),
    (
        "unknown escape character",
        "an unknown escape after `\\`",
        "Within double quotes write `\\\\` for a backslash, or use single quotes.",
    ),
    ("undefined tag handle", "this tag means nothing here", "Leave it out; a text that begins with `!` needs quotes."),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "Begin the list on a line of its own, below its key.",
    ),
    (
        "expected alphabetic or numeric character",
        "a name must follow `*` and `&`",
        "A text that begins with * or & needs quotes.",
    ),
    ("did not find expected node content", "a value is missing here", "Write one, or remove the comma."),
    ("directive", "lines that begin with `%` are not read", "Remove the line."),
)


_SHOWN_AT_BEGINNING = tuple(part for part, summary, _ in _WORDS if "opened" in summary or "without a colon" in summary)


def explain(problem: YAMLError, text: str) -> tuple[Fault, int]:
    """A parser's error as a fault with a place in ``text``, and the line (from 0) where the parser gave up."""
    mark: Any = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    if mark is None:
        fault = _unreadable(text)
        return fault, fault.line - 1
    line, column, said = mark.line, mark.column, str(getattr(problem, "problem", "") or "")
    tab = _tab_near(text, line, column, said)
    if tab is not None:
        return Fault(_TAB[0], _TAB[1], line + 1, tab + 1, _TAB[2]), line
    if _at(text, line, column) in ("]", "}"):
        return Fault("yaml-syntax", "a bracket that closes nothing", line + 1, column + 1, "Remove it, or open it before."), line
    for part, summary, detail in _WORDS:
        if part in said:
            shown = _beginning(problem, mark) if part in _SHOWN_AT_BEGINNING else mark
            return Fault("yaml-syntax", summary, shown.line + 1, shown.column + 1, detail), line
    return Fault("yaml-syntax", f"this is not YAML: {said or 'broken syntax'}", line + 1, column + 1), line


def _beginning(problem: YAMLError, otherwise: Any) -> Any:
    """Where the bracket, quote or key stands that was never finished; the parser itself notices lines later."""
    return getattr(problem, "context_mark", None) or otherwise


def _at(text: str, line: int, column: int) -> str:
    return _line(text, line)[column : column + 1]


def _line(text: str, line: int) -> str:
    lines = text.split("\n", line + 1)
    return lines[line] if line < len(lines) else ""


def _tab_near(text: str, line: int, column: int, said: str) -> int | None:
    """The column of the tab that is to blame: among the blanks that begin the line, or where the parser stumbled."""
    words = _line(text, line)
    indent = words[: len(words) - len(words.lstrip())]
    if "\t" in indent and ("token" in said or "tab" in said or "expected" in said or "not allowed" in said):
        return indent.index("\t")
    return column if words[column : column + 1] == "\t" else None


def _unreadable(text: str) -> Fault:
    found = _CONTROL.search(text)
    before = text[: found.start()] if found else ""
    return Fault(
        "control-character",
        "a control character that no text file holds",
        before.count("\n") + 1,
        len(before) - (before.rfind("\n") + 1) + 1,
        "Remove it; perhaps the file was damaged or is no text file.",
    )
