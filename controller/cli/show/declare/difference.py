"""Two forms of a spec as a unified diff in which no secret shows."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from controller.spec.excerpt import mask_lines

CONTEXT = 3


def difference(name: str, before: str, after: str) -> str:
    """Lines are compared as they are and shown masked, so that a masked line that changed is still there."""
    old, new = before.replace("\r\n", "\n").split("\n"), after.split("\n")
    hidden_old, hidden_new = mask_lines(old), mask_lines(new)
    lines = [f"--- {name}", f"+++ {name} (formatted)"]
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        lines.append(f"@@ -{_range(i1, i2)} +{_range(j1, j2)} @@")
        for kind, a1, a2, b1, b2 in group:
            lines += _marked(kind, hidden_old[a1:a2], hidden_new[b1:b2])
    return "\n".join(lines)


def _marked(kind: str, old: list[str], new: list[str]) -> Iterator[str]:
    if kind == "equal":
        yield from (f" {line}" for line in old)
        return
    yield from (f"-{line}" for line in old)
    yield from (f"+{line}" for line in new)


def _range(first: int, last: int) -> str:
    """``3,4``: line 3 and three more, as diff counts."""
    length = last - first
    return f"{first + 1 if length else first},{length}"
