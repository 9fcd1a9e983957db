"""Cuts a long text at whole lines, so that tables, folds and code fences are always closed. Knows nothing of plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """Lines that may be cut anywhere between them, and what must stand before and after them whenever one of them does."""

    lines: Sequence[str]
    opening: Sequence[str] = field(default=())
    closing: Sequence[str] = field(default=())


def size(lines: Sequence[str]) -> int:
    """Characters as GitHub and most others count them: UTF-16 units, line ends included."""
    return sum(len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1 for line in lines)


def fitted(head: Sequence[str], blocks: Sequence[Block], tail: Callable[[int], Sequence[str]], room: int) -> str:
    """The head, as many lines of the blocks as there is room for, and ``tail(lines left out)`` when any is left out.

    The head must fit. Everything after the first line that does not fit is left out, so that nothing is missing unseen in between.
    """
    total = sum(len(block.lines) for block in blocks)
    whole = [*head, *(line for block in blocks for line in (*block.opening, *block.lines, *block.closing))]
    if size(whole) <= room:
        return "\n".join(whole) + "\n"
    out, taken = list(head), 0
    left = room - size(head) - size(tail(total))
    for block in blocks:
        left -= size([*block.opening, *block.closing])
        count = _fitting(block.lines, left)
        if not count:
            break
        chosen = block.lines[:count]
        out += [*block.opening, *chosen, *block.closing]
        left -= size(chosen)
        taken += count
        if count < len(block.lines):
            break
    return "\n".join([*out, *tail(total - taken)]) + "\n"


def _fitting(lines: Sequence[str], room: int) -> int:
    used = 0
    for count, line in enumerate(lines):
        used += size([line])
        if used > room:
            return count
    return len(lines)
