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
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, resources: tuple[str, ...], output: str) -> Exit:
    """Ask each RESOURCE (Device/front-door, 'Device/*'; default: all) who it is: serial number, password, clock, capacity.

    Credentials are tried once; terminals lock those who guess.
    """
    from controller.cli.session import run_async

    return run_async(_test(settings_of(context), talk_of(context), resources, output))


async def _test(settings: Settings, talk: Talk, resources: tuple[str, ...], output: str) -> Exit:
    from controller.cli.session import opened, view_of
    from controller.cli.show.answers_text import answers_text
    from controller.cli.show.documents import AnswersDocument, answer_row, encoded

    async with opened(settings, write=False) as workspace:
        rows = tuple(answer_row(result) for result in await workspace.test(resources))
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(AnswersDocument(rows)) if output == "json" else answers_text(rows, view))
    return Exit.FINE if all(row.ok for row in rows) else Exit.PARTLY
