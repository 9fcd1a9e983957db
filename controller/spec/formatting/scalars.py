"""Texts of several lines, moved with what they belong to and otherwise kept."""

from __future__ import annotations

import re

from controller.spec.formatting.places import STEP

_INDICATOR = re.compile(r"[1-9]")


def block_lines(text: str, old: int, new: int) -> tuple[str, str, list[str]]:
    """A text under ``|`` or ``>`` within a block that moves from column ``old`` to ``new``: its header, the comment behind the
    header, its lines."""
    first, *lines = text.split("\n")
    header, mark, comment = first.partition("#")
    digit = _INDICATOR.search(header)
    if digit:
        was, becomes = old + int(digit[0]), new + int(digit[0])
    else:
        was, becomes = next((_indent(line) for line in lines if line.strip(" ")), 0), new + STEP
    return header.rstrip(), (mark + comment).rstrip(), [_moved(line, was, becomes) for line in lines]


def _moved(line: str, was: int, becomes: int) -> str:
    rest = line[min(was, _indent(line)) :]
    return " " * becomes + rest if rest else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def folded_lines(text: str, indent: int) -> list[str]:
    """A text that goes on over lines, in quotes or without: what it is folded to does not depend on the indentation."""
    head, *tail = text.split("\n")
    return [_trimmed(head), *(" " * indent + _trimmed(line.lstrip(" \t")) if line.strip() else "" for line in tail)]


def _trimmed(line: str) -> str:
    bare = line.rstrip(" \t")
    return line if bare.endswith("\\") else bare
