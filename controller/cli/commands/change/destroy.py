"""``trueup destroy``: removes what we own, and nothing else, within the same limits and rules as every apply."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.completing.words import TARGET
from controller.cli.exits import Exit
from controller.cli.settings import lease_option, scope_options, settings_of
from controller.cli.talk import talk_of


@click.command("destroy", short_help="Remove what trueup owns, after showing it.")
@click.argument("resources", type=TARGET, nargs=-1, metavar="[RESOURCE...]")
@click.option("--all", "everything", is_flag=True, help="Everything that is ours, at every target.")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@scope_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Remove what trueup owns on RESOURCE (Device/front-door, 'Device/*'), or what --target, --label and --only select.

    Shows the plan and asks. Limits, budgets, protections and administrators hold as in every apply, so a whole door needs the
    --allow flag that the plan names. What others made stays. Who is managed in part only (manage: [valid]) is barred, not deleted.
    The specs are not changed: the next apply would make all of it again. `trueup plan --destroy` shows it without doing it.

    \b
    Example:
      trueup destroy Device/old-door --allow revoke:Device/old-door=40

    Exit codes: 0 done, 4 partly done, 5 a rule forbids it, 130 cancelled.
    """
    from controller.cli.commands.change.apply import apply_with
    from controller.model.errors import UsageError

    resources, everything = given.pop("resources"), given.pop("everything")
    given["targets"] = (*given["targets"], *resources)
    if bool(given["targets"] or given["labels"]) is everything:
        raise UsageError("say what is to be destroyed", hint="name a resource, a --target or a --label, or else say --all")
    return apply_with(settings_of(context), talk_of(context), given | {"destroy": True})
