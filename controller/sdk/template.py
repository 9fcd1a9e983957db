"""Templates: ``{first_name} {last_name}`` filled from a record's fields, compiled once per mapping because they run per record.

A template is a tuple of alternatives; the first whose fields are all there is taken. There are no format specs, attributes
or expressions on purpose: sources normalise, templates only join. ``{{`` and ``}}`` stand for single braces.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date

from controller.model.record import FieldType, Value

Fill = Callable[[Mapping[str, Value]], str | None]

_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_NAME = re.compile(r"[^\W\d]\w*")


def compile_template(template: tuple[str, ...]) -> Fill:
    """A function from fields to text, or None when no alternative is complete. Raises ValueError for a malformed template.

    Blanks are trimmed and collapsed, the text is NFC. A list, NaN or an infinity counts as missing.
    """
    alternatives = [_compile_one(text) for text in template]
    if len(alternatives) == 1:
        return alternatives[0]

    def first_complete(fields: Mapping[str, Value]) -> str | None:
        for fill in alternatives:
            text = fill(fields)
            if text is not None:
                return text
        return None

    return first_complete


def _compile_one(text: str) -> Fill:
    parts = _parse(text)
    if not any(is_field for is_field, _ in parts):
        constant = normal_text("".join(part for _, part in parts)) or None
        return lambda fields: constant
    if len(parts) == 1:
        return _single(parts[0][1])
    return _joined(parts)


def _single(name: str) -> Fill:
    def fill(fields: Mapping[str, Value]) -> str | None:
        value = fields.get(name)
        return None if value is None else render(value) or None

    return fill


def _joined(parts: list[tuple[bool, str]]) -> Fill:
    pattern = "".join("%s" if is_field else part.replace("%", "%%") for is_field, part in parts)
    names = tuple(part for is_field, part in parts if is_field)

    def fill(fields: Mapping[str, Value]) -> str | None:
        found = []
        for name in names:
            value = fields.get(name)
            # A text is only trimmed here: the whole is brought to its normal form below.
            text = value.strip() if type(value) is str else "" if value is None else render(value)
            if not text:
                return None
            found.append(text)
        return normal_text(pattern % tuple(found))

    return fill


def normal_text(text: str) -> str:
    """The text with blanks trimmed and collapsed, in Unicode's composed form (NFC)."""
    text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def render(value: Value) -> str:
    """A value as text: whole numbers without ``.0``, dates as ISO 8601, booleans as true or false; lists and NaN as nothing."""
    if type(value) is str:
        return normal_text(value)
    match value:
        case str():
            return normal_text(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _render_float(value)
        case date():
            return value.isoformat()
    return ""


def _render_float(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def template_fields(template: tuple[str, ...]) -> frozenset[str]:
    """Every field that any alternative names. Raises ValueError for a malformed template."""
    return frozenset(part for text in template for is_field, part in _parse(text) if is_field)


def single_field(text: str) -> str | None:
    """The field's name when the template is exactly ``{name}``, so that its value can be taken with its type."""
    parts = _parse(text)
    return parts[0][1] if len(parts) == 1 and parts[0][0] else None


def missing_fields(template: tuple[str, ...], fields: Mapping[str, Value]) -> tuple[str, ...]:
    """What the most nearly complete alternative lacks, in its order; empty when an alternative can be filled."""
    lacking = [_lacking(text, fields) for text in template]
    return min(lacking, key=len, default=())


def _lacking(text: str, fields: Mapping[str, Value]) -> tuple[str, ...]:
    names = dict.fromkeys(part for is_field, part in _parse(text) if is_field)
    return tuple(name for name in names if not render(fields.get(name)))


def check_template(text: str) -> str | None:
    """What is wrong with the template in plain words, or None."""
    try:
        parts = _parse(text)
    except ValueError as problem:
        return str(problem)
    if not any(part.strip() for _, part in parts):
        return "the template is empty: write a text, or a field in braces such as {email}"
    return None


def check_template_fields(template: tuple[str, ...], fields: Mapping[str, FieldType]) -> list[tuple[int, str, str]]:
    """Fields that the records do not have, and lists: (index of the alternative, message, the word that was probably meant)."""
    problems = []
    for index, text in enumerate(template):
        for name in dict.fromkeys(part for is_field, part in _parse(text) if is_field):
            if name not in fields:
                problems.append((index, f"no field {name!r} in these records", nearest(name, fields)))
            elif fields[name] is FieldType.STRINGS:
                problems.append((index, f"{name!r} is a list; a template takes fields with one value only", ""))
    return problems


def _parse(text: str) -> list[tuple[bool, str]]:
    """Literals (False, text) and fields (True, name) in order, neighbouring literals joined."""
    parts: list[tuple[bool, str]] = []
    literal, position = "", 0
    for token in _TOKEN.finditer(text):
        literal += text[position : token.start()]
        position = token.end()
        if token[0] in ("{{", "}}"):
            literal += token[0][0]
            continue
        name = _field_name(token[0])
        parts += [(False, literal), (True, name)] if literal else [(True, name)]
        literal = ""
    literal += text[position:]
    return [*parts, (False, literal)] if literal else parts


def _field_name(token: str) -> str:
    if token in ("{", "}"):
        raise ValueError(f"a single {token!r} without its partner: write {token * 2!r} for the character itself")
    name = token[1:-1].strip()
    if not name:
        raise ValueError("empty braces: write the name of a field between them, for example {email}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{token} is not a field: only a bare name may stand between braces, no dots, brackets or formats")
    return name


def nearest(word: str, words: Collection[str]) -> str:
    """The word that was probably meant, or an empty text."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(words), n=1, cutoff=0.6)), "")
