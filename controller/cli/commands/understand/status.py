"""``trueup status``: how every resource stands, from what is remembered. Asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("status", short_help="Show how every resource stands.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, output: str) -> Exit:
    """Show how every resource stands, from what is remembered. Asks nobody."""
    from controller.cli.session import run_async

    return run_async(_status(settings_of(context), talk_of(context), output))


async def _status(settings: Settings, talk: Talk, output: str) -> Exit:
    from controller.cli.session import opened, view_of
    from controller.cli.show.documents import StatusDocument, encoded, status_row
    from controller.cli.show.status_text import status_text

    async with opened(settings, write=False) as workspace:
        rows = tuple(status_row(status) for status in await workspace.status())
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(StatusDocument(rows)) if output == "json" else status_text(rows, view))
    return Exit.FINE
