"""``trueup rollback``: a saved plan that returns what a run changed. Applies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import RUN
from controller.cli.exits import Exit, first
from controller.cli.settings import scope_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.model.change import Plan


@click.command("rollback", short_help="Plan to return what a run changed.")
@click.argument("run", type=RUN)
@click.option("--out", metavar="FILE", help="Where to save the plan.  [default: rollback-RUN.json]")
@click.option("--bootstrap", is_flag=True, help="Allow it on a target whose first sync was never finished.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a rule forbids: copy the flag from the plan.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@scope_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Make a plan that returns what RUN changed to what stood there before, as far as that could be read, and save it. Nothing is
    applied: look at it, then `trueup apply FILE`.

    Who was added is removed as policy.onRemoval says, what was changed gets its old values, who was removed is made again. What
    moved since that run is left alone, and so is what cannot be read (a face). Nobody gets more than the specs of today declare,
    unless the --allow flag that the plan names is given. The specs stay as they are: a later `trueup apply` does again what they
    say.

    \b
    Examples:
      trueup rollback last
      trueup rollback 20261122-07 --target Device/front-door --out undo.json

    Exit codes: 0 fine, 1 no such run, 4 a target could not be read, 5 a rule forbids it, or a part of it.
    """
    from controller.cli.session import run_async

    return run_async(_rollback(settings_of(context), talk_of(context), given))


async def _rollback(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from pathlib import Path

    from controller.cli.session import allowances_of, opened, scope_of, view_of
    from controller.cli.show.documents import PlanDocument, encoded, summary_of
    from controller.cli.show.past.rollback_text import rollback_text
    from controller.cli.show.progress import progress
    from controller.runtime.past import rollback

    scope = scope_of(given["targets"], given["excludes"], given["only"], given["labels"])
    allow = allowances_of(given["bootstrap"], given["allow"])
    async with opened(settings, write=False) as workspace:
        with progress(talk) as report:
            plan = (await rollback(workspace, given["run"], scope, allow, report)).plan
        saved = (given["out"] or f"rollback-{plan.returns}.json") if plan.changes else ""
        if saved:
            workspace.write_plan(plan, Path(saved))
        view = view_of(settings, workspace.specs.controller.timezone)
    if given["output"] == "json":
        talk.data(encoded(PlanDocument(summary_of(plan), plan)))
        talk.say(f"saved to {saved}" if saved else "nothing to return, so nothing was saved")
    else:
        talk.data(rollback_text(plan, view, saved))
    return _exit_of(plan)


def _exit_of(plan: Plan) -> Exit:
    from controller.cli.commands.change.plan import exit_of
    from controller.engine.past.widening import REFUSED

    refused = any(notice.code == REFUSED for notice in plan.notices)
    return first(exit_of(plan, detailed=False), Exit.REFUSED if refused else Exit.FINE)
