"""``trueup completion``: the script that makes a shell complete commands, addresses and labels."""

from __future__ import annotations

import click

from controller.cli.exits import Exit
from controller.cli.talk import talk_of


@click.command("completion", short_help="Let bash, zsh or fish complete your words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> Exit:
    """Print the script with which a shell completes commands, options, addresses, labels, runs, sources, providers and files.

    Words come from the specs and the state of the current folder, or from those that -f and --state name before. Nothing is asked
    over the network, and no secret is needed.

    \b
    Examples:
      eval "$(trueup completion bash)"
      trueup completion zsh > "${fpath[1]}/_trueup"
      trueup completion fish > ~/.config/fish/completions/trueup.fish
    """
    from controller.cli.completing.shells import installing, script

    talk = talk_of(context)
    talk.data(script(shell, context.find_root().command))
    talk.say(f"to install: {installing(shell)}")
    return Exit.FINE
