"""``trueup drift``: what somebody changed at the targets since trueup wrote there. Holds readers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.exits import Exit
from controller.cli.settings import scope_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("drift", short_help="Show what somebody changed at the targets.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@scope_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show what somebody changed at the targets since trueup wrote there. Changes nothing.

    Example: trueup drift --target Device/front-door

    Exit codes: 0 no drift, 2 drift, 4 a target could not be read.
    """
    from controller.cli.session import run_async

    return run_async(_drift(settings_of(context), talk_of(context), given))


async def _drift(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from msgspec.structs import replace

    from controller.cli.session import opened, scope_of, view_of
    from controller.cli.show.documents import DriftDocument, encoded, summary_of
    from controller.cli.show.plan_text import drift_text
    from controller.cli.show.progress import progress
    from controller.model.change import Condition

    scope = scope_of(given["targets"], given["excludes"], given["only"], given["labels"])
    async with opened(settings, write=False) as workspace:
        with progress(talk) as report:
            planned = await workspace.drift(scope, on_progress=report)
        view = view_of(settings, workspace.specs.controller.timezone)
    plan = replace(planned.plan, changes=tuple(change for change in planned.plan.changes if change.drift), limits=())
    talk.data(encoded(DriftDocument(summary_of(plan), plan)) if given["output"] == "json" else drift_text(plan, view))
    if any(resource.condition is Condition.PARKED for resource in plan.resources):
        return Exit.PARTLY
    return Exit.CHANGES if plan.changes else Exit.FINE
