"""The order of a document's own keys, with the comments that stand above each."""

from __future__ import annotations

from itertools import pairwise

from controller.spec.formatting.lines import Line, Sheet

ORDER = ("apiVersion", "kind", "metadata", "spec")


def sort_envelope(sheet: Sheet) -> None:
    """What stands above the first key stays there, as does what follows the last one at the margin; unknown keys go last."""
    starts = [number for number, line in enumerate(sheet.lines) if line.key is not None]
    names = [sheet.lines[number].key for number in starts]
    if not sheet.sortable or names == sorted(names, key=_rank):
        return
    ends = [*starts[1:], len(sheet.lines)]
    begins = [starts[0], *(_begin(sheet.lines, above, start) for above, start in pairwise(starts))]
    tail = _begin(sheet.lines, starts[-1], ends[-1])
    parts = [sheet.lines[begin:end] for begin, end in zip(begins, [*begins[1:], tail], strict=True)]
    parts = [part for _, part in sorted(zip(names, parts, strict=True), key=lambda pair: _rank(pair[0]))]
    head, rest = sheet.lines[: starts[0]], sheet.lines[tail:]
    sheet.lines = [*head, *(line for part in parts for line in part), *rest]


def _rank(name: str | None) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _begin(lines: list[Line], above: int, start: int) -> int:
    """The first line that belongs to what begins at ``start``: comments at the margin and the empty lines around them."""
    begin = start
    while begin - 1 > above and (lines[begin - 1].empty or lines[begin - 1].at_margin):
        begin -= 1
    return begin
