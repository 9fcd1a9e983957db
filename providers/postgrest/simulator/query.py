"""PostgREST's query words as far as they are used: operators with their quoting, logic, embedding, order, limit and offset.

What cannot be read raises Refusal with the status and code that the real server gives (facts/postgrest.md 2 and 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]
RESERVED = frozenset({"select", "order", "limit", "offset", "columns", "on_conflict"})
_WORD = re.compile(r"[A-Za-z_][\w]*", re.ASCII)


@dataclass
class Refusal(Exception):
    """An error answer."""

    status: int
    code: str
    message: str
    details: str | None = None


@dataclass(frozen=True)
class Embed:
    """``card:cards!inner(number)``: its name in the answer, the table, whether rows without are left out, and its columns."""

    name: str
    table: str
    inner: bool
    columns: tuple[str, ...]


def split(text: str) -> Iterator[str]:
    """The parts between commas that stand in no parentheses and no double quotes."""
    depth, quoted, word = 0, False, ""
    for letter in text:
        if letter == '"' and not word.endswith("\\"):
            quoted = not quoted
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if letter == "," and not depth and not quoted:
            yield word
            word = ""
        else:
            word += letter
    if depth or quoted:
        raise Refusal(400, "PGRST100", f'"failed to parse ({text})"')
    yield word


def selected(text: str) -> tuple[list[tuple[str, str]], list[Embed]]:
    """Columns as (name in the answer, column), and embedded tables."""
    columns: list[tuple[str, str]] = []
    embeds: list[Embed] = []
    for part in split(text):
        head, paren, inside = part.strip().partition("(")
        name, colon, rest = head.partition(":")
        word = rest if colon else name
        if paren:
            table, _, hint = word.partition("!")
            embeds.append(Embed(name if colon else table, table, hint == "inner", tuple(split(inside.removesuffix(")")))))
        elif word:
            columns.append((name, word))
    return columns, embeds


def condition(column: str, text: str) -> Test:
    """``status`` and ``eq.active`` to a question about a row; a column that does not exist is refused when it is asked."""
    negated = text.startswith("not.")
    operator, dot, value = text.removeprefix("not.").partition(".")
    test = _OPERATORS.get(operator)
    if not dot or test is None:
        raise Refusal(400, "PGRST100", f'"failed to parse filter ({text})" (line 1, column 1)')

    def asked(row: Row) -> bool:
        if column not in row:
            raise Refusal(400, "42703", f"column {column} does not exist")
        answer = test(row[column], value)
        return answer is not None and answer is not negated

    return asked


def logic(text: str, every: bool) -> Test:
    """``(a.eq.1,and(b.gt.3,c.lt.5))`` under ``or`` or ``and``."""
    tests = [_part(part) for part in split(text.strip().removeprefix("(").removesuffix(")"))]
    return lambda row: (all if every else any)(test(row) for test in tests)


def _part(text: str) -> Test:
    for word, every in (("and(", True), ("or(", False)):
        if text.startswith(word):
            return logic(text[len(word) - 1 :], every)
    column, _, rest = text.partition(".")
    return condition(column, rest)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pair(value: Any, text: str) -> tuple[Any, Any]:
    return (value, float(text)) if _number(value) else (_text(value), text)


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _compared(ask: Callable[[Any, Any], bool]) -> Callable[[Any, str], bool | None]:
    def test(value: Any, text: str) -> bool | None:
        if value is None:
            return None  # SQL: null is neither, not even under not
        try:
            return ask(*_pair(value, text))
        except ValueError:
            raise Refusal(400, "22P02", f'invalid input syntax for type integer: "{text}"') from None

    return test


def _one_of(value: Any, text: str) -> bool | None:
    if value is None:
        return None
    items = (item.strip() for item in split(text.removeprefix("(").removesuffix(")")))
    plain = [item[1:-1].replace('\\"', '"') if item[:1] == '"' else item for item in items]
    return _text(value) in plain


def _is(value: Any, text: str) -> bool:
    return value is {"null": None, "true": True, "false": False}.get(text, ...)


def _like(flags: int) -> Callable[[Any, str], bool | None]:
    def test(value: Any, text: str) -> bool | None:
        pattern = ".*".join(re.escape(part) for part in re.split(r"[*%]", text))
        return None if value is None else re.fullmatch(pattern, str(value), flags | re.DOTALL) is not None

    return test


_OPERATORS: Mapping[str, Callable[[Any, str], bool | None]] = {
    "eq": _compared(lambda a, b: bool(a == b)),
    "neq": _compared(lambda a, b: bool(a != b)),
    "gt": _compared(lambda a, b: bool(a > b)),
    "gte": _compared(lambda a, b: bool(a >= b)),
    "lt": _compared(lambda a, b: bool(a < b)),
    "lte": _compared(lambda a, b: bool(a <= b)),
    "in": _one_of,
    "is": _is,
    "like": _like(0),
    "ilike": _like(re.IGNORECASE),
}


def in_order(rows: Sequence[Row], text: str) -> list[Row]:
    """By ``id.asc,name.desc.nullslast``; nulls come last ascending, first descending, unless said otherwise."""
    found = list(rows)
    for part in reversed([part for part in text.split(",") if part]):
        column, *words = part.split(".")
        if found and column not in found[0]:
            raise Refusal(400, "42703", f"column {column} does not exist")
        down = "desc" in words
        last = "nullslast" in words or ("nullsfirst" not in words and not down)
        found.sort(key=lambda row: _rank(row[column]), reverse=down)
        nulls = [row for row in found if row[column] is None]
        others = [row for row in found if row[column] is not None]
        found = [*others, *nulls] if last else [*nulls, *others]
    return found


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


def is_name(text: str) -> bool:
    return _WORD.fullmatch(text) is not None
