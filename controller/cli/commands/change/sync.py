"""``trueup sync``: plan and apply of one or more resources in one word."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.completing.words import RESOURCE
from controller.cli.exits import Exit
from controller.cli.settings import label_option, lease_option, settings_of
from controller.cli.talk import talk_of

SOURCE = "Source/"


@click.command("sync", short_help="Make one resource true now, without asking.")
@click.argument("resources", type=RESOURCE, nargs=-1, metavar="[RESOURCE...]")
@click.option("--with-source", is_flag=True, expose_value=False, help="Read the sources anew first, which is always done.")
@click.option("--bootstrap", is_flag=True, help="Allow the first sync of targets that are not empty.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@label_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Read the sources anew, plan RESOURCE (Device/front-door, 'Device/*') and apply it, without asking: `apply --auto-approve
    --target RESOURCE` in one word. Limits and rules hold; what they forbid is not done.

    With a source (Source/members) everything that it feeds is brought into order.

    \b
    Examples:
      trueup sync Device/front-door
      trueup sync Source/members
      trueup sync --label site=gym

    Exit codes: 0 done, 4 partly done, 5 a rule forbids it, 130 cancelled.
    """
    from controller.cli.commands.change.apply import apply_with
    from controller.model.errors import UsageError

    resources = given.pop("resources")
    if not (resources or given["labels"]):
        raise UsageError("say what is to be synced", hint="name a resource, 'Device/*' for all of them, or a --label")
    sources = tuple(text for text in resources if text.startswith(SOURCE))
    given["targets"] = tuple(text for text in resources if text not in sources)
    return apply_with(settings_of(context), talk_of(context), given | {"auto_approve": True, "feeding": sources})
