"""Filters: ``where`` compiled to a three-valued question, because a field that is missing says nothing about its record.

The answer is yes, no or unknown (Kleene's strong logic). A condition on a missing or mistyped field is unknown, under ``not``
as well. Conditions that stand together must all hold: one *no* settles it, otherwise one *unknown* leaves it unknown. Of
``any`` one *yes* settles it. The caller neither grants nor revokes on unknown. ``exists`` is the one question that is always
answered. An empty list is a value: nobody is *in* it, and it does not *exist*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.model.record import FieldType, Value
from controller.sdk.compare import Judge, containing, kind_of, one_of, ordered, wanted_instead
from controller.sdk.template import nearest


class Answer(msgspec.Struct, frozen=True):
    """``value`` True, False, or None for unknown with the ``reason`` in words. Compiled filters return YES and NO themselves."""

    value: bool | None
    reason: str = ""


YES = Answer(True)
NO = Answer(False)

Filter = Callable[[Mapping[str, Value]], Answer]

_WORDS = {
    "equals": "is",
    "in": "is one of",
    "lt": "is before or below",
    "lte": "is at most",
    "gt": "is after or above",
    "gte": "is at least",
}
_TYPE_WORDS: Mapping[FieldType, str] = {
    FieldType.STRING: "a text",
    FieldType.INTEGER: "a whole number",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date",
    FieldType.DATETIME: "a time",
    FieldType.STRINGS: "a list",
}
_ORDERED_TYPES = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.DATETIME})
OPERATORS = ("equals", "in", "not", "exists", "lt", "lte", "gt", "gte", "contains")


def compile_where(where: Mapping[str, Any], zone: ZoneInfo | None = None) -> Filter:
    """The filter as a function of a record's fields. The filter must have passed ``check_where``; ValueError otherwise.

    ``zone``: times with an offset are compared with texts that have none as wall time there; without a zone that is unknown.
    """
    return _all([_compile_entry(name, condition, zone) for name, condition in where.items()])


def _compile_entry(name: str, condition: Any, zone: ZoneInfo | None) -> Filter:
    if name == "any":
        return _any([compile_where(part, zone) for part in condition])
    if name == "not":
        return _negate(compile_where(condition, zone))
    return _all([_compile_operator(name, op, value, zone) for op, value in _operators(condition)])


def _operators(condition: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(condition, Mapping):
        yield from condition.items()
    else:
        yield "equals", condition


def _compile_operator(name: str, op: str, value: Any, zone: ZoneInfo | None) -> Filter:
    match op:
        case "exists":
            wanted = bool(value)
            return lambda fields: YES if (fields.get(name) not in (None, "", ())) is wanted else NO
        case "not" if isinstance(value, Mapping):
            return _negate(_compile_entry(name, value, zone))
        case "not":
            return _negate(_compile_operator(name, "in" if isinstance(value, list | tuple) else "equals", value, zone))
        case "equals" | "in":
            return _ask(name, one_of(tuple(value) if op == "in" else (value,), zone), kind_of(value))
        case "contains":
            return _ask(name, containing(value), "a list")
        case "lt" | "lte" | "gt" | "gte":
            return _ask(name, ordered(op, value, zone), kind_of(value))
    raise ValueError(f"unknown operator {op!r}")


def _ask(name: str, judge: Judge, wanted: str) -> Filter:
    missing = Answer(None, f"{name} is missing")

    def ask(fields: Mapping[str, Value]) -> Answer:
        value = fields.get(name)
        if value is None or value == "":
            return missing
        verdict = judge(value)
        if verdict is None:
            return Answer(None, f"{name} is {kind_of(value)}, which cannot be compared with {wanted}")
        return YES if verdict else NO

    return ask


def _all(parts: list[Filter]) -> Filter:
    if len(parts) == 1:
        return parts[0]

    def every(fields: Mapping[str, Value]) -> Answer:
        result = YES
        for part in parts:
            answer = part(fields)
            if answer is NO:
                return NO
            if answer is not YES and result is YES:
                result = answer
        return result

    return every


def _any(parts: list[Filter]) -> Filter:
    def some(fields: Mapping[str, Value]) -> Answer:
        result = NO
        for part in parts:
            answer = part(fields)
            if answer is YES:
                return YES
            if answer is not NO and result is NO:
                result = answer
        return result

    return some


def _negate(inner: Filter) -> Filter:
    def negated(fields: Mapping[str, Value]) -> Answer:
        answer = inner(fields)
        return NO if answer is YES else YES if answer is NO else answer

    return negated


def where_fields(where: Mapping[str, Any]) -> frozenset[str]:
    """Every field that the filter asks about, at any depth."""
    found: set[str] = set()
    for name, condition in where.items():
        if name == "any":
            found.update(*(where_fields(part) for part in condition))
        elif name == "not":
            found |= where_fields(condition)
        else:
            found.add(name)
    return frozenset(found)


# -- checking ----------------------------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]
Finding = tuple[Path, str, str]


def check_where(where: Mapping[str, Any], fields: Mapping[str, FieldType]) -> list[Finding]:
    """Everything that is wrong with a filter over records of these fields: (path, message, the word probably meant)."""
    return list(_check_map((), where, fields))


def _check_map(path: Path, where: Any, fields: Mapping[str, FieldType]) -> Iterator[Finding]:
    if not isinstance(where, Mapping) or (path and not where):
        yield path, "conditions are written as field: value", ""
        return
    for name, condition in where.items():
        here = (*path, name)
        if name == "any":
            yield from _check_any(here, condition, fields)
        elif name == "not":
            yield from _check_map(here, condition, fields)
        elif name not in fields:
            yield here, f"no field {name!r} in these records", nearest(name, [*fields, "any", "not"])
        else:
            yield from _check_condition(here, condition, fields[name])


def _check_any(path: Path, condition: Any, fields: Mapping[str, FieldType]) -> Iterator[Finding]:
    if not isinstance(condition, list | tuple) or not condition:
        yield path, "any takes a list of conditions, one of which must hold", ""
        return
    for index, part in enumerate(condition):
        yield from _check_map((*path, index), part, fields)


def _check_condition(path: Path, condition: Any, field: FieldType) -> Iterator[Finding]:
    if not isinstance(condition, Mapping):
        yield from _check_operand(path, "equals", condition, field)
    elif not condition:
        yield path, f"a condition is missing: write a value, or one of {', '.join(OPERATORS)}", ""
    else:
        for op, value in condition.items():
            yield from _check_operand((*path, op), op, value, field)


def _check_operand(path: Path, op: str, value: Any, field: FieldType) -> Iterator[Finding]:
    match op:
        case "exists":
            if not isinstance(value, bool):
                yield path, "exists takes true or false", ""
        case "not" if isinstance(value, Mapping):
            yield from _check_condition(path, value, field)
        case "in":
            yield from _check_choice(path, value, field)
        case "not" if isinstance(value, list | tuple):
            yield from _check_choice(path, value, field)
        case "contains" if field is not FieldType.STRINGS:
            yield path, f"contains asks a list; this field is {_TYPE_WORDS[field]}: use equals or in", "in"
        case "equals" | "not" | "contains":
            yield from _check_scalar(path, value, field)
        case "lt" | "lte" | "gt" | "gte" if field not in _ORDERED_TYPES:
            yield path, f"{op} compares numbers, dates and times; this field is {_TYPE_WORDS[field]}", ""
        case "lt" | "lte" | "gt" | "gte":
            yield from _check_scalar(path, value, field)
        case _:
            yield path, f"unknown operator {op!r}: write one of {', '.join(OPERATORS)}", nearest(str(op), OPERATORS)


def _check_choice(path: Path, value: Any, field: FieldType) -> Iterator[Finding]:
    if not isinstance(value, list | tuple) or not value:
        yield path, "a list of values is expected here, in brackets", ""
        return
    for index, item in enumerate(value):
        yield from _check_scalar((*path, index), item, field)


def _check_scalar(path: Path, value: Any, field: FieldType) -> Iterator[Finding]:
    if value is None or value == "":
        yield path, "an empty value equals nothing: use exists: false for a field that is missing", "exists"
    elif isinstance(value, list | tuple):
        yield path, "for a choice of values write in: [...]", "in"
    elif wanted := wanted_instead(field, value):
        quoted = f'"{value}"' if wanted == "a text in quotes" and not isinstance(value, bool | Mapping) else ""
        yield path, f"this field is {_TYPE_WORDS[field]}: compare it with {wanted}", quoted


# -- telling -----------------------------------------------------------------------------------------------------------------


class Asked(msgspec.Struct, frozen=True):
    """One condition of a filter put to one record: the condition in words, the answer, and the fields that it looks at."""

    condition: str
    answer: Answer
    fields: tuple[str, ...]


def ask_each(where: Mapping[str, Any], fields: Mapping[str, Value], zone: ZoneInfo | None = None) -> tuple[Asked, ...]:
    """Every condition of a checked filter by itself, so that it can be told which one decided."""
    parts = [{name: condition} for name, condition in where.items()]
    return tuple(Asked(describe(part), compile_where(part, zone)(fields), tuple(sorted(where_fields(part)))) for part in parts)


def describe(where: Mapping[str, Any]) -> str:
    """The filter in words: ``active is true and roles is one of 10, 12``; ``always`` when there is none."""
    return " and ".join(_describe_entry(name, condition) for name, condition in where.items()) or "always"


def _describe_entry(name: str, condition: Any) -> str:
    if name == "any":
        return "(" + " or ".join(describe(part) for part in condition) + ")"
    if name == "not":
        return f"not ({describe(condition)})"
    return " and ".join(_describe_operator(name, op, value) for op, value in _operators(condition))


def _describe_operator(name: str, op: str, value: Any) -> str:
    if op == "exists":
        return f"{name} is there" if value else f"{name} is missing"
    if op == "not":
        inner = value if isinstance(value, Mapping) else {"in" if isinstance(value, list | tuple) else "equals": value}
        return f"not ({_describe_entry(name, inner)})"
    return f"{name} {_WORDS.get(op, op)} {_words(value)}"


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
