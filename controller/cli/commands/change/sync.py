"""``trueup sync``: plan and apply of one or more resources in one word."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.completing.words import TARGET
from controller.cli.exits import Exit
from controller.cli.settings import lease_option, settings_of
from controller.cli.talk import talk_of


@click.command("sync", short_help="Make one resource true now, without asking.")
@click.argument("resources", type=TARGET, nargs=-1, metavar="RESOURCE...", required=True)
@click.option("--bootstrap", is_flag=True, help="Allow the first sync of targets that are not empty.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Read the sources anew, plan RESOURCE (Device/front-door, 'Device/*') and apply it, without asking: `apply --auto-approve
    --target RESOURCE` in one word. Limits and rules hold; what they forbid is not done.

    \b
    Example:
      trueup sync Device/front-door

    Exit codes: 0 done, 4 partly done, 5 a rule forbids it, 130 cancelled.
    """
    from controller.cli.commands.change.apply import apply_with

    given["targets"] = given.pop("resources")
    return apply_with(settings_of(context), talk_of(context), given | {"auto_approve": True})
