"""Plain scalars by YAML 1.2's core schema (yaml.org/spec/1.2.2, 10.3): ``on``, ``yes``, ``no``, dates and 12:30 are texts."""

from __future__ import annotations

import math
import re
from functools import lru_cache

_WORDS: dict[str, bool | None] = {
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_FIRST = frozenset("-+.0123456789tTfFnN~")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DIGITS = 400  # more are no number anybody means, and Python refuses to convert thousands


class NotFinite(ValueError):
    """An infinity or not-a-number: no spec means one, and no canonical encoding can hold one."""


@lru_cache(maxsize=4096)
def plain(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar. Raises NotFinite."""
    if not text:
        return None
    if text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _limited(text, int(text) if len(text) <= _DIGITS else None)
    if text.startswith("0o") and re.fullmatch(r"0o[0-7]+", text):
        return int(text[2:], 8)
    if text.startswith("0x") and re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return _limited(text, number if math.isfinite(number) else None)
    if _SPECIAL.fullmatch(text):
        raise NotFinite(text)
    return text


def _limited(text: str, number: int | float | None) -> int | float:
    if number is None:
        raise NotFinite(text)
    return number
