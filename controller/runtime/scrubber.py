"""Removes every secret that was ever resolved from texts of foreign origin, in the disguises that the wire puts it in.

A device may echo a password in an error, a proxy the Authorization header. Nothing here can tell what a secret is; it only
knows those that were resolved.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4  # characters; shorter ones would blot out half of any text


class Scrubber:
    """Grows with each secret; ``scrub`` may be called from anywhere."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"Scrubber({len(self._values)} secrets)"

    def remember(self, value: str) -> None:
        """A value that must never be shown; ones shorter than 4 characters cannot be told from ordinary text."""
        if len(value) >= SHORTEST and value not in self._values:
            self._values.add(value)
            self._pattern = None

    def scrub(self, text: str) -> str:
        """The text with ``***`` for every secret in it, however it is written there."""
        if not self._values or not text:
            return text
        if self._pattern is None:
            # The longest first: a secret that begins like another must not leave its end behind.
            found = sorted({form for value in self._values for form in _forms(value)}, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(found))
        return self._pattern.sub(MASK, text)


def _forms(value: str) -> Iterator[str]:
    """Patterns for a value: as it is, and escaped for URLs, JSON, Python, XML and Basic authentication."""
    plain = {
        value, html.escape(value), html.escape(value, quote=False), json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1], value.replace("'", "&apos;"),
    }  # fmt: skip
    yield from map(re.escape, plain)
    for encoded in {quote(value, safe=""), quote(value), quote_plus(value)} - plain:
        yield _any_case_escapes(encoded)
    yield from _in_base64(value.encode())


def _any_case_escapes(encoded: str) -> str:
    """``%C3`` and ``%c3`` are the same byte."""
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda m: "%" + "".join(f"[{c.upper()}{c.lower()}]" for c in m[1]), re.escape(encoded))


def _in_base64(value: bytes) -> Iterator[str]:
    """The value inside a base64 text, whatever stands before it (``user:``): three alignments, each without the characters that
    its neighbours have a part in. The whole word around it goes, since the rest of it gives away the ends."""
    for shift in range(3):
        word = base64.b64encode(b"\0" * shift + value).decode().rstrip("=")
        first = -(-shift * 8 // 6)
        last = (shift + len(value)) * 8 // 6
        core = word[first:last]
        if len(core) >= SHORTEST:
            either = re.escape(core).replace(r"\+", "[+-]").replace("/", "[/_]")
            yield rf"[A-Za-z0-9+/_-]*{either}[A-Za-z0-9+/_-]*={{0,2}}"
