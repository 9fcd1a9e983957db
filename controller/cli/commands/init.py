"""``trueup init``: a starter to edit, and the key."""

from __future__ import annotations

import click

from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("init", short_help="Write a commented starter spec.")
@click.argument("folder", required=False)
@click.pass_context
def command(context: click.Context, folder: str | None) -> Exit:
    """Write a commented starter spec into FOLDER (default: specs/), and make the key that seals passwords.

    Files that are there already are never overwritten.
    """
    from pathlib import Path

    from controller.spec.starter import write_starter
    from controller.state.keys import FILE, VARIABLE, create_key

    settings, talk = settings_of(context), talk_of(context)
    target = Path(folder or settings.specs[0])
    for path in write_starter(target):
        talk.say(f"wrote {path}")
    options = settings.options()
    if not (options.state / FILE).exists() and VARIABLE not in options.environ:
        create_key(options.state)
        talk.say(f"made the key {options.state / FILE}; keep a copy of it somewhere safe")
    given = f" -f {target}" if folder else settings.given
    talk.say(f"Next: edit {target}, then\n  trueup validate{given}")
    return Exit.FINE
