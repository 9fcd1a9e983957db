"""``trueup state restore``: a backup becomes the state again."""

from __future__ import annotations

import click

from controller.cli.completing.words import FILE
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("restore", short_help="Put a backup in place of the state.")
@click.argument("path", type=FILE, metavar="FILE")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def restore(context: click.Context, path: str, auto_approve: bool, output: str) -> Exit:
    """Put the backup FILE in place of the state. It is checked first (whole, of this workspace, opens with the key of today); what
    it replaces is kept beside it. No target is touched, and nobody else may have the state open.

    What was made at a target since the backup is a stranger's to the older state: the next plan lists it and leaves it alone.

    \b
    Example:
      trueup state restore trueup-state-20261122T120000Z.db
    """
    from pathlib import Path

    from controller.cli.session import ask, must_be_able_to_ask
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import View
    from controller.cli.show.upkeep.documents import RestoreDocument
    from controller.cli.show.words import counted, moment
    from controller.runtime.upkeep import known_keys
    from controller.state.upkeep import restore as restoring

    settings, talk = settings_of(context), talk_of(context)
    options = settings.options()
    if not auto_approve:
        must_be_able_to_ask()
    file = Path(path)
    found = restoring.examine(file, options.state, known_keys(options))
    held = f"{counted(found.entities, 'entry', 'entries')} of ours on {counted(found.resources, 'resource')}"
    talk.say(f"{path} is whole: {held}")
    if not auto_approve:
        ask(f"Put it in place of the state in {options.state}?")
    done = restoring.restore(file, options.state, options.clock)
    if output == "json":
        talk.data(encoded(RestoreDocument(done)))
    talk.say(f"restored; the last thing it remembers is of {moment(done.newest, None) or 'no known time'}")
    talk.say(f"the state before is kept as {done.kept}" if done.kept else "there was no state before")
    talk.say(f"to see what that means: {View(given=settings.given).command('plan')}")
    return Exit.FINE
