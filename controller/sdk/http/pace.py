"""How quickly one lane may call: never quicker than declared, and slower by itself while the other side says that it is busy.

Pure: it is told the time and what was answered, and sleeps nowhere. A terminal that drowns answers later, not sooner, when it is
asked again at once; one that has recovered is trusted step by step, because the calls that drowned it are still to come.
"""

from __future__ import annotations

_STEP = 0.25  # seconds; where a busy lane without a declared pace begins
_FACTOR = 16  # how many times its declared pace a lane slows down at most
_LONGEST = 60.0  # seconds between two calls at most, unless more is declared
CALM = 10  # answers without a word of being busy, after which the pause is halved


class Pace:
    """``declared``: least seconds between the starts of two calls. ``gap`` is what holds at the moment."""

    def __init__(self, declared: float) -> None:
        self.declared = declared
        self.gap = declared
        self._most = max(declared, min(_LONGEST, _FACTOR * max(declared, _STEP)))
        self._last: float | None = None  # start of the latest call
        self._calm = 0

    def wait(self, now: float) -> float:
        """Seconds to wait before the next call, which is taken to start right after them. ``now``: monotonic seconds."""
        start = now if self._last is None else max(now, self._last + self.gap)
        self._last = start
        return start - now

    def busy(self) -> None:
        """The other side said that it is busy: twice the pause, up to a bound."""
        self.gap = min(self._most, max(2 * self.gap, _STEP))
        self._calm = 0

    def fine(self) -> None:
        """An answer without such a word; after several in a row half of the pause is taken back."""
        if self.gap <= self.declared:
            return
        self._calm += 1
        if self._calm >= CALM:
            self._calm = 0
            half = self.gap / 2
            self.gap = half if half >= max(self.declared, _STEP) else self.declared
