"""``trueup state forget``: trueup lets go of a resource or of entities; the target is not touched."""

from __future__ import annotations

import click

from controller.cli.completing.words import ADDRESS
from controller.cli.exits import Exit
from controller.cli.settings import Settings, lease_option, settings_of
from controller.cli.talk import Talk, talk_of


@click.command("forget", short_help="Let go of a resource or an entity; the target stays.")
@click.argument("address", type=ADDRESS)
@click.option("--with-protections", is_flag=True, help="Release what is protected there, too.")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@click.pass_context
def forget(context: click.Context, address: str, with_protections: bool, auto_approve: bool, output: str, wait: float) -> Exit:
    """Let go of ADDRESS: a resource with all that is ours there, or entities; * stands for anything, so quote it. Nothing is sent
    to a target. Shows what it would forget and asks. Protections stay unless you say otherwise.

    For a device that is gone, or people who are from now on looked after by hand. To have something removed from a device instead,
    take it out of the specs, or use `trueup destroy`.

    \b
    Examples:
      trueup state forget Device/old-door
      trueup state forget 'Device/front-door:*/1001'
    """
    from controller.cli.session import must_be_able_to_ask, run_async

    if not auto_approve:
        must_be_able_to_ask()
    how = (with_protections, auto_approve, output)
    return run_async(_forget(settings_of(context), talk_of(context), address, how, wait))


async def _forget(settings: Settings, talk: Talk, address: str, how: tuple[bool, bool, str], wait: float) -> Exit:
    from controller.cli.session import ask
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import View
    from controller.cli.show.upkeep.documents import ForgetDocument
    from controller.cli.show.upkeep.state_text import farewell_text
    from controller.cli.show.words import counted
    from controller.engine.steer.forgetting import farewell
    from controller.engine.steer.forgetting import forget as carry_out
    from controller.runtime.upkeep import open_existing
    from controller.state.upkeep.holdings import address_of, held

    protections, approved, output = how
    view = View(whole=settings.verbose, given=settings.given)
    async with open_existing(settings.options()) as state:
        meant = await farewell(state, address)
        talk.say(farewell_text(meant, view, protections=protections))
        if not approved:
            ask("Forget this?")
        count = await carry_out(state, meant, protections=protections, wait=wait)
    kept = 0 if protections else meant.protections
    if output == "json":
        left = tuple(str(address_of(row)) for row in meant.left)
        talk.data(encoded(ForgetDocument(tuple(held(meant.rows)), meant.resources, left, meant.open, kept)))
    talk.say(f"forgot {counted(count, 'entry', 'entries')}; to see what that means: {view.command('plan')}")
    return Exit.FINE
