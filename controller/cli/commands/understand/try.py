"""``trueup try``: what a template or a filter yields for the real records of a source. Reads the source and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.completing.words import SOURCE
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk


@click.command("try", short_help="Try a template or a filter on real records.")
@click.argument("expression")
@click.option("--from", "source", type=SOURCE, required=True, metavar="SOURCE", help="The source whose records are taken: members.")
@click.option("--limit", type=click.IntRange(0, 1000), default=3, show_default=True, help="Examples per answer.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, expression: str, source: str, limit: int, output: str) -> Exit:
    """Show what EXPRESSION, a template or a filter as it would stand in a spec, yields for the records of a source: how many it
    takes, leaves out or cannot tell, with examples and their places. Joined fields are not there. Changes nothing.

    \b
    Examples:
      trueup try "{first_name} {last_name}" --from members
      trueup try "active: true" --from members --limit 10
      trueup try "{roles: {in: ['10', '12']}}" --from members
    """
    from controller.cli.session import run_async

    return run_async(_try(settings_of(context), talk_of(context), (expression, source, limit), output))


async def _try(settings: Settings, talk: Talk, asked: tuple[str, str, int], output: str) -> Exit:
    from controller.cli.session import opened, view_of
    from controller.cli.show.documents import encoded
    from controller.cli.show.progress import progress
    from controller.cli.show.why_documents import TryDocument
    from controller.cli.show.why_text import trial_text
    from controller.engine.why.trial import read_expression
    from controller.runtime.verbs import try_out

    text, source, limit = asked
    expression = read_expression(text)
    async with opened(settings, write=False) as workspace:
        with progress(talk) as report:
            found = await try_out(workspace, source, expression, limit, report)
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(TryDocument(found)) if output == "json" else trial_text(found, view))
    return Exit.FINE
