"""Tells what happens during a run to whoever listens, each thing once and after it is written down. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from controller.engine.world import World, stamp
from controller.model.change import Plan
from controller.model.happening import (
    ChangeEnded,
    Happening,
    ResourceEnded,
    ResourceProgress,
    ResourceStarted,
    RunEnded,
    RunStarted,
)
from controller.model.outcome import Outcome, Progress, ResourceResult, RunResult

Listener = Callable[[Happening], None]


def unheard(happening: Happening) -> None:
    """For callers that listen to nothing."""


@dataclass(frozen=True)
class Teller:
    """Makes the events of one run. Cheap when nobody listens."""

    world: World
    run: str
    listener: Listener = unheard

    def run_started(self, plan: Plan) -> None:
        addresses = tuple(summary.address for summary in plan.resources)
        self.listener(RunStarted(time=self._now, run=self.run, plan=plan.id, changes=len(plan.changes), resources=addresses))

    def resource_started(self, resource: str, changes: int) -> None:
        self.listener(ResourceStarted(time=self._now, run=self.run, resource=resource, changes=changes))

    def progress(self, step: Progress) -> None:
        counts = {"done": step.done, "failed": step.failed, "total": step.total}
        self.listener(ResourceProgress(time=self._now, run=self.run, resource=step.resource, doing=step.doing, **counts))

    def ended(self, outcomes: Iterable[Outcome]) -> None:
        if self.listener is unheard:
            return
        now = self._now
        for outcome in outcomes:
            self.listener(ChangeEnded(time=now, run=self.run, outcome=outcome))

    def resource_ended(self, result: ResourceResult) -> None:
        told = ResourceEnded(
            time=self._now, run=self.run, resource=result.resource, rollup=result.rollup, counts=result.counts,
            fatal=result.fatal, hint=result.hint, seconds=result.seconds, status=result.status, subjects=result.subjects,
        )  # fmt: skip
        self.listener(told)

    def run_ended(self, result: RunResult) -> None:
        self.listener(run_ended(result, self._now))

    @property
    def _now(self) -> str:
        return stamp(self.world.clock)


def run_ended(result: RunResult, now: str) -> RunEnded:
    return RunEnded(
        time=now, run=result.run, rollup=result.rollup, counts=result.counts, cancelled=result.cancelled, resume=result.resume,
        first_fatal=result.first_fatal, subjects=result.subject_counts,
    )  # fmt: skip
