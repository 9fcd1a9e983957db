"""Where an apply stands while it runs: a table that repaints on a terminal, plain lines in a log. Always on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from controller.cli.talk import Talk, plain, write
from controller.model.outcome import Progress

if TYPE_CHECKING:
    from rich.table import Table

Report = Callable[[Progress], None]
_ROWS = 12  # more devices than this are summed up in a last row
_STEP = 50  # percent between two lines about the same resource


@contextmanager
def progress(talk: Talk) -> Iterator[Report]:
    """What to call with each Progress."""
    if talk.quiet:
        yield lambda step: None
    elif talk.colour and sys.stderr is not None and sys.stderr.isatty():
        with _live() as report:
            yield report
    else:
        yield Lines(lambda line: write(sys.stderr, line))


class Lines:
    """A line when a resource does something else, and half-way: a log is read afterwards."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._last: dict[str, tuple[str, int]] = {}

    def __call__(self, step: Progress) -> None:
        share = min(100, (step.done + step.failed) * 100 // step.total) if step.total else 0
        mark = (step.doing, share // _STEP)
        if self._last.get(step.resource) != mark:
            self._last[step.resource] = mark
            self._say(plain(f"{step.resource}: {step.doing}{counts(step)}"))


def counts(step: Progress) -> str:
    failed = f", {step.failed:,} failed" if step.failed else ""
    if step.total and step.done + step.failed <= step.total:  # a total that was overtaken tells nothing
        return f" {step.done:,} of {step.total:,}{failed}"
    return f" {step.done:,}{failed}" if step.done or step.failed else ""


@contextmanager
def _live() -> Iterator[Report]:
    from rich.console import Console
    from rich.live import Live

    steps: dict[str, Progress] = {}
    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True, get_renderable=lambda: live_table(steps)):
        yield lambda step: steps.__setitem__(step.resource, step)


def live_table(steps: dict[str, Progress]) -> Table:
    """The rows that are painted: those still at work first."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    busy = sorted(steps.values(), key=lambda s: bool(s.total) and s.done + s.failed >= s.total)
    for step in busy[:_ROWS]:
        bar = ProgressBar(total=step.total or None, completed=step.done + step.failed, width=20, pulse=False)
        grid.add_row(Text(step.resource), bar, Text(plain(step.doing) + counts(step)))
    if len(busy) > _ROWS:
        grid.add_row(Text(f"and {len(busy) - _ROWS} more"), "", "")
    return grid
