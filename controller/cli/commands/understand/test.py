"""``trueup test``: who answers, may we, is the clock right, how full is it. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("test", short_help="Ask resources who they are and whether we may.")
@click.argument("resources", nargs=-1, metavar="[RESOURCE...]")
@click.option("-l", "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Only resources with this label.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, resources: tuple[str, ...], labels: tuple[str, ...], output: str) -> Exit:
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

    return run_async(_test(settings_of(context), talk_of(context), (resources, labels), output))


async def _test(settings: Settings, talk: Talk, selected: tuple[tuple[str, ...], tuple[str, ...]], output: str) -> Exit:
    from controller.cli.session import opened, scope_of, view_of
    from controller.cli.show.answers_text import answers_text
    from controller.cli.show.documents import AnswersDocument, answer_row, encoded

    resources, labels = selected
    scope_of(resources, (), (), labels)  # refuses labels that are none
    async with opened(settings, write=False) as workspace:
        rows = tuple(answer_row(result) for result in await workspace.test(resources, labels))
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(AnswersDocument(rows)) if output == "json" else answers_text(rows, view))
    return Exit.FINE if all(row.ok for row in rows) else Exit.PARTLY
