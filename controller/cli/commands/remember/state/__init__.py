"""``trueup state``: look at what trueup remembers and look after it. Nothing at a target is touched by any of it."""

from __future__ import annotations

import click

from controller.cli.commands.remember.state.backup import backup
from controller.cli.commands.remember.state.check import check
from controller.cli.commands.remember.state.forget import forget
from controller.cli.commands.remember.state.listing import list_
from controller.cli.commands.remember.state.mv import mv
from controller.cli.commands.remember.state.restore import restore
from controller.cli.commands.remember.state.unlock import unlock


@click.group("state", short_help="Look at and look after what trueup remembers.")
def command() -> None:
    """Look at and look after what trueup remembers: what is ours where, the journal, sealed secrets. No target is touched.

    \b
    Example:
      trueup state list Device/front-door
    """


for _inner in (list_, check, backup, restore, forget, mv, unlock):
    command.add_command(_inner)
