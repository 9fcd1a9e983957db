"""How far the whole is, how quickly it goes and how long it will take: numbers and words from steps, without any output. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.cli.show.words import counted
from controller.model.outcome import Progress
from controller.model.units import show_duration

_TELLING = 2.0  # seconds; what went before says little about the rest


@dataclass(frozen=True)
class Pace:
    """``rate`` is per second, ``left`` seconds; None while nobody can tell."""

    rate: float | None = None
    left: float | None = None


def pace(done: int, total: int, seconds: float) -> Pace:
    """What ``done`` of ``total`` in so many seconds says about the rest. A total that was overtaken, or is not known, says nothing
    about what is left."""
    if done <= 0 or seconds < _TELLING:
        return Pace()
    rate = done / seconds
    return Pace(rate, (total - done) / rate if total >= done else None)


def pace_words(found: Pace) -> str:
    """``, 45/s, about 11m left``; nothing while nobody can tell, and of the rest only what matters."""
    if found.rate is None:
        return ""
    rate = f"{found.rate:,.0f}/s" if found.rate >= 3 else f"{found.rate * 60:,.0f}/min"
    left = f", about {show_duration(max(1.0, round(found.left)))} left" if found.left else ""
    return f", {rate}{left}"


def counts(step: Progress) -> str:
    """`` 1,200 of 30,000, 3 failed``; ``done`` counts those that failed too."""
    failed = f", {step.failed:,} failed" if step.failed else ""
    if step.total and step.done <= step.total:
        return f" {step.done:,} of {step.total:,}{failed}"
    return f" {step.done:,}{failed}" if step.done or step.failed else ""


@dataclass
class Whole:
    """The last step of every resource, and since when each phase is under way. ``now`` is monotonic seconds."""

    steps: dict[str, Progress] = field(default_factory=dict)
    _began: dict[str, tuple[float, int]] = field(default_factory=dict)  # phase: when, and how much was done then

    def add(self, step: Progress, now: float) -> None:
        self.steps.pop(step.resource, None)  # the newest stands last
        self.steps[step.resource] = step
        if step.doing not in self._began:
            self._began[step.doing] = (now, self._sum(step.doing).done)

    def line(self, now: float) -> str:
        """All that are in the phase of the newest step, as one: ``3 doors: writing 1,200 of 30,000, 45/s, about 11m left``."""
        newest = next(reversed(self.steps.values()), None)
        if newest is None:
            return ""
        whole, (began, before) = self._sum(newest.doing), self._began[newest.doing]
        speed = pace(whole.done - before, whole.total - before, now - began)
        return f"{whole.resource}: {whole.doing}{counts(whole)}{pace_words(speed)}"

    def _sum(self, doing: str) -> Progress:
        steps = [step for step in self.steps.values() if step.doing == doing]
        who = steps[0].resource if len(steps) == 1 else counted(len(steps), "resource")
        known = all(step.total for step in steps)
        total = sum(step.total for step in steps) if known else 0
        return Progress(who, doing, sum(step.done for step in steps), sum(step.failed for step in steps), total)
