"""Runs as a list, the newest first: when, how long, how it went, and how much of what where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.past.documents import HistoryDocument, RunLine
from controller.cli.show.plan_end import zone_words
from controller.cli.show.words import ROLLUPS, moment, number
from controller.model.outcome import Status
from controller.model.units import show_duration

_RESOURCES = 3  # of a run, before the rest is summed up
RESULTS: Mapping[str, str] = {
    **{rollup.value: words for rollup, words in ROLLUPS.items()},
    "cancelled": "stopped by somebody",
    "interrupted": "interrupted (killed)",
    "running": "still running",
}
_ORDER = tuple(status.value for status in Status)


def history_text(document: HistoryDocument, view: View = STANDARD) -> str:
    if not document.runs:
        return f"No run matches, or there was none yet. To see all of them: {view.command('history')}"
    lines = [f"Times in {zone_words(view).strip(' ()') or 'UTC'}."]
    for run in document.runs:
        lines += _run_lines(run, view)
    newest = document.runs[0].run
    lines += ["", f"What a run did: {view.command('show ' + newest)}"]
    if document.more:
        lines.append("There are older ones: --limit shows more, --since and --resource fewer.")
    return "\n".join(lines)


def _run_lines(run: RunLine, view: View) -> Iterator[str]:
    took = f"took {show_duration(run.seconds)}" if run.seconds is not None else "no end yet"
    when = moment(run.started, view.zone).removesuffix(" UTC")
    yield from wrapped(f"{run.run}  {when}  {took}  {RESULTS.get(run.result, run.result)}", 0, hang=2)
    shown = len(run.resources) if view.whole else _RESOURCES
    for address, counts in list(run.resources.items())[:shown]:
        yield from wrapped(f"{address}: {counts_words(counts)}", 2, hang=2)
    if (left := len(run.resources) - shown) > 0:
        yield f"  and {number(left)} more resources"
    if not run.resources:
        yield "  nothing was changed"


def counts_words(counts: Mapping[str, int]) -> str:
    """``3 done, 1 failed``, what went well first."""
    known = [*(word for word in _ORDER if word in counts), *(word for word in counts if word not in _ORDER)]
    return ", ".join(f"{number(counts[word])} {word}" for word in known)
