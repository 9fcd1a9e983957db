"""``trueup state list``: what is ours where. Never a value, a secret or a fingerprint."""

from __future__ import annotations

import click

from controller.cli.completing.words import ADDRESS, KIND
from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import Talk, talk_of


@click.command("list", short_help="What is ours, and where.")
@click.argument("address", type=ADDRESS, required=False, default="")
@click.option("--status", type=click.Choice(["owned", "pending", "barred"]), help="Only entities that stand so.")
@click.option("--only", type=KIND, metavar="KIND", default="", help="Only entities of this kind: person, card.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def list_(context: click.Context, address: str, status: str | None, only: str, output: str) -> Exit:
    """What is ours on each resource, from what is remembered: no target is asked. With an ADDRESS (Device/front-door, or
    'Device/*:person/10*'; * stands for anything) or a filter, entity by entity: remote id, status, the records it was made from.

    Card numbers stand as tokens, as everywhere.

    \b
    Examples:
      trueup state list
      trueup state list Device/front-door --status pending
    """
    from controller.cli.session import run_async

    return run_async(_list(settings_of(context), talk_of(context), address, (status or "", only), output))


async def _list(settings: Settings, talk: Talk, address: str, chosen: tuple[str, str], output: str) -> Exit:
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import View
    from controller.cli.show.upkeep.documents import HoldingsDocument
    from controller.cli.show.upkeep.state_text import held_text, holdings_text
    from controller.runtime.upkeep import open_to_look
    from controller.state.upkeep.holdings import held, holdings, must_be_known, rows_of

    status, kind = chosen
    async with open_to_look(settings.options()) as state:
        if address:
            await must_be_known(state, address)
        resources = await holdings(state, address.partition(":")[0])
        rows = await rows_of(state, address or "*") if address or status or kind else []
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
