"""The difference of two runs as people read it: entity by entity, first what the one did, then the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from controller.cli.show.layout import STANDARD, View, rest, wrapped
from controller.cli.show.past.documents import DeedLine, DiffDocument, DifferenceLine
from controller.cli.show.past.run_text import written_lines
from controller.cli.show.plan_text import named
from controller.cli.show.words import counted, number
from controller.engine.past.differing import PLANNED

_FIRST = 20  # entities of a resource before the rest is folded


def diff_text(document: DiffDocument, view: View = STANDARD) -> str:
    lines = [f"one: {document.one}", f"two: {document.two}"]
    alike = f"{number(document.alike)} alike"
    if not document.differences:
        return "\n".join([*lines, f"No difference: both did the same, with the same end ({alike})."])
    lines.append(f"{counted(len(document.differences), 'entity differs', 'entities differ')}, {alike}:")
    for address, members in groupby(document.differences, key=lambda line: line.resource):
        lines += ["", address, *_resource_lines(list(members), view)]
    return "\n".join(lines)


def _resource_lines(differences: Sequence[DifferenceLine], view: View) -> Iterator[str]:
    shown = len(differences) if view.whole else _FIRST
    for difference in differences[:shown]:
        subject = difference.subject if difference.subject != difference.key else ""
        yield from wrapped(named(difference.kind, difference.key, difference.label, subject), 2, hang=2, sign="~ ")
        for word, deeds in (("one", difference.one), ("two", difference.two)):
            yield from _side_lines(word, deeds)
    yield from rest(len(differences), shown, 2)


def _side_lines(word: str, deeds: Sequence[DeedLine]) -> Iterator[str]:
    if not deeds:
        yield f"      {word}: did not touch it"
    for deed in deeds:
        end = "planned" if deed.outcome == PLANNED else deed.outcome
        said = f": {deed.message}" if deed.message else ""
        yield from wrapped(f"{word}: {deed.action} {end}{said}", 6, hang=5)
        for line in written_lines(deed.action, deed.fields):
            yield from wrapped(line, 11, hang=2)
