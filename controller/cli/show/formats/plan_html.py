"""A plan as one page that needs nothing else: no script, nothing from the network, folded, readable on a phone.

Well-formed as XML too, so that a machine can check it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from controller.cli.show.formats.markup import for_html
from controller.cli.show.formats.paper import Paper
from controller.cli.show.plan_end import remedy
from controller.cli.show.plan_text import change_words, group_words, grouped, head_lines, named
from controller.cli.show.words import VERDICTS, counted, number, sign
from controller.model.change import Change, Condition, Notice, ResourcePlan

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.3rem}h2{font-size:1.1rem;margin-top:1.5rem}
p{margin:.3rem 0}ul{list-style:none;padding-left:0;margin:.3rem 0}
details{border:1px solid #8886;border-radius:.4rem;margin:.5rem 0;padding:.4rem .7rem}
details details{border:0;padding:.2rem 0 .2rem .7rem}
summary{cursor:pointer}code{font-size:.85em}
.quiet{opacity:.75}.stop{border-left:.3rem solid #c33;padding-left:.6rem}.warn{border-left:.3rem solid #c80;padding-left:.6rem}
.c{font-weight:600}.f{display:block;padding-left:1.2rem;opacity:.85}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def plan_html(paper: Paper) -> str:
    return "\n".join([*_top(paper), *_rules(paper), *_resources(paper), *_left_alone(paper.left_alone), "</body>", "</html>", ""])


def _top(paper: Paper) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8"/>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield '<meta name="robots" content="noindex"/>'
    yield f"<title>trueup plan: {for_html(paper.title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield f"<h1>trueup plan: {for_html(paper.title)}</h1>"
    for line in list(head_lines(paper.plan))[1:]:
        yield f"<p>{for_html(line.strip())}</p>"
    yield f'<p class="quiet">{for_html(paper.times)}</p>'
    yield f'<p class="quiet">digest <code>{paper.digest}</code></p>'
    if paper.plan.offline:
        yield '<p class="warn">Planned without asking anybody; it cannot be applied.</p>'
    if paper.command:
        yield f"<p>To do exactly this: <code>{for_html(paper.command)}</code></p>"


def _rules(paper: Paper) -> Iterator[str]:
    if paper.plan.limits:
        yield f"<h2>Not allowed as it is ({counted(len(paper.plan.limits), 'rule')})</h2>"
        for limit in paper.plan.limits:
            yield f'<p class="stop">{for_html(limit.resource)}: {for_html(limit.message)}<br/>{for_html(remedy(limit))}</p>'
    if paper.warned:
        yield "<h2>Rules that warn</h2>"
        for notice in paper.warned:
            yield f'<p class="warn">{for_html(notice.resource)}: {for_html(notice.message)}</p>'


def _resources(paper: Paper) -> Iterator[str]:
    yield "<h2>Resources</h2>"
    for summary in paper.plan.resources:
        yield from _resource(summary, paper.by_resource.get(summary.address, []))


def _resource(summary: ResourcePlan, changes: Sequence[Change]) -> Iterator[str]:
    who = ", ".join(part for part in (summary.model, summary.identity and f"serial {summary.identity}", summary.target) if part)
    parked = summary.condition is Condition.PARKED
    state = "left alone" if parked else counted(len(changes), "change") if changes else "nothing to do"
    yield "<details>"
    yield f'<summary><span class="c">{for_html(summary.address)}</span>: {state}</summary>'
    if who:
        yield f'<p class="quiet">{for_html(who)}</p>'
    if summary.message:
        yield f'<p class="{"stop" if parked else "quiet"}">{for_html(summary.message)}<br/>{for_html(summary.hint)}</p>'
    if not parked:
        there = f"{number(summary.actual)} there, {number(summary.desired)} declared, {number(summary.unchanged)} as declared"
        yield f'<p class="quiet">{there}</p>'
    for group, members in grouped(changes):
        yield from _folded(group_words(group, len(members)), (_change(change, sign(group[0], group[1])) for change in members))
    yield "</details>"


def _change(change: Change, mark: str) -> str:
    head = f"{mark} {for_html(named(change.kind, change.key, change.label, change.subject))}"
    fields = [f'<span class="f">{for_html(words)}</span>' for words in change_words(change)]
    return f"<li>{head}{''.join(fields)}</li>"


def _left_alone(notices: Sequence[Notice]) -> Iterator[str]:
    if not notices:
        return
    yield "<h2>Left alone</h2>"
    counts = Counter(notice.verdict for notice in notices)
    for verdict, count in counts.items():
        told = (f"<li>{for_html(_said(notice))}</li>" for notice in notices if notice.verdict is verdict)
        yield from _folded(f"{number(count)} {VERDICTS[verdict]}", told)


def _said(notice: Notice) -> str:
    where = f"{notice.resource}: " if notice.resource else ""
    place = f" ({notice.place})" if notice.place and notice.place not in notice.message else ""
    return f"{where}{notice.message}{place}"


def _folded(summary: str, items: Iterable[str]) -> Iterator[str]:
    yield f"<details><summary>{for_html(summary)}</summary><ul>"
    yield from items
    yield "</ul></details>"
