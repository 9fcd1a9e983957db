"""Markdown tables of keys, from what `trueup explain` says of them: what each means, what may stand there, what it is without.

Makes text and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from controller.spec.explaining.topics import Topic


@dataclass(frozen=True)
class Cut:
    """What a table leaves to others: keys ``without`` a row, and keys that are ``flat``: a row of their own, nothing below."""

    without: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()


def keys_table(topic: Topic, cut: Cut, *, last: str = "default", needed: str = "**required**") -> str:
    """The keys below a topic, with a column of examples only where somebody gave one. ``last`` heads the column of defaults."""
    rows = list(_rows(topic.fields, "", len(topic.path) + 1, cut))
    heads = ["key", "meaning", "what stands there", last]
    lines = [[f"`{key}`", one.description, _what(one), needed if one.required else _code(one.default)] for key, one in rows]
    if any(one.examples for _, one in rows):
        heads.append("example")
        lines = [[*line, *map(_code, one.examples[:1] or ("",))] for line, (_, one) in zip(lines, rows, strict=True)]
    return markdown(heads, lines)


def _rows(fields: Iterable[Topic], prefix: str, start: int, cut: Cut) -> Iterator[tuple[str, Topic]]:
    """Each key with its path below where the table begins; what stands in a list has ``[]`` before it."""
    for field in fields:
        key = prefix + field.path[start:]
        if key in cut.without:
            continue
        yield key, field
        if key not in cut.flat:
            step = "[]." if "list" in field.type else "."
            yield from _rows(field.fields, f"{key}{step}", len(field.path) + 1, cut)


def _what(topic: Topic) -> str:
    """What may stand there: the words that may, or the type with its bounds."""
    if len(topic.allowed) > 1:
        words = ", ".join(map(_code, topic.allowed))
        return f"{words}; or a list of them" if "or a list of them" in topic.type else words
    return f"{topic.type}, {topic.bounds}" if topic.bounds else topic.type


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    ruled = ["|".join(("", *(f" {head} " for head in heads), "")), "|" + "---|" * len(heads)]
    return "\n".join([*ruled, *("|".join(("", *(f" {_cell(cell)} " for cell in line), "")) for line in lines)])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
