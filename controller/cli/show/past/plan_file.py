"""A saved plan, shown as when it was made, with how long it holds and what stands against applying it now."""

from __future__ import annotations

from collections.abc import Iterator

from controller.cli.show.layout import View, wrapped
from controller.cli.show.plan_end import zone_words
from controller.cli.show.plan_text import question_text
from controller.cli.show.words import moment
from controller.runtime.past import PlanFile


def plan_file_text(found: PlanFile, name: str, view: View) -> str:
    return "\n".join([question_text(found.plan, view), *_end_lines(found, name, view)])


def _end_lines(found: PlanFile, name: str, view: View) -> Iterator[str]:
    plan = found.plan
    yield ""
    holds = "holds until" if not found.expired else "expired at"
    yield f"Planned {moment(plan.made, view.zone)}, {holds} {moment(plan.expires, view.zone)}{zone_words(view)}."
    if found.unfit:
        yield from wrapped(f"It cannot be applied any more: {found.unfit}", 0, hang=2, sign="! ")
    elif plan.changes and not plan.offline:
        yield f"To do exactly this: {view.command('apply ' + name)}"
