"""``trueup state mv``: what is remembered goes on under another name."""

from __future__ import annotations

import click

from controller.cli.completing.words import ADDRESS
from controller.cli.exits import Exit
from controller.cli.settings import Settings, lease_option, settings_of
from controller.cli.talk import Talk, talk_of


@click.command("mv")
@click.argument("old", type=ADDRESS)
@click.argument("new", type=ADDRESS)
@lease_option
@click.pass_context
def mv(context: click.Context, old: str, new: str, wait: float) -> Exit:
    """Rename OLD to NEW in what is remembered: a resource (after it was renamed in the specs), or an entity (after its key was
    changed at the target by hand). Serial number, budgets, protections and what we own go on under the new name.

    \b
    Examples:
      trueup state mv Device/front-door Device/main-entrance
      trueup state mv Device/front-door:person/1001 Device/front-door:person/2001
    """
    from controller.cli.session import run_async

    return run_async(_mv(settings_of(context), talk_of(context), (old, new), wait))


async def _mv(settings: Settings, talk: Talk, names: tuple[str, str], wait: float) -> Exit:
    from controller.cli.session import opened_state, view_of
    from controller.cli.show.words import counted
    from controller.engine.steer.moving import move

    old, new = names
    async with opened_state(settings) as state:
        count = await move(state, old, new, wait=wait)
    talk.say(f"{old} is now {new}: {counted(count, 'entry', 'entries')} of ours moved with it; nothing was sent to a target")
    talk.say(f"to see that all is as before: {view_of(settings, None).command('plan')}")
    return Exit.FINE
