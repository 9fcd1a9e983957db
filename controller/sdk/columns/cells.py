"""One cell to one value of a declared type. A cell is text (CSV) or a JSON value; what does not fit is a ValueError in words.

Nothing is guessed: a decimal comma, another order of day and month or another word for yes must be declared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from controller.model.record import FieldType, Value
from controller.sdk.template import render
from controller.sdk.validity import read_iso

if TYPE_CHECKING:
    from controller.sdk.columns.words import Column

Read = Callable[[Any], Value]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]+)?")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DAY = ({"Y", "j"}, *({year, month, "d"} for year in "Yy" for month in "mbB"))
_CLOCK = frozenset("HIMSfpz")
_KNOWN = frozenset("YymbBdjaA%") | _CLOCK


def cell_reader(kind: FieldType, column: Column | None = None) -> Read:
    """A function from a cell to a value. An absent cell (None) and an empty one give the column's default.

    An empty list cell without a default is the empty list: somebody without roles is known to have none, which an absent cell
    does not say.

    Raises ValueError for a ``format`` that names no day or for a ``default`` of the column that is not of this type.
    """
    read = _reader_of(kind, column)
    default = None if column is None or column.default is None else read(column.default)
    flags = kind is FieldType.BOOLEAN
    blank: Value = () if kind is FieldType.STRINGS and default is None else default

    def cell(value: Any) -> Value:
        if type(value) is bool and flags:
            return value
        if isinstance(value, str):
            value = value.strip()
        if value is None:
            return default
        return blank if value == "" else read(value)

    return cell


def _reader_of(kind: FieldType, column: Column | None) -> Read:
    match kind:
        case FieldType.STRING:
            return _string
        case FieldType.INTEGER:
            return _integer
        case FieldType.NUMBER:
            return partial(_number, decimal=column.decimal if column else ".")
        case FieldType.BOOLEAN:
            return _boolean(column)
        case FieldType.STRINGS:
            return partial(_strings, separator=column.separator if column else ",")
    return _moment(kind, column.format if column else None)


def _string(value: Any) -> Value:
    if type(value) is str:
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return render(value)
    raise ValueError("is no text")


def _integer(value: Any) -> Value:
    if isinstance(value, bool):
        raise ValueError("is no whole number")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise ValueError("is no whole number")


def _number(value: Any, decimal: str) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (decimal == "." or "." not in value):
        plain = value.replace(decimal, ".")
        if _NUMBER.fullmatch(plain):
            return float(plain) if "." in plain else int(plain)
    raise ValueError(f"is no number written like 12{decimal}5")


def _boolean(column: Column | None) -> Read:
    yes = column.yes if column else ("yes", "ja", "da", "true", "1")
    no = column.no if column else ("no", "nej", "nu", "false", "0")
    words = {word.casefold(): True for word in yes} | {word.casefold(): False for word in no}

    def boolean(value: Any) -> Value:
        if isinstance(value, bool):
            return value
        found = words.get(str(value).casefold())
        if found is None:
            raise ValueError(f"is neither yes ({', '.join(yes)}) nor no ({', '.join(no)})")
        return found

    return boolean


def _strings(value: Any, separator: str) -> Value:
    if isinstance(value, str):
        value = value.split(separator)
    if not isinstance(value, list):
        value = [value]
    items = (_string(item.strip() if isinstance(item, str) else item) for item in value if item is not None)
    return tuple(item for item in items if isinstance(item, str) and item)


def _moment(kind: FieldType, form: str | None) -> Read:
    parse = _iso if form is None else _formatted(form)

    @lru_cache(8192)
    def from_text(text: str) -> Value:
        moment = parse(text)
        return _day_of(moment) if kind is FieldType.DATE and isinstance(moment, datetime) else moment

    def moment(value: Any) -> Value:
        if not isinstance(value, str):
            raise ValueError("is neither a date nor a time")
        return from_text(value)

    return moment


def _iso(text: str) -> date:
    moment = read_iso(text)
    if moment is None:
        raise ValueError("is no date like 2026-12-31; if dates are written differently here, declare their format")
    return moment


def _day_of(moment: datetime) -> date:
    """Spreadsheets write days as midnights; any other time would be lost, so it is refused."""
    if moment.time() != time() or moment.tzinfo:
        raise ValueError("has a time of day; declare type: datetime")
    return moment.date()


def _formatted(form: str) -> Callable[[str], date]:
    named = set(_DIRECTIVE.findall(form))
    if named - _KNOWN:
        wrong = ", ".join(f"%{letter}" for letter in sorted(named - _KNOWN))
        raise ValueError(f"the format {form!r} holds {wrong}, which is not known: write for example %Y-%m-%d or %d/%m/%Y %H:%M")
    if not any(day <= named for day in _DAY):
        raise ValueError(f"the format {form!r} names no day: it needs year, month and day, for example %d/%m/%Y")
    with_clock = bool(named & _CLOCK)

    def parse(text: str) -> date:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            raise ValueError(f"is not written as {form}") from None
        return moment if with_clock else moment.date()

    return parse
