"""A text as the scanner's tokens with what stands between them. Nothing is lost: tokens and gaps together are the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yaml.tokens import DirectiveToken, ScalarToken, StreamEndToken, StreamStartToken, Token

from controller.spec.syntax.words import Fault
from controller.spec.yaml import Scanner

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True)
class Piece:
    """One token. ``gap`` is the text since the token before, ``column`` where it begins (from 0), ``end`` where it ends;
    structural tokens that nobody wrote have no text and no gap."""

    token: Token
    text: str
    gap: str
    column: int
    end: int

    @property
    def block(self) -> bool:
        """Whether this is a text written under ``|`` or ``>``."""
        return isinstance(self.token, ScalarToken) and self.token.style in ("|", ">")


class Unformattable(Exception):
    """The text is valid but must be left as it is; ``fault`` says why, in the operator's words."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.summary)
        self.fault = fault


def pieces(text: str) -> Iterator[Piece]:
    """The tokens of a text that parses. The last piece is empty and holds the gap at the end. Raises Unformattable."""
    scanner = Scanner(_SURROGATE.sub(r"\\u0041", text))  # JSON's surrogates are no YAML; six characters stay six
    at = 0
    while (token := scanner.get_token()) is not None:
        if isinstance(token, StreamStartToken):
            continue
        if isinstance(token, DirectiveToken):
            raise Unformattable(_directive(token))
        start, end = token.start_mark.index, token.end_mark.index
        if start == end and not isinstance(token, ScalarToken | StreamEndToken):
            yield Piece(token, "", "", token.start_mark.column, token.start_mark.column)
            continue
        piece = _piece(token, text, at, start)
        at = start + len(piece.text)
        yield piece


def _piece(token: Any, text: str, at: int, start: int) -> Piece:
    own = text[start : token.end_mark.index]
    if isinstance(token, ScalarToken) and token.style in ("|", ">"):
        own = _without_last_break(own)
    newline = own.rfind("\n")
    column = token.start_mark.column
    return Piece(token, own, text[at:start], column, column + len(own) if newline < 0 else len(own) - newline - 1)


def _without_last_break(own: str) -> str:
    """The scanner takes the empty lines below for a part of the text; they are one only where ``+`` keeps them, or where blanks
    stand in them that go further than the text's indentation."""
    header, *lines = own.removesuffix("\n").split("\n")
    if "+" not in header.split("#")[0]:
        margin = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), 0)
        while lines and len(lines[-1]) <= margin and not lines[-1].strip(" "):
            lines.pop()
    return "\n".join([header, *lines])


def _directive(token: Any) -> Fault:
    mark = token.start_mark
    return Fault(
        "directive", "a line that begins with % cannot be put into canonical form", mark.line + 1, mark.column + 1,
        "Remove it: every spec is read as YAML 1.2.",
    )  # fmt: skip
