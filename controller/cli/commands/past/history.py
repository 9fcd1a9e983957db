"""``trueup history``: the runs there were, from what is remembered. Asks nobody and works while the specs are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS
from controller.cli.exits import Exit
from controller.cli.settings import label_option, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk

RESULTS = ("success", "partial", "skipped", "failed", "parked", "fatal", "cancelled", "interrupted", "running")


@click.command("history", short_help="List the runs there were.")
@click.option(
    "--resource",
    type=ADDRESS,
    metavar="ADDRESS",
    default="",
    help="Only runs about this: Device/front-door, 'Device/*:person/1001'.",
)
@label_option
@click.option("--since", metavar="WHEN", default="", help="Only runs since then: 24h, 7d, 2026-11-22, 2026-11-22T08:00.")
@click.option("--result", type=click.Choice(RESULTS), metavar="RESULT", help=f"Only runs that ended so: {', '.join(RESULTS)}.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most, the newest first.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """List the runs there were, the newest first: when, how long, how they ended, how much of what at which resource.

    \b
    Examples:
      trueup history --since 7d --result partial
      trueup history --resource Device/front-door:person/1001
    """
    from controller.cli.session import run_async

    return run_async(_history(settings_of(context), talk_of(context), given))


async def _history(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.commands.past.looking import looking_back
    from controller.cli.moments import since_of
    from controller.cli.session import checked_labels
    from controller.cli.show.documents import encoded
    from controller.cli.show.past.documents import HistoryDocument, run_line
    from controller.cli.show.past.history_text import history_text
    from controller.state.tables.past import RunFilter

    async with looking_back(settings, talk) as (memory, view, now):
        among = await memory.labelled(checked_labels(given["labels"]))
        chosen = RunFilter(given["resource"], since_of(given["since"], now, view.zone), given["result"] or "", among)
        rows = await memory.state.past.runs(chosen, given["limit"] + 1)
        shown = rows[: given["limit"]]
        counts = await memory.state.past.counts([row.run for row in shown])
    lines = tuple(run_line(row, counts.get(row.run, {})) for row in shown)
    document = HistoryDocument(lines, more=len(rows) > len(shown))
    talk.data(encoded(document) if given["output"] == "json" else history_text(document, view))
    return Exit.FINE
