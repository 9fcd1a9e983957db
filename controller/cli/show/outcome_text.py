"""What became of an apply: a line per resource, what went wrong, who was not served, the sum, and what to type next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from controller.cli.show.layout import STANDARD, View, rest, table, wrapped
from controller.cli.show.plan_text import named
from controller.cli.show.subject_text import subject_lines
from controller.cli.show.words import ROLLUPS, STATUSES, counted, number
from controller.model.outcome import Outcome, Rollup, RunResult, Status
from controller.model.units import show_duration

_COLUMNS = (Status.DONE, Status.UNCHANGED, Status.SKIPPED, Status.REFUSED, Status.STALE, Status.FAILED, Status.PARKED)
_WRONG = (Status.FAILED, Status.STALE, Status.REFUSED, Status.PARKED, Status.SKIPPED)


def outcome_text(result: RunResult, view: View = STANDARD) -> str:
    lines = [*_table_lines(result), *_trouble_lines(result, view)]
    told = {(o.resource, o.subject or o.key) for o in result.outcomes if o.status in _WRONG}
    if whom := list(subject_lines(result.subjects, result.subject_counts, told, view)):
        lines += ["", *whom]
    lines += ["", *_sum_lines(result, view)]
    return "\n".join(lines)


def _table_lines(result: RunResult) -> Iterator[str]:
    """Columns that are nought everywhere are left out."""
    used = [s for s in _COLUMNS if result.counts.get(s) or s is Status.DONE]
    head = ["resource", "result", *(s.value for s in used), "took"]
    rows = [
        [r.resource, ROLLUPS[r.rollup], *(number(r.counts.get(s, 0)) for s in used), show_duration(r.seconds)]
        for r in result.resources
    ]
    if len(rows) > 1:
        rows.append(["in all", ROLLUPS[result.rollup], *(number(result.counts.get(s, 0)) for s in used), ""])
    yield from table([head, *rows], right=frozenset(range(2, len(head))))


def _trouble_lines(result: RunResult, view: View) -> Iterator[str]:
    for resource in result.resources:
        if resource.fatal:
            yield ""
            yield from wrapped(view.told(f"{resource.resource}: {resource.fatal}"), 0, hang=2, sign="! ")
            if resource.hint:
                yield from wrapped(view.told(resource.hint), 2, sign="-> ")
    groups: dict[tuple[Status, str, str], list[Outcome]] = defaultdict(list)
    for outcome in result.outcomes:
        if outcome.status in _WRONG:
            groups[outcome.status, outcome.resource, outcome.message].append(outcome)
    for (status, where, message), outcomes in sorted(groups.items(), key=lambda item: (_WRONG.index(item[0][0]), item[0][1:])):
        yield ""
        said = f": {message}" if message else ""
        yield from wrapped(f"{number(len(outcomes))} {STATUSES[status]} on {where}{said}", 0, hang=2)
        if status is Status.PARKED and not view.whole:
            continue  # none of them was the reason
        shown = len(outcomes) if view.whole else view.notices
        for outcome in outcomes[:shown]:
            unsure = " (it may have happened all the same)" if outcome.effect == "unknown" else ""
            yield from wrapped(named(outcome.kind, outcome.key, outcome.label, outcome.subject) + unsure, 2, hang=2, sign="! ")
        yield from rest(len(outcomes), shown, 2)


def _sum_lines(result: RunResult, view: View) -> Iterator[str]:
    done = counted(result.counts.get(Status.DONE, 0), "change")
    if result.cancelled:
        yield from wrapped(f"Stopped by you after {done}; what was begun is finished and written down.", 0, hang=2)
    else:
        yield from wrapped(f"{_ENDINGS[result.rollup]} {done} done in run {result.run}.", 0, hang=2)
    if result.first_fatal and any(resource.fatal for resource in result.resources):
        yield from wrapped(f"It began with: {result.first_fatal}", 0, hang=2)
    if result.resume:
        yield "To go on where it stopped:"
        yield f"  {view.command('apply --resume ' + result.run)}"
    elif result.rollup is not Rollup.SUCCESS:
        yield f"To see what is left: {view.command('plan')}"


_ENDINGS = {
    Rollup.SUCCESS: "All that was planned is done:",
    Rollup.PARTIAL: "Partly done:",
    Rollup.SKIPPED: "Nothing was written:",
    Rollup.FAILED: "It failed:",
    Rollup.PARKED: "Nothing could be tried:",
    Rollup.FATAL: "The run was stopped:",
}
