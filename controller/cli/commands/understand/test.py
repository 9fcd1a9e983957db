"""``trueup test``: who answers, may we, is the clock right, how full is it. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import RESOURCE
from controller.cli.exits import Exit
from controller.cli.settings import resource_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("test", short_help="Ask resources who they are and whether we may.")
@click.argument("resources", type=RESOURCE, nargs=-1, metavar="[RESOURCE...]")
@resource_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Ask each RESOURCE (Device/front-door, 'Device/*'; default: all) who it is: model, firmware, serial number, clock, how full it
    is, what the account may do, how quickly it answers. Many are asked side by side.

    Credentials are tried once; terminals lock those who guess. Whether the account may write is only known once it writes.

    \b
    Examples:
      trueup test Device/front-door
      trueup test -l site=gym -o json

    Exit codes: 0 all answered as they should, 4 one did not.
    """
    from controller.cli.session import run_async

    return run_async(_test(settings_of(context), talk_of(context), given))


async def _test(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import opened, scope_of, view_of
    from controller.cli.show.answers_text import answers_text
    from controller.cli.show.documents import AnswersDocument, answer_row, encoded

    scope = scope_of((*given["resources"], *given["targets"]), given["excludes"], (), given["labels"])
    async with opened(settings, write=False) as workspace:
        rows = tuple(answer_row(result) for result in await workspace.test(scope))
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(AnswersDocument(rows)) if given["output"] == "json" else answers_text(rows, view))
    return Exit.FINE if all(row.ok for row in rows) else Exit.PARTLY
