"""``trueup state backup``: a copy of the state while others work with it."""

from __future__ import annotations

import click

from controller.cli.completing.words import FILE
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("backup", short_help="Copy the state, while others work with it.")
@click.argument("path", type=FILE, required=False, metavar="[FILE]")
@click.option("--force", is_flag=True, help="Replace FILE when it is there already.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def backup(context: click.Context, path: str | None, force: bool, output: str) -> Exit:
    """Copy the state to FILE (a folder gets a name with the time; default: here), as it is at one moment, whoever works with it
    meanwhile. Every page is checked before the copy gets its name; only you may read it.

    The key is not in it. Keep that separately: without it the secrets in a backup open for nobody, and nothing is known as ours.

    \b
    Example:
      trueup state backup /var/backups/
    """
    from pathlib import Path

    from controller.cli.show.documents import encoded
    from controller.cli.show.upkeep.documents import BackupDocument
    from controller.cli.show.words import counted
    from controller.state.upkeep.backup import backup as make
    from controller.state.upkeep.surroundings import size

    settings, talk = settings_of(context), talk_of(context)
    options = settings.options()
    made = make(options.state, Path(path) if path else None, options.clock, force=force)
    if output == "json":
        talk.data(encoded(BackupDocument(made)))
        return Exit.FINE
    held = f"{counted(made.entities, 'entry', 'entries')} of ours on {counted(made.resources, 'resource')}"
    talk.data(f"{made.path}: {size(made.bytes)}, {held}; every page is whole")
    key = "what TRUEUP_KEY is set to" if "TRUEUP_KEY" in options.environ else f"{options.state / 'key'}"
    talk.say(f"The key is not in it: keep {key} in another place, or the backup is of no use.")
    talk.say(f"To bring it back: trueup state restore{settings.given} {made.path}")
    return Exit.FINE
