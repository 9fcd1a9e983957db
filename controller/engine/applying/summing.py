"""Summing up a run: what became of its changes, per resource, per subject and in all. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from controller.engine.applying.lane import LaneResult
from controller.engine.applying.subjects import by_subject, called, count, served
from controller.model.change import Condition, Notice, Plan, ResourcePlan
from controller.model.outcome import (
    Outcome,
    ResourceResult,
    Rollup,
    RunResult,
    Served,
    Status,
    SubjectCounts,
    SubjectResult,
    roll_up,
)

_LEFT = frozenset({Status.PARKED, Status.FAILED})


def run_result(plan: Plan, results: Mapping[str, LaneResult], *, run_id: str, times: tuple[str, str], cancelled: bool) -> RunResult:
    """``results`` by resource address, ``times`` are beginning and end."""
    left_alone = notices_by_resource(plan.notices)
    resources: list[ResourceResult] = []
    subjects: list[SubjectResult] = []
    for summary in plan.resources:
        mine = by_subject(results[summary.address].outcomes, left_alone.pop(summary.address, ()))
        resources.append(_resource(summary, results[summary.address], mine))
        subjects += mine
    subjects += [one for notices in left_alone.values() for one in by_subject((), notices)]  # of what records did not make
    outcomes = tuple(outcome for summary in plan.resources for outcome in results[summary.address].outcomes)
    fatal = _first_fatal(resources, results)
    return RunResult(
        run=run_id,
        rollup=_overall(resources, fatal),
        started=times[0],
        ended=times[1],
        resources=tuple(resources),
        outcomes=outcomes,
        counts=_counts(outcomes),
        first_fatal=fatal or _first_unserved(subjects),
        cancelled=cancelled and any(o.code == "stopped" for o in outcomes),
        resume=any(o.status in _LEFT for o in outcomes),
        subjects=tuple(subjects),
        subject_counts=_total(subjects, plan),
    )


def nothing_done(plan: Plan, rollup: Rollup) -> RunResult:
    """The result of a plan without changes: whom it leaves alone is told all the same."""
    subjects = by_subject((), plan.notices)
    return RunResult("", rollup, plan.made, plan.made, subjects=subjects, subject_counts=_total(subjects, plan))


def _total(subjects: Iterable[SubjectResult], plan: Plan) -> SubjectCounts:
    return and_unserved(count(subjects), sum(map(unserved_on, plan.resources)))


def unserved_on(summary: ResourcePlan) -> int:
    """Subjects of a resource that could not be judged when the plan was made; they are counted there and have no results."""
    return summary.unserved if summary.condition is Condition.PARKED else 0


def and_unserved(counts: SubjectCounts, unserved: int) -> SubjectCounts:
    return msgspec.structs.replace(counts, fatal=counts.fatal + unserved)


def resource_result(summary: ResourcePlan, result: LaneResult, notices: Iterable[Notice]) -> ResourceResult:
    """``notices`` are those of this resource."""
    return _resource(summary, result, by_subject(result.outcomes, notices))


def _resource(summary: ResourcePlan, result: LaneResult, subjects: Iterable[SubjectResult]) -> ResourceResult:
    rollup = roll_up(o.status for o in result.outcomes)
    if result.fatal:
        rollup = Rollup.PARTIAL if any(o.status is Status.DONE for o in result.outcomes) else Rollup.PARKED
    counts = and_unserved(count(subjects), unserved_on(summary))
    return ResourceResult(
        summary.address, rollup, _counts(result.outcomes), result.fatal, result.hint, result.seconds,
        served(counts, result.fatal), counts,
    )  # fmt: skip


def notices_by_resource(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    found: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        found[notice.resource].append(notice)
    return found


def _overall(resources: Iterable[ResourceResult], fatal: str) -> Rollup:
    found = {resource.rollup for resource in resources}
    if found <= {Rollup.SUCCESS, Rollup.SKIPPED}:
        return Rollup.SUCCESS
    if found & {Rollup.SUCCESS, Rollup.PARTIAL, Rollup.SKIPPED}:
        return Rollup.PARTIAL
    return Rollup.FATAL if fatal else Rollup.FAILED


def _first_fatal(resources: Iterable[ResourceResult], results: Mapping[str, LaneResult]) -> str:
    """What came first in time; of those that the plan knew already, the first of the plan."""
    stopped = [resource for resource in resources if resource.fatal]
    first = min(stopped, key=lambda resource: results[resource.resource].fatal_at, default=None)
    return f"{first.resource}: {first.fatal}" if first else ""


def _first_unserved(subjects: Iterable[SubjectResult]) -> str:
    first = next((subject for subject in subjects if subject.status is Served.FATAL), None)
    return f"{first.resource}: {called(first)}: {first.message}" if first else ""


def _counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.status.value for outcome in outcomes))
