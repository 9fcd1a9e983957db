"""``trueup events``: what happened, from the state, and with ``-f`` what happens. Asks nobody and writes nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS, RUN
from controller.cli.exits import Exit
from controller.cli.settings import label_option, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.show.layout import View
    from controller.cli.talk import Talk
    from controller.state.tables.past import EventFilter, Past

POLL = 1.0  # seconds; one indexed read of the state


@click.command("events", short_help="Show what happened, and follow it.")
@click.option("-f", "--follow", is_flag=True, help="Go on telling what happens, until Ctrl-C.")
@click.option(
    "--resource", type=ADDRESS, metavar="ADDRESS", default="", help="Only about this: Device/front-door, 'Device/*:person/1001'."
)
@label_option
@click.option("--run", type=RUN, metavar="RUN", default="", help="Only of this run; `last` is the newest.")
@click.option("--since", metavar="WHEN", default="", help="Only since then: 24h, 7d, 2026-11-22, 2026-11-22T08:00.")
@click.option("--type", "type_", metavar="TYPE", default="", help="Only of this type, or its first word: change.failed, run.")
@click.option("--level", type=click.Choice(["info", "warning", "error"]), default="info", help="Only as grave as this, or more.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most, the newest ones.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "json-lines"]), default="text",
    help="For people, for programs in one piece, or a line each.",
)  # fmt: skip
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show what happened, the newest last: runs that began and ended, changes, how resources stand.

    \b
    Examples:
      trueup events --since 24h --level warning
      trueup events -f --resource Device/front-door -o json-lines

    Exit codes: 0 fine, 130 ended by Ctrl-C or SIGTERM (with --follow).
    """
    from controller.cli.session import run_async
    from controller.model.errors import UsageError

    if given["follow"] and given["output"] == "json":
        raise UsageError("a document has an end, and --follow has none", hint="use -o json-lines: a document per line")
    return run_async(_events(settings_of(context), talk_of(context), given))


async def _events(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.commands.past.looking import looking_back
    from controller.cli.moments import since_of
    from controller.cli.session import checked_labels
    from controller.cli.show.documents import encoded
    from controller.cli.show.past.documents import EventsDocument, event_line
    from controller.engine.past.account import run_named
    from controller.state.tables.past import EventFilter

    async with looking_back(settings, talk) as (memory, view, now):
        past = memory.state.past
        run = await run_named(memory.state, given["run"]) if given["run"] else ""
        since, among = since_of(given["since"], now, view.zone), await memory.labelled(checked_labels(given["labels"]))
        chosen = EventFilter(given["resource"], since, given["type_"], run, given["level"], among)
        seen = await past.newest_event()
        found = [(seq, event) for seq, event in await past.events(chosen, given["limit"]) if seq <= seen]
        lines = tuple(event_line(seq, event) for seq, event in found)
        if given["output"] == "json":
            talk.data(encoded(EventsDocument(lines)))
            return Exit.FINE
        if not lines:
            talk.say("nothing that matches happened yet" if given["follow"] else "no event matches")
        teller = _Telling(talk, given["output"], view)
        if not teller.tell(lines) or not given["follow"]:
            return Exit.FINE
        return await _follow(past, chosen, teller, seen)


class _Telling:
    def __init__(self, talk: Talk, output: str, view: View) -> None:
        self._talk, self._lines, self._view = talk, output == "json-lines", view

    def tell(self, events: Any) -> bool:
        """Whether somebody still reads."""
        import msgspec

        from controller.cli.show.past.events_text import events_text

        if not events:
            return True
        if self._lines:
            return self._talk.data("\n".join(msgspec.json.encode(event).decode() for event in events))
        return self._talk.data(events_text(events, self._view))


async def _follow(past: Past, chosen: EventFilter, teller: _Telling, seen: int) -> Exit:
    """Ask the state again and again; it tells of all processes that work on it."""
    from controller.cli.session import asked_to_end
    from controller.cli.show.past.documents import event_line

    async with asked_to_end() as end:
        while not end.is_set():
            newest = await past.newest_event()
            if newest > seen:
                found = [pair for pair in await past.events(chosen, newest - seen, after=seen) if pair[0] <= newest]
                if not teller.tell([event_line(*pair) for pair in found]):
                    return Exit.FINE
                seen = newest
            try:
                await asyncio.wait_for(end.wait(), POLL)
            except TimeoutError:
                continue
    return Exit.CANCELLED
