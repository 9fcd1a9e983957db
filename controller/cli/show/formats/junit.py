"""Plans and runs as JUnit XML, which build servers show as tests: one test case per resource.

The form is that of the schema which Jenkins and GitLab read (github.com/windyroad/JUnit-Schema), in its common part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from controller.cli.show.formats.markup import visible
from controller.cli.show.formats.paper import Paper
from controller.cli.show.plan_end import remedy
from controller.cli.show.plan_text import group_words, grouped, named
from controller.cli.show.subject_text import counts_words, unserved
from controller.cli.show.words import STATUSES, counted, number
from controller.model.change import Condition, ResourcePlan
from controller.model.outcome import Outcome, ResourceResult, Rollup, RunResult, Status, SubjectResult

_LISTED = 50  # changes named in one failure
_BAD = (Status.FAILED, Status.STALE, Status.REFUSED, Status.PARKED)


@dataclass(frozen=True)
class Case:
    """One test case. ``failures`` are (type, message, text); ``said`` is what stands in its output."""

    name: str
    failures: Sequence[tuple[str, str, str]] = ()
    said: str = ""
    seconds: float = 0.0
    skipped: str = ""


def plan_junit(paper: Paper) -> str:
    """A limit, a rule of the operator's own that forbids, and a resource that could not be judged are failures."""
    cases = [_planned(paper, summary) for summary in paper.plan.resources]
    facts = {"plan": paper.plan.id, "digest": paper.digest, "expires": paper.plan.expires}
    return _document("trueup plan", cases, facts, paper.plan.made)


def run_junit(result: RunResult) -> str:
    """A resource of which not everything was done is a failure."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    subjects: dict[str, list[SubjectResult]] = defaultdict(list)
    for outcome in result.outcomes:
        outcomes[outcome.resource].append(outcome)
    for subject in result.subjects:
        subjects[subject.resource].append(subject)
    cases = [_ran(r, outcomes[r.resource], subjects[r.resource]) for r in result.resources]
    return _document("trueup apply", cases, {"run": result.run, "result": result.rollup.value}, result.started)


def _planned(paper: Paper, summary: ResourcePlan) -> Case:
    failures = [(limit.rule, limit.message, remedy(limit)) for limit in paper.limits.get(summary.address, ())]
    if summary.condition is Condition.PARKED:
        failures.insert(0, ("parked", summary.message, summary.hint))
    changes = paper.by_resource.get(summary.address, [])
    said = [group_words(group, len(members)) for group, members in grouped(changes)]
    said += [f"warning: {notice.message}" for notice in paper.warned if notice.resource == summary.address]
    skipped = "planned without asking" if summary.condition is Condition.OFFLINE else ""
    return Case(summary.address, failures, "\n".join(map(visible, said)), skipped="" if failures else skipped)


def _ran(resource: ResourceResult, outcomes: Sequence[Outcome], subjects: Sequence[SubjectResult]) -> Case:
    bad = [outcome for outcome in outcomes if outcome.status in _BAD]
    said = _said(resource, subjects)
    if resource.rollup in (Rollup.SUCCESS, Rollup.SKIPPED) and not resource.fatal:
        return Case(resource.resource, said=said, seconds=resource.seconds)
    message = resource.fatal or next((o.message for o in bad if o.message), "") or f"{counted(len(bad), 'change')} not done"
    lines = [*([resource.hint] if resource.hint else []), *map(_told, bad[:_LISTED])]
    if len(bad) > _LISTED:
        lines.append(f"... and {number(len(bad) - _LISTED)} more")
    text = "\n".join(map(visible, lines))
    return Case(resource.resource, [(resource.rollup.value, message, text)], said, resource.seconds)


def _said(resource: ResourceResult, subjects: Sequence[SubjectResult]) -> str:
    """Changes, then whom they are about, where somebody got less than everything."""
    lines = [", ".join(f"{count} {status}" for status, count in resource.counts.items())]
    if resource.subjects.total > resource.subjects.success:
        lines.append(f"subjects: {counts_words(resource.subjects)}")
        whom = unserved(subjects)
        lines += whom[:_LISTED]
        lines += [f"... and {number(len(whom) - _LISTED)} more"] if len(whom) > _LISTED else []
    return "\n".join(visible(line) for line in lines if line)


def _told(outcome: Outcome) -> str:
    who = named(outcome.kind, outcome.key, outcome.label, outcome.subject)
    return f"{who}: {STATUSES[outcome.status]}" + (f": {outcome.message}" if outcome.message else "")


def _document(name: str, cases: Sequence[Case], facts: dict[str, str], made: str) -> str:
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failures) for case in cases)),
        "errors": "0",
        "skipped": str(sum(bool(case.skipped) for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": name, **{k: v for k, v in counts.items() if k != "skipped"}})
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, **counts, "timestamp": made.removesuffix("Z")})
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in facts.items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": visible(value)})
    _cases(suite, cases)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _cases(suite: ElementTree.Element, cases: Iterable[Case]) -> None:
    for case in cases:
        kind = case.name.partition("/")[0]
        facts = {"classname": f"trueup.{kind}", "name": visible(case.name), "time": f"{case.seconds:.3f}"}
        element = ElementTree.SubElement(suite, "testcase", facts)
        if case.skipped:
            ElementTree.SubElement(element, "skipped", {"message": case.skipped})
        for type_, message, text in case.failures:
            failure = ElementTree.SubElement(element, "failure", {"type": type_, "message": visible(message)})
            failure.text = text
        if case.said:
            ElementTree.SubElement(element, "system-out").text = case.said
