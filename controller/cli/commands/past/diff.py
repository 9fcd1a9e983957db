"""``trueup diff``: in what two runs, or saved plans, differ. Asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.completing.words import RUN_OR_PLAN
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.engine.past.differing import Deeds
    from controller.runtime.past import Memory


@click.command("diff", short_help="Show in what two runs differ.")
@click.argument("one", type=RUN_OR_PLAN, metavar="RUN1|PLANFILE")
@click.argument("two", type=RUN_OR_PLAN, metavar="RUN2|PLANFILE")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, one: str, two: str, output: str) -> Exit:
    """Show in what two runs differ, entity by entity: what each did, how it ended, what it wrote.

    A run is named as in `trueup show`. A saved plan in place of a run is what would be done.

    \b
    Examples:
      trueup diff 20261121-22 last
      trueup diff yesterday.json today.json
    """
    from controller.cli.session import run_async

    return run_async(_diff(settings_of(context), talk_of(context), (one, two), output))


async def _diff(settings: Settings, talk: Talk, names: tuple[str, str], output: str) -> Exit:
    from controller.cli.commands.past.looking import looking_back
    from controller.cli.show.documents import encoded
    from controller.cli.show.past.diff_text import diff_text
    from controller.cli.show.past.documents import diff_document
    from controller.engine.past.differing import compare

    async with looking_back(settings, talk) as (memory, view, _):
        (one, first), (two, second) = [await _side(settings, memory, name) for name in names]
    document = diff_document(one, two, compare(first, second))
    talk.data(encoded(document) if output == "json" else diff_text(document, view))
    return Exit.FINE


async def _side(settings: Settings, memory: Memory, name: str) -> tuple[str, Deeds]:
    from pathlib import Path

    from controller.engine.past.account import account
    from controller.engine.past.differing import of_plan, of_run
    from controller.runtime.past import is_plan_file, read_plan_file

    if is_plan_file(name):
        return name, of_plan(read_plan_file(settings.options(), Path(name)).plan)
    found = await account(memory.state, name)
    return found.row.run, of_run(found)
