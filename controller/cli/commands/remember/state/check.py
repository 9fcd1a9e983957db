"""``trueup state check``: whether the state is whole, and what in it waits for somebody."""

from __future__ import annotations

import click

from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("check", short_help="Whether the state is whole, and what in it waits.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def check(context: click.Context, output: str) -> Exit:
    """Whether every page is whole, the key fits, all that was begun has an end, everything of ours is still declared, nobody else
    may read the files, and there is room. Reads only; each finding says what to do next.

    \b
    Example:
      trueup state check -o json

    Exit codes: 0 nothing fails (warnings are told), 1 something does.
    """
    from controller.cli.show.documents import encoded
    from controller.cli.show.upkeep.documents import CheckDocument
    from controller.cli.show.upkeep.findings_text import findings_text
    from controller.runtime.upkeep import state_findings
    from controller.state.upkeep.finding import Level, worst

    talk = talk_of(context)
    findings = tuple(state_findings(settings_of(context).options()))
    talk.data(encoded(CheckDocument(worst(findings), findings)) if output == "json" else findings_text(findings))
    return Exit.ERROR if worst(findings) is Level.FAIL else Exit.FINE
