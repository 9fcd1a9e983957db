"""``trueup protections``: what was protected once stays so until a person releases it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from controller.cli.completing.words import TARGET
from controller.cli.exits import Exit
from controller.cli.settings import Settings, resource_options, settings_of
from controller.cli.talk import Talk, talk_of

_RULES = {"protect": "never changed", "never_remove": "never removed", "ignore": "field left alone"}


@click.group("protections", short_help="List or release what may never be changed.")
def command() -> None:
    """List or release what may never be changed. A protection outlives the spec that declared it."""


@command.command("list")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@resource_options
@click.pass_context
def list_(context: click.Context, /, **given: Any) -> Exit:
    """List what is protected, where and by which rule. Labels are those of the specs.

    Example: trueup protections list -l site=gym
    """
    from controller.cli.session import run_async

    return run_async(_list(settings_of(context), talk_of(context), given))


@command.command("release")
@click.argument("resource", type=TARGET)
@click.argument("pattern")
@click.pass_context
def release(context: click.Context, resource: str, pattern: str) -> Exit:
    """Release PATTERN (person/1001) on RESOURCE (Device/front-door). Take it out of the spec too, or it returns.

    Example: trueup protections release Device/front-door person/1001
    """
    from controller.cli.session import run_async

    return run_async(_release(settings_of(context), talk_of(context), resource, pattern))


async def _list(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import opened_state, scope_of
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import table
    from controller.cli.show.plain.documents import ProtectionRow, ProtectionsDocument
    from controller.cli.show.words import moment
    from controller.model.address import Address

    scope = scope_of(given["targets"], given["excludes"], (), given["labels"])
    labels = _labels(settings) if scope.labels else lambda address: {}  # without them it works while the specs are wrong
    async with opened_state(settings) as state:
        every = await state.protections.all()
    found = [p for p in every if scope.covers_resource(Address.parse(p.resource), labels(p.resource))]
    if given["output"] == "json":
        rows = tuple(ProtectionRow(p.resource, p.pattern, p.kind, p.since) for p in found)
        talk.data(encoded(ProtectionsDocument(rows)))
    elif found:
        talk.data(
            "\n".join(table([(p.resource, p.pattern, _RULES.get(p.kind, p.kind), f"since {moment(p.since, None)}") for p in found]))
        )
    else:
        talk.say("nothing of that is protected" if every else "nothing is protected")
    return Exit.FINE


def _labels(settings: Settings) -> Callable[[str], Mapping[str, str]]:
    from pathlib import Path

    from controller.spec.load import load_specs

    return load_specs([Path(path) for path in settings.specs], vars_files=settings.values()).labels_of


async def _release(settings: Settings, talk: Talk, resource: str, pattern: str) -> Exit:
    from controller.cli.session import opened_state
    from controller.model.errors import UsageError

    async with opened_state(settings) as state:
        released = await state.protections.release(resource, pattern)
    if not released:
        raise UsageError(f"{pattern} is not protected on {resource}", hint="`trueup protections list` shows what is")
    talk.say(f"released {pattern} on {resource}")
    return Exit.FINE
