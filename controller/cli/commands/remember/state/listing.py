"""``trueup state list``: what is ours where. Never a value, a secret or a fingerprint."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.completing.words import ADDRESS, KIND
from controller.cli.exits import Exit
from controller.cli.settings import Settings, label_option, settings_of
from controller.cli.talk import Talk, talk_of


@click.command("list", short_help="What is ours, and where.")
@click.argument("address", type=ADDRESS, required=False, default="")
@label_option
@click.option("--status", type=click.Choice(["owned", "pending", "barred"]), help="Only entities that stand so.")
@click.option("--only", type=KIND, metavar="KIND", default="", help="Only entities of this kind: person, card.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def list_(context: click.Context, /, **given: Any) -> Exit:
    """What is ours on each resource, from what is remembered: no target is asked. With an ADDRESS (Device/front-door, or
    'Device/*:person/10*'; * stands for anything) or a filter, entity by entity: remote id, status, the records it was made from.

    Card numbers stand as tokens, as everywhere.

    \b
    Examples:
      trueup state list
      trueup state list Device/front-door --status pending
    """
    from controller.cli.session import run_async

    return run_async(_list(settings_of(context), talk_of(context), given))


async def _list(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import checked_labels
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import View
    from controller.cli.show.upkeep.documents import HoldingsDocument
    from controller.cli.show.upkeep.state_text import held_text, holdings_text
    from controller.runtime.past import open_memory
    from controller.state.upkeep.holdings import held, holdings, must_be_known, rows_of

    address, status, kind, output = given["address"], given["status"] or "", given["only"], given["output"]
    async with open_memory(settings.options()) as memory:
        state, among = memory.state, await memory.labelled(checked_labels(given["labels"]))
        if address:
            await must_be_known(state, address)
        resources = [one for one in await holdings(state, address.partition(":")[0]) if among is None or one.address in among]
        rows = await rows_of(state, address or "*") if address or status or kind else []
        rows = [row for row in rows if among is None or row.resource in among]
    entities = [one for row, one in zip(rows, held(rows), strict=True) if kind in ("", row.kind) and status in ("", one.status)]
    view = View(whole=settings.verbose, given=settings.given)
    if output == "json":
        talk.data(encoded(HoldingsDocument(tuple(resources), tuple(entities))))
    elif address or status or kind:
        talk.data(held_text(entities, view))
    elif resources:
        talk.data(holdings_text(resources, view))
    else:
        talk.say(f"nothing is remembered yet; to begin: {view.command('plan')}")
    return Exit.FINE
