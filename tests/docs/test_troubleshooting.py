"""What the page on troubleshooting quotes still stands in the source."""

from __future__ import annotations

import re

from controller.cli.docs.messages import texts
from tests.docs.pages import DOCS

PAGE = DOCS / "troubleshooting.md"
_ROW = re.compile(r"^\| `(?P<quoted>[^`]+)` \| (?!\S*$)", re.MULTILINE)


def quoted() -> list[str]:
    text = PAGE.read_text(encoding="utf-8").partition("## Every error")[0]
    return [found["quoted"] for found in _ROW.finditer(text)]


def spoken(quote: str, known: list[str]) -> bool:
    """Whether some text of the source says this, ``…`` standing for anything on both sides."""
    parts = [part.strip() for part in quote.split("…") if part.strip()]
    return any(_in_order(parts, text) for text in known)


def _in_order(parts: list[str], text: str) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def test_every_message_that_is_explained_is_one_that_the_program_has() -> None:
    known = [text for text in texts() if " " in text]
    gone = [quote for quote in quoted() if not spoken(quote, known)]
    assert not gone, f"{PAGE.name} explains messages that nothing says any more: {gone}"


def test_a_message_that_nobody_says_would_be_noticed() -> None:
    assert len(quoted()) > 50
    assert not spoken("the moon is … in the wrong place", list(texts()))
