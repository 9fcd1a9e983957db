"""``trueup plan``: what differs and what would be done. Changes nothing outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.exits import Exit
from controller.cli.settings import scope_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.model.change import Plan


@click.command("plan", short_help="Show what differs and what would be done.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.option("--out", metavar="FILE", help="Save exactly this plan for `trueup apply FILE`.")
@click.option("--offline", is_flag=True, help="Ask no target: plan from what is remembered. Needs no secret of a target.")
@click.option("--detailed-exitcode", is_flag=True, help="Leave with 2 when there are changes.")
@click.option("--bootstrap", is_flag=True, help="Allow the first sync of a target.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@scope_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show what differs and what would be done. Changes nothing.

    Exit codes: 0 fine, 2 changes (with --detailed-exitcode), 3 specs invalid, 4 a target could not be read, 5 a rule forbids it.
    """
    from controller.cli.session import run_async

    return run_async(_plan(settings_of(context), talk_of(context), given))


async def _plan(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from pathlib import Path

    from controller.cli.session import allowances_of, opened, scope_of, view_of
    from controller.cli.show.documents import PlanDocument, encoded, summary_of
    from controller.cli.show.plan_text import plan_text
    from controller.cli.show.progress import progress

    scope = scope_of(given["targets"], given["excludes"], given["only"], given["labels"])
    allow = allowances_of(given["bootstrap"], given["allow"])
    async with opened(settings, write=False) as workspace:
        with progress(talk) as report:
            planned = await workspace.plan(scope, allow=allow, offline=given["offline"], on_progress=report)
        if given["out"]:
            workspace.write_plan(planned.plan, Path(given["out"]))
        view = view_of(settings, workspace.specs.controller.timezone)
    plan = planned.plan
    if given["output"] == "json":
        talk.data(encoded(PlanDocument(summary_of(plan), plan)))
    else:
        talk.data(plan_text(plan, view, saved=given["out"] or ""))
    return exit_of(plan, detailed=given["detailed_exitcode"])


def exit_of(plan: Plan, *, detailed: bool) -> Exit:
    """Forbidden by a rule, unreadable or full in part, changes to do, or fine."""
    from controller.model.change import Condition, Verdict

    if plan.limits:
        return Exit.REFUSED
    if any(resource.condition is Condition.PARKED for resource in plan.resources):
        return Exit.PARTLY
    if any(notice.verdict is Verdict.FULL for notice in plan.notices):
        return Exit.PARTLY  # somebody who may enter has no place at the target
    return Exit.CHANGES if detailed and plan.changes else Exit.FINE
