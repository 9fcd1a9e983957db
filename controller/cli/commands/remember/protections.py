"""``trueup protections``: what was protected once stays so until a person releases it here."""

from __future__ import annotations

import click

from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import Talk, talk_of

_RULES = {"protect": "never changed", "never_remove": "never removed", "ignore": "field left alone"}


@click.group("protections", short_help="List or release what may never be changed.")
def command() -> None:
    """List or release what may never be changed. A protection outlives the spec that declared it."""


@command.command("list")
@click.pass_context
def list_(context: click.Context) -> Exit:
    """List what is protected, where and by which rule."""
    from controller.cli.session import run_async

    return run_async(_list(settings_of(context), talk_of(context)))


@command.command("release")
@click.argument("resource")
@click.argument("pattern")
@click.pass_context
def release(context: click.Context, resource: str, pattern: str) -> Exit:
    """Release PATTERN (person/1001) on RESOURCE (Device/front-door). Take it out of the spec too, or it returns."""
    from controller.cli.session import run_async

    return run_async(_release(settings_of(context), talk_of(context), resource, pattern))


async def _list(settings: Settings, talk: Talk) -> Exit:
    from controller.cli.session import opened_state
    from controller.cli.show.layout import table
    from controller.cli.show.words import moment

    async with opened_state(settings) as state:
        found = await state.protections.all()
    if found:
        talk.data(
            "\n".join(table([(p.resource, p.pattern, _RULES.get(p.kind, p.kind), f"since {moment(p.since, None)}") for p in found]))
        )
    else:
        talk.say("nothing is protected")
    return Exit.FINE


async def _release(settings: Settings, talk: Talk, resource: str, pattern: str) -> Exit:
    from controller.cli.session import opened_state
    from controller.model.errors import UsageError

    async with opened_state(settings) as state:
        released = await state.protections.release(resource, pattern)
    if not released:
        raise UsageError(f"{pattern} is not protected on {resource}", hint="`trueup protections list` shows what is")
    talk.say(f"released {pattern} on {resource}")
    return Exit.FINE
