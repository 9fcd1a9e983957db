"""``trueup status``: how every resource stands, from what is remembered. Asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.exits import Exit
from controller.cli.settings import resource_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("status", short_help="Show how every resource stands.")
@resource_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show how every resource stands, from what is remembered. Asks nobody.

    \b
    Examples:
      trueup status
      trueup status -l site=gym --exclude Device/back-door
    """
    from controller.cli.session import run_async

    return run_async(_status(settings_of(context), talk_of(context), given))


async def _status(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import opened, scope_of, view_of
    from controller.cli.show.documents import StatusDocument, encoded, status_row
    from controller.cli.show.status_text import status_text

    scope = scope_of(given["targets"], given["excludes"], (), given["labels"])
    async with opened(settings, write=False) as workspace:
        rows = tuple(status_row(status) for status in await workspace.status(scope))
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(StatusDocument(rows)) if given["output"] == "json" else status_text(rows, view))
    return Exit.FINE
