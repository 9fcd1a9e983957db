"""Texts of foreign origin made harmless for the languages that outputs are written in. Names come from registers and devices."""

from __future__ import annotations

import html
import re

from controller.cli.talk import plain

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # www.w3.org/TR/xml, section 2.2
_MARKDOWN = {ord(mark): f"&#{ord(mark)};" for mark in "\\`*_{}[]<>&|~$"}
_BREAK = "&#8203;"  # a blank without width: what follows it is no name of somebody, no number of an issue and no address
_MARKDOWN |= {ord("@"): f"&#64;{_BREAK}", ord("#"): f"&#35;{_BREAK}"}
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)
_FENCE = re.compile(r"`{3,}")


def visible(text: str) -> str:
    """One line without what a terminal would obey and without what XML cannot hold."""
    return _NOT_XML.sub("?", plain(text))


def clipped(text: str, most: int) -> str:
    text = visible(text)
    return text if len(text) <= most else text[: most - 3] + "..."


def for_html(text: str) -> str:
    return html.escape(visible(text), quote=True)


def for_markdown(text: str, most: int = 300) -> str:
    """Nothing in it is markup, a link, or calls somebody by ``@name`` or an issue by ``#1``."""
    return _LINK.sub(lambda found: found[0][:-1] + _BREAK + found[0][-1], clipped(text, most).translate(_MARKDOWN))


def for_fence(text: str, most: int = 300) -> str:
    """A line of a code fence, in which three backticks would end it."""
    return _FENCE.sub("``", clipped(text, most))
