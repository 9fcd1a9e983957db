"""Comparing one value of a record with what a spec says, strictly by type: a number is never equal to a text, and a time is
never put beside a date that lacks one. Every function answers None where the two cannot be compared.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from controller.model.record import FieldType
from controller.sdk.validity import read_iso

Judge = Callable[[Any], bool | None]

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (datetime, "a time"),
    (date, "a date"),
    (str, "a text"),
)


def one_of(wanted: tuple[Any, ...], zone: ZoneInfo | None) -> Judge:
    """Whether a value equals any of ``wanted``; for a list, whether any of its items does."""
    texts = frozenset(nfc(item) for item in wanted if isinstance(item, str))
    other = None if any(not isinstance(item, str) for item in wanted) else False
    judges = [_equal_to(item, zone) for item in wanted]
    flags = frozenset(item for item in wanted if isinstance(item, bool)) if all(isinstance(i, bool) for i in wanted) else None

    def judge(value: Any) -> bool | None:
        if type(value) is str:
            return True if (value if value.isascii() else nfc(value)) in texts else other
        if type(value) is tuple:
            return True if any(nfc(item) in texts for item in value) else other
        if flags is not None and type(value) is bool:
            return value in flags
        verdicts = [equal(value) for equal in judges]
        return True if True in verdicts else None if None in verdicts else False

    return judge


def _equal_to(wanted: Any, zone: ZoneInfo | None) -> Judge:
    def judge(value: Any) -> bool | None:
        if isinstance(value, bool) or isinstance(wanted, bool):
            return value is wanted if isinstance(value, bool) and isinstance(wanted, bool) else None
        pair = _comparable(value, wanted, zone)
        return None if pair is None else bool(pair[0] == pair[1])

    return judge


def containing(wanted: str) -> Judge:
    """Whether a list holds this text."""
    text = nfc(wanted)
    return lambda value: any(nfc(item) == text for item in value) if isinstance(value, tuple) else None


def ordered(op: str, wanted: Any, zone: ZoneInfo | None) -> Judge:
    """Whether a number, date or time stands before or after ``wanted``."""
    compare = ORDER[op]

    def judge(value: Any) -> bool | None:
        pair = None if isinstance(value, bool) else _comparable(value, wanted, zone)
        return None if pair is None else compare(*pair)

    return judge


def _comparable(value: Any, wanted: Any, zone: ZoneInfo | None) -> tuple[Any, Any] | None:
    """Both sides as numbers, as dates or as times. NaN compares with nothing."""
    if isinstance(wanted, int | float):
        return (value, wanted) if isinstance(value, int | float) and not math.isnan(value) else None
    there, here = read_iso(value), read_iso(wanted)
    if there is None or here is None:
        return None
    return _times(there, here, zone)


def _times(there: date, here: date, zone: ZoneInfo | None) -> tuple[Any, Any] | None:
    """A date in the spec is compared with the day of a time; a time in the spec needs a time in the record."""
    offset_wanted = isinstance(here, datetime) and here.tzinfo is not None
    if isinstance(there, datetime) and there.tzinfo and not offset_wanted:
        if zone is None:
            return None
        there = there.astimezone(zone).replace(tzinfo=None)
    if not isinstance(here, datetime):
        return (there.date() if isinstance(there, datetime) else there), here
    if not isinstance(there, datetime) or bool(there.tzinfo) != offset_wanted:
        return None
    return there, here


def nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def kind_of(value: Any) -> str:
    """What a value is, in plain words."""
    if isinstance(value, list) and value:
        return kind_of(value[0])  # a list in a spec is a choice of values
    return next((words for types, words in _KINDS if isinstance(value, types)), "a list")


def wanted_instead(field: FieldType, value: Any) -> str:
    """What a condition on such a field must compare with, in words; empty when ``value`` will do."""
    match field:
        case FieldType.BOOLEAN:
            return "" if isinstance(value, bool) else "true or false"
        case FieldType.INTEGER | FieldType.NUMBER:
            return "" if isinstance(value, int | float) and not isinstance(value, bool) else "a number"
        case FieldType.DATE | FieldType.DATETIME:
            return "" if read_iso(value) is not None else "a date such as 2026-12-31 or a time such as 2026-12-31T18:00:00"
    return "" if isinstance(value, str) and value else "a text in quotes"
