"""Where long work stands: one line that is painted over on a terminal, a line now and then in a log. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from controller.cli import screen
from controller.cli.show.pace import Whole, counts, pace_words
from controller.cli.show.pace import pace as pace_of
from controller.cli.talk import Talk, plain, write
from controller.model.outcome import Progress

Report = Callable[[Progress], None]
_NAMED = 12  # more resources than this are told of only as a whole
_STEP = 50  # percent between two lines about the same resource
_OFTEN = 0.125  # seconds between two paintings
_SELDOM = 10.0  # seconds between two lines about the whole in a log


@contextmanager
def progress(talk: Talk) -> Iterator[Report]:
    """What to call with each Progress."""
    if talk.quiet:
        yield lambda step: None
    elif screen.repaints(sys.stderr):
        with painting() as report:
            yield report
    else:
        yield Lines(lambda line: write(sys.stderr, line))


class Lines:
    """A line when a resource does something else and half-way, and now and then one about the whole: a log is read afterwards."""

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._last: dict[str, tuple[str, int]] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._whole = Whole()
        self._said = clock()

    def __call__(self, step: Progress) -> None:
        now = self._clock()
        self._whole.add(step, now)
        share = min(100, step.done * 100 // step.total) if step.total else 0
        mark, last = (step.doing, share // _STEP), self._last.get(step.resource)
        self._last[step.resource] = mark
        if last is None or last[0] != step.doing:
            self._began[step.resource] = (now, step.done)
        if last != mark and len(self._last) <= _NAMED:
            self._tell(f"{step.resource}: {step.doing}{counts(step)}{self._pace(step, now)}", now)
        elif now - self._said >= _SELDOM:
            self._tell(self._whole.line(now), now)

    def _pace(self, step: Progress, now: float) -> str:
        began, before = self._began[step.resource]
        return pace_words(pace_of(step.done - before, step.total - before, now - began))

    def _tell(self, line: str, now: float) -> None:
        self._said = now
        self._say(plain(line))


@contextmanager
def painting(clock: Callable[[], float] = time.monotonic) -> Iterator[Report]:
    """One line on the terminal, gone at the end. What is written meanwhile takes its place, and it comes back below."""
    whole, painted = Whole(), [-_OFTEN]

    def report(step: Progress) -> None:
        now = clock()
        whole.add(step, now)
        if now - painted[0] >= _OFTEN:
            painted[0] = now
            screen.paint(plain(whole.line(now)))

    try:
        yield report
    finally:
        screen.wipe()
