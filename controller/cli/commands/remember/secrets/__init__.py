"""``trueup secrets``: passwords go in through a hidden prompt or a pipe, never through arguments, and never come out."""

from __future__ import annotations

import sys

import click

from controller.cli.commands.remember.secrets.rotate import rotate
from controller.cli.completing.words import SECRET
from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import Talk, talk_of


@click.group("secrets", short_help="Keep passwords in the sealed store.")
def command() -> None:
    """Keep passwords in the sealed store. A spec names one as {secret: NAME}; its value is never shown again."""


command.add_command(rotate)


@command.command("key")
@click.pass_context
def key(context: click.Context) -> Exit:
    """Make the key that seals the store. Keep a copy: what it sealed opens with nothing else.

    Example: trueup secrets key
    """
    from controller.state.keys import FILE, create_key

    options = settings_of(context).options()
    create_key(options.state)
    talk_of(context).say(f"made the key {options.state / FILE}; keep a copy of it somewhere safe")
    return Exit.FINE


@command.command("set")
@click.argument("name", type=SECRET)
@click.pass_context
def set_(context: click.Context, name: str) -> Exit:
    """Store a secret under NAME, typed unseen or read from stdin.

    Example: trueup secrets set door-password
    """
    from controller.cli.session import run_async

    return run_async(_set(settings_of(context), talk_of(context), name, _value(name)))


@command.command("list")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def list_(context: click.Context, output: str) -> Exit:
    """List the names, never the values.

    Example: trueup secrets list
    """
    from controller.cli.session import run_async

    return run_async(_list(settings_of(context), talk_of(context), output))


@command.command("rm")
@click.argument("name", type=SECRET)
@click.pass_context
def remove(context: click.Context, name: str) -> Exit:
    """Remove the secret NAME.

    Example: trueup secrets rm door-password
    """
    from controller.cli.session import run_async

    return run_async(_remove(settings_of(context), talk_of(context), name))


def _value(name: str) -> str:
    """From a pipe without its last line end, else typed twice."""
    from controller.model.errors import UsageError

    if sys.stdin.isatty():
        value: str = click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise UsageError(f"the value of {name} is empty", hint=f"type it, or pipe it in: trueup secrets set {name} < FILE")
    return value


async def _set(settings: Settings, talk: Talk, name: str, value: str) -> Exit:
    from controller.cli.session import opened_state

    async with opened_state(settings) as state:
        await state.secrets.set(name, value)
    talk.say(f"stored {name}; a spec names it as {{secret: {name}}}")
    return Exit.FINE


async def _list(settings: Settings, talk: Talk, output: str) -> Exit:
    from controller.cli.session import opened_state
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import table
    from controller.cli.show.plain.documents import SecretRow, SecretsDocument
    from controller.cli.show.words import moment

    async with opened_state(settings) as state:
        names = await state.secrets.names()
    if output == "json":
        talk.data(encoded(SecretsDocument(tuple(SecretRow(name, when) for name, when in names))))
    elif names:
        talk.data("\n".join(table([(name, f"set {moment(when, None)}") for name, when in names])))
    else:
        talk.say("there is no secret yet: trueup secrets set NAME")
    return Exit.FINE


async def _remove(settings: Settings, talk: Talk, name: str) -> Exit:
    from controller.cli.session import opened_state
    from controller.model.errors import UsageError

    async with opened_state(settings) as state:
        if not await state.secrets.remove(name):
            known = ", ".join(known for known, _ in await state.secrets.names())
            raise UsageError(f"there is no secret {name}", hint=f"there are: {known or 'none'}")
    talk.say(f"removed {name}")
    return Exit.FINE
