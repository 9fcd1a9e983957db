"""A plan as annotations of a GitHub workflow (docs.github.com, "Workflow commands for GitHub Actions"), at the lines of the specs.

GitHub shows ten of each level per step, so there is one per resource and reason, the worst first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from controller.cli.show.formats.markup import visible
from controller.cli.show.formats.paper import Paper
from controller.cli.show.plan_end import remedy
from controller.cli.show.words import VERDICTS, counted, number
from controller.model.change import Condition, Notice, Verdict
from controller.model.diagnostic import Place
from controller.model.entity import Effect
from controller.spec.render import workflow_command


def plan_github(paper: Paper) -> str:
    """Nothing at all when there is nothing to say."""
    return "".join(f"{line}\n" for line in (*_errors(paper), *_warnings(paper), *_notices(paper)))


def _errors(paper: Paper) -> Iterator[str]:
    for limit in paper.plan.limits:
        yield _command("error", limit.rule, paper.places, limit.resource, limit.message, remedy(limit))
    for summary in paper.plan.resources:
        if summary.condition is Condition.PARKED:
            yield _command("error", "parked", paper.places, summary.address, f"left alone: {summary.message}", summary.hint)


def _warnings(paper: Paper) -> Iterator[str]:
    for notice in paper.warned:
        yield _command("warning", notice.code, paper.places, notice.resource, notice.message, "")
    groups: dict[tuple[str, Verdict, str, str], list[Notice]] = defaultdict(list)
    for notice in paper.left_alone:
        groups[notice.resource, notice.verdict, notice.code, notice.hint].append(notice)
    for (resource, verdict, code, hint), notices in groups.items():
        level = "notice" if verdict in (Verdict.SKIPPED, Verdict.PROTECTED) else "warning"
        one = notices[0]
        said = f"{number(len(notices))} {VERDICTS[verdict]}" if len(notices) > 1 else one.message
        place = f" ({one.place})" if len(notices) == 1 and one.place and one.place not in said else ""
        yield _command(level, code, paper.places, resource, said + place, hint)


def _notices(paper: Paper) -> Iterator[str]:
    for address, changes in paper.by_resource.items():
        counts = Counter(change.effect for change in changes)
        words = (
            f"{counted(len(changes), 'change')}; access given or widened: {number(counts[Effect.GRANTS])}, "
            f"taken or narrowed: {number(counts[Effect.REVOKES])}, not touched: {number(counts[Effect.NEUTRAL])}"
        )
        yield _command("notice", "plan", paper.places, address, words, "")
    yield workflow_command("notice", None, "plan", f"{paper.title}\ndigest {paper.digest}\n{paper.times}")


def _command(level: str, title: str, places: Mapping[str, Place], address: str, message: str, hint: str) -> str:
    said = f"{address}: {message}" if address else message
    return workflow_command(level, places.get(address), title, "\n".join(visible(line) for line in (said, hint) if line))
