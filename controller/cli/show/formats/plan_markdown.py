"""A plan as a comment on a pull request: at most 65,000 characters, the digest in it, long lists folded.

What comes from registers stands in code fences, or escaped: nothing in it calls somebody, links, or ends a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.cli.show.formats.fitting import Block, fitted
from controller.cli.show.formats.markup import for_fence, for_markdown
from controller.cli.show.formats.paper import Paper
from controller.cli.show.plan_end import remedy
from controller.cli.show.plan_text import change_words, group_words, grouped, head_lines, named
from controller.cli.show.words import VERDICTS, counted, number, sign
from controller.model.change import Change, Condition, Notice, ResourcePlan
from controller.model.entity import Effect

ROOM = 65_000  # GitHub takes 65,536
_FOLDED = ("</details>",)


def plan_markdown(paper: Paper, room: int = ROOM) -> str:
    return fitted(list(_head(paper)), list(_blocks(paper)), lambda left: _tail(paper, left), room)


def _head(paper: Paper) -> Iterator[str]:
    yield f"## trueup: {paper.title}"
    yield ""
    about = [line.strip() for line in list(head_lines(paper.plan))[1:]]
    yield from (f"{for_markdown(line)}<br>" for line in about[:12])
    yield f"digest: `{paper.digest}`<br>"
    yield for_markdown(paper.times)
    if paper.plan.offline:
        yield ""
        yield "Planned without asking anybody; it cannot be applied."
    if paper.command and len(paper.command) < 2_000:
        yield from ("", "To do exactly this:", "", "```sh", for_fence(paper.command, 2_000), "```")


def _blocks(paper: Paper) -> Iterator[Block]:
    if paper.plan.limits:
        opening = ("", f"### Not allowed as it is ({counted(len(paper.plan.limits), 'rule')})", "")
        told = [f"- {for_markdown(f'{x.resource}: {x.message}')}<br>{for_markdown(remedy(x))}" for x in paper.plan.limits]
        yield Block(told, opening)
    if paper.warned:
        told = [f"- {for_markdown(f'{notice.resource}: {notice.message}')}" for notice in paper.warned]
        yield Block(told, ("", "### Rules that warn", ""))
    rows = [_row(summary, paper.by_resource.get(summary.address, [])) for summary in paper.plan.resources]
    if rows:
        yield Block(rows, ("", "| resource | access given | taken | not touched | |", "|---|--:|--:|--:|---|"))
    for summary in paper.plan.resources:
        if changes := paper.by_resource.get(summary.address):
            yield _changes(summary, changes)
    if paper.left_alone:
        yield _notices(paper.left_alone)


def _row(summary: ResourcePlan, changes: Sequence[Change]) -> str:
    counts = Counter(change.effect for change in changes)
    cells = [number(counts[effect]) if counts[effect] else "" for effect in (Effect.GRANTS, Effect.REVOKES, Effect.NEUTRAL)]
    said = f"left alone: {summary.message}" if summary.condition is Condition.PARKED else summary.message
    if not said and not changes:
        said = f"nothing to do: {number(summary.unchanged)} as declared"
    return f"| {for_markdown(summary.address, 120)} | {' | '.join(cells)} | {for_markdown(said)} |"


def _changes(summary: ResourcePlan, changes: Sequence[Change]) -> Block:
    words = f"{for_markdown(summary.address)}: {counted(len(changes), 'change')}"
    opening = ("", f"<details><summary>{words}</summary>", "", "```diff")
    return Block([for_fence(line) for line in _change_lines(changes)], opening, ("```", "", *_FOLDED))


def _change_lines(changes: Sequence[Change]) -> Iterator[str]:
    for group, members in grouped(changes):
        mark = sign(group[0], group[1])
        yield f"# {group_words(group, len(members))}"
        for change in members:
            yield f"{mark} {named(change.kind, change.key, change.label, change.subject)}"
            yield from (f"{mark}     {words}" for words in change_words(change))


def _notices(notices: Sequence[Notice]) -> Block:
    counts = Counter(VERDICTS[notice.verdict] for notice in notices)
    summed = ", ".join(f"{number(count)} {words}" for words, count in counts.items())
    opening = ("", f"<details><summary>Left alone: {for_markdown(summed)}</summary>", "", "```text")
    lines = [for_fence(f"{notice.resource}: {notice.message}".removeprefix(": ")) for notice in notices]
    return Block(lines, opening, ("```", "", *_FOLDED))


def _tail(paper: Paper, left: int) -> Sequence[str]:
    return (
        "",
        f"**Cut here: {counted(left, 'line')} more.** A comment holds no more than this; the digest above is of the whole plan. "
        "`trueup plan --verbose` shows all of it, and so does `--write html=plan.html`.",
    )
