"""``trueup plan``: what differs and what would be done. Changes nothing outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS, FILE
from controller.cli.exits import Exit
from controller.cli.settings import record_options, scope_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.model.change import Plan


@click.command("plan", short_help="Show what differs and what would be done.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "markdown", "html", "junit", "github"]),
    default="text",
    help="For people, programs, comments, browsers, build servers.",
)
@click.option("--write", multiple=True, metavar="FORMAT=FILE", help="Write it in this format too; as often as wanted.")
@click.option("--out", type=FILE, metavar="FILE", help="Save exactly this plan for `trueup apply FILE`.")
@click.option("--offline", is_flag=True, help="Ask no target: plan from what is remembered. Needs no secret of a target.")
@click.option("--detailed-exitcode", is_flag=True, help="Leave with 2 when there are changes.")
@click.option("--bootstrap", is_flag=True, help="Allow the first sync of a target.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@click.option("--replace", type=ADDRESS, multiple=True, metavar="ADDRESS", help="Plan to delete this entity and make it anew.")
@click.option("--refresh-only", is_flag=True, help="Show only what somebody changed at the targets.")
@click.option("--destroy", is_flag=True, help="Plan to remove what is ours, as `trueup destroy` does.")
@scope_options
@record_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show what differs and what would be done. Changes nothing.

    Example for a pull request: trueup plan --out plan.json --write markdown=comment.md --write junit=plan.xml -o github

    Example for one person: trueup plan --where people.employee_no=1001

    --record members:900017 names the same by its key. Limits are counted over everything all the same.

    Exit codes: 0 fine, 2 changes (with --detailed-exitcode), 3 specs invalid, 4 a target could not be read, 5 a rule forbids it.
    """
    from controller.cli.session import run_async, selection_of

    selection_of(given)  # refuses what contradicts itself
    if given["refresh_only"]:
        from controller.cli.commands.change.refreshing import show_moved

        return run_async(show_moved(settings_of(context), talk_of(context), given))
    return run_async(_plan(settings_of(context), talk_of(context), given))


async def _plan(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from pathlib import Path

    from controller.cli.session import allowances_of, opened, selection_of, view_of
    from controller.cli.show.formats.paper import Paper
    from controller.cli.show.formats.writing import RENDERERS, wanted, write_file
    from controller.cli.show.progress import progress

    files = wanted(given["write"], tuple(RENDERERS))
    scope = selection_of(given)
    allow = allowances_of(given["bootstrap"], given["allow"])
    async with opened(settings, write=False) as workspace:
        with progress(talk) as report:
            planned = await workspace.plan(
                scope, allow=allow, offline=given["offline"], on_progress=report,
                replacing=given["replace"], destroy=given["destroy"],
            )  # fmt: skip
        if given["out"]:
            workspace.write_plan(planned.plan, Path(given["out"]))
        specs = workspace.specs
    places = {str(resource.address): resource.place for resource in specs.resources}
    paper = Paper(planned.plan, view_of(settings, specs.controller.timezone), places, given["out"] or "")
    for file in files:
        write_file(file.path, RENDERERS[file.format](paper))
    if shown := RENDERERS[given["output"]](paper):
        talk.data(shown)
    return exit_of(planned.plan, detailed=given["detailed_exitcode"])


def exit_of(plan: Plan, *, detailed: bool) -> Exit:
    """Forbidden by a rule, unreadable or full in part, changes to do, or fine."""
    from controller.model.change import Condition, Verdict

    if plan.limits or any(notice.code == "source-shrunk" for notice in plan.notices):
        return Exit.REFUSED  # nobody is removed on the word of a source that lost so many, until somebody allows it
    if any(resource.condition is Condition.PARKED for resource in plan.resources):
        return Exit.PARTLY
    if any(notice.verdict is Verdict.FULL for notice in plan.notices):
        return Exit.PARTLY  # somebody who may enter has no place at the target
    return Exit.CHANGES if detailed and plan.changes else Exit.FINE
