"""A rollback as people read it: the plan, what it leaves alone, and what they must know before they apply it."""

from __future__ import annotations

from collections.abc import Iterator

from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.plan_end import again, flags, zone_words
from controller.cli.show.plan_text import question_text
from controller.cli.show.words import moment
from controller.engine.past.widening import REFUSED
from controller.model.change import Plan


def rollback_text(plan: Plan, view: View = STANDARD, saved: str = "") -> str:
    return "\n".join([question_text(plan, view), "", *_closing_lines(plan, view, saved)])


def _closing_lines(plan: Plan, view: View, saved: str) -> Iterator[str]:
    asked = [notice.hint for notice in plan.notices if notice.code == REFUSED]
    wanted = [flags(plan.limits), *dict.fromkeys(hint.rpartition(", add ")[2] for hint in asked)]
    if any(wanted):
        yield "A rule stands against a part of it. If that part is right too:"
        yield f"  {view.command(again('rollback ' + plan.returns, plan, *filter(None, wanted)))}"
    if not plan.changes:
        yield "Nothing to apply: nothing of what that run did can be returned, or all of it is as it was."
        return
    yield "Nothing was done yet."
    yield f"Saved to {saved}; holds until {moment(plan.expires, view.zone)}{zone_words(view)}."
    yield "To do exactly this:"
    yield f"  {view.command('apply ' + saved)}"
    yield from wrapped("Put specs and sources right before the next apply, or it does again what they say.", 0)
