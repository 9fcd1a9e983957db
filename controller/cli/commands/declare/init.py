"""``trueup init``: a starter to edit, and the key."""

from __future__ import annotations

import click

from controller.cli.completing.words import FILE
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("init", short_help="Write a commented starter spec.")
@click.argument("folder", type=FILE, default=".")
@click.pass_context
def command(context: click.Context, folder: str) -> Exit:
    """Write a commented starter into FOLDER (default: here), and make the key that seals passwords.

    Files that are there already are never overwritten.

    Example: trueup init door-site
    """
    from pathlib import Path

    from controller.spec.starter import write_starter
    from controller.state.keys import FILE, VARIABLE, create_key

    settings, talk = settings_of(context), talk_of(context)
    target = Path(folder)
    for path in write_starter(target):
        talk.say(f"wrote {path}")
    options = settings.options()
    state = options.state if settings.state else target / options.state
    if not (state / FILE).exists() and VARIABLE not in options.environ:
        create_key(state)
        talk.say(f"made the key {state / FILE}; keep a copy of it somewhere safe")
    where = "" if folder == "." else f"  cd {folder}\n"
    talk.say(f"Next, edit the files in {target / 'specs'}, then:\n{where}  trueup secrets set door-password\n  trueup validate")
    return Exit.FINE
