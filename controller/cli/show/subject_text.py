"""Whom a run served and whom not: a line of counts, and those who came out with less than everything. One person on twelve doors
with one reason is one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from controller.cli.show.layout import STANDARD, View, rest, wrapped
from controller.cli.show.words import SERVED, counted, number
from controller.engine.applying.subjects import called
from controller.model.outcome import Served, SubjectCounts, SubjectResult

Whose = tuple[str, str]  # resource, key of the subject
_WORST_FIRST = (Served.FATAL, Served.PARTIAL, Served.SKIPPED)


def subject_lines(
    subjects: Collection[SubjectResult], counts: SubjectCounts, told: Collection[Whose] = (), view: View = STANDARD
) -> Iterator[str]:
    """Nothing when all were served. ``told`` are those whose trouble stands above already; with ``--verbose`` they come again."""
    if counts.total == counts.success:
        return
    yield from wrapped(f"{_noun(subjects)}: {counts_words(counts)}", 0, hang=2)
    lines = list(_lines([s for s in subjects if view.whole or (s.resource, s.subject) not in told or not s.subject]))
    shown = len(lines) if view.whole else min(len(lines), view.notices or STANDARD.notices)
    for line in lines[:shown]:
        yield from wrapped(line, 2, hang=2, sign="! ")
    yield from rest(len(lines), shown, 2)


def counts_words(counts: SubjectCounts) -> str:
    """``11 success, 1 partial, 2 skipped``; what is nought is left out."""
    found = ((number(getattr(counts, status.value)), SERVED[status]) for status in Served if getattr(counts, status.value))
    return ", ".join(f"{count} {word}" for count, word in found) or "none"


def unserved(subjects: Iterable[SubjectResult]) -> list[str]:
    """A line for each who came out with less than everything, the worst first."""
    return list(_lines(subjects))


def _lines(subjects: Iterable[SubjectResult]) -> Iterator[str]:
    alike: dict[tuple[Served, str, str, str], list[str]] = defaultdict(list)
    for subject in subjects:
        if subject.status is not Served.SUCCESS:
            alike[subject.status, subject.step, called(subject), subject.message].append(subject.resource)
    for (status, step, who, message), places in sorted(alike.items(), key=lambda item: _WORST_FIRST.index(item[0][0])):
        at = f" at {step}" if step else ""
        on = f" on {places[0]}" if len(places) == 1 else f" on {counted(len(places), 'resource')}"
        yield f"{SERVED[status]}{at}: {who}{on}" + (f": {message}" if message else "")


def _noun(subjects: Iterable[SubjectResult]) -> str:
    kinds = {subject.kind for subject in subjects} - {""}
    return "Persons" if kinds <= {"person"} else "Entries"
