"""``trueup providers``: which there are, what one of them is, and a new one that works at once. Connects nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from controller.cli.completing.words import PROVIDER
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from pathlib import Path

    from controller.cli.scaffold.writing import Scaffold

json_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs."
)


@click.group("providers", short_help="Which systems trueup knows; begin a new one.")
def command() -> None:
    """What trueup knows of other systems: one provider for each.

    Example: trueup providers list
    """


@command.command("list", short_help="List the providers; none is loaded for it.")
@json_option
@click.pass_context
def list_(context: click.Context, output: str) -> Exit:
    """List the providers, also those that other packages bring. None is loaded for it.

    Example: trueup providers list
    """
    from controller.cli.session import view_of
    from controller.cli.show.catalogue.documents import ProviderRow, ProvidersDocument
    from controller.cli.show.catalogue.providers_text import list_text
    from controller.cli.show.documents import encoded
    from controller.registry import REGISTRY

    simulated = REGISTRY.simulators()
    rows = tuple(ProviderRow(entry.name, entry.kind, entry.origin, entry.name in simulated) for entry in REGISTRY.entries())
    view = view_of(settings_of(context), None)
    talk_of(context).data(encoded(ProvidersDocument(rows)) if output == "json" else list_text(rows, view))
    return Exit.FINE


@command.command("describe", short_help="Tell what one keeps, can and needs.")
@click.argument("name", type=PROVIDER)
@json_option
@click.pass_context
def describe(context: click.Context, name: str, output: str) -> Exit:
    """Tell what NAME is: what it yields or keeps, what it can, what it needs, and every word of its config.

    Example: trueup providers describe hikvision
    """
    from controller.cli.session import view_of
    from controller.cli.show.catalogue.documents import ProviderDocument
    from controller.cli.show.catalogue.providers_text import describe_text
    from controller.cli.show.documents import encoded
    from controller.registry import REGISTRY
    from controller.spec.explaining.provider_facts import describe as facts_of

    facts = facts_of(name, REGISTRY)
    view = view_of(settings_of(context), None)
    talk_of(context).data(encoded(ProviderDocument(facts)) if output == "json" else describe_text(facts, view))
    return Exit.FINE


@command.command("new", short_help="Write a new one that works at once.")
@click.argument("name")
@click.option("--source", "role", flag_value="source", help="Where records come from.")
@click.option("--target", "role", flag_value="target", default="target", help="What is made true [default].")
@click.option("--dir", "folder", metavar="DIR", help="Where to write it [default: trueup-NAME].")
@json_option
@click.pass_context
def new(context: click.Context, name: str, role: Literal["source", "target"], folder: str | None, output: str) -> Exit:
    """Write a new provider: a small package that works at once against its simulator, with tests that pass.

    \b
    Examples:
      trueup providers new lockers
      trueup providers new school --source --dir ~/trueup-school
    """
    from pathlib import Path

    from controller.cli.scaffold.writing import Scaffold, check_name, write_scaffold
    from controller.cli.show.catalogue.documents import ScaffoldDocument
    from controller.cli.show.documents import encoded
    from controller.registry import REGISTRY

    check_name(name, {entry.name: entry.origin for entry in REGISTRY.entries()})
    scaffold, talk = Scaffold(name, role), talk_of(context)
    target = Path(folder or scaffold.distribution)
    written = write_scaffold(scaffold, target)
    if output == "json":
        talk.data(encoded(ScaffoldDocument(str(target), tuple(str(path) for path in written))))
    else:
        talk.data("\n".join(f"wrote {path}" for path in written))
    talk.say(_next(scaffold, target))
    return Exit.FINE


def _next(scaffold: Scaffold, folder: Path) -> str:
    return (
        "Next:\n"
        f"  cd {folder}\n"
        "  pip install -e '.[test]'\n"
        "  pytest                                the contract passes\n"
        f"  trueup providers describe {scaffold.name}\n"
        f"then make {scaffold.package}/ speak to the real system; README.md tells how"
    )
