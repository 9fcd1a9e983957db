"""``trueup validate``: every problem of the specs at once. Connects nowhere and needs no secret."""

from __future__ import annotations

import click

from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("validate", short_help="Check the specs; shows every problem at once.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "github"]), default="text", help="For people, programs, or CI.")
@click.pass_context
def command(context: click.Context, output: str) -> Exit:
    """Check the specs: every problem with its file, line and column. Connects nowhere and needs no secret.

    Example in a pipeline: trueup validate -o github
    """
    from pathlib import Path

    from controller.cli.show.layout import width
    from controller.cli.show.words import counted
    from controller.spec.load import check_specs
    from controller.spec.render import RENDERERS, render_text

    talk = talk_of(context)
    settings = settings_of(context)
    specs, diagnostics = check_specs([Path(path) for path in settings.specs], vars_files=settings.values())
    if output == "text":
        shown = render_text(diagnostics, colour=talk.colour, width=width())
    else:
        shown = RENDERERS[output](diagnostics)
    if shown:
        talk.data(shown)
    if specs is not None and output == "text":
        per_record = f", {counted(len(specs.generators), 'document')} with forEach" if specs.generators else ""
        talk.say(f"valid: {counted(len(specs.resources), 'resource')}{per_record} in {counted(len(specs.files), 'file')}")
    return Exit.FINE if specs is not None else Exit.SPEC_INVALID
