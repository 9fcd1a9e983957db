"""``trueup explain``: what a field of a spec means and what may be written there. Reads no spec and connects nowhere."""

from __future__ import annotations

import click

from controller.cli.completing.words import PROVIDER
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of


@click.command("explain", short_help="Tell what a field of a spec means.")
@click.argument("path", default="")
@click.option(
    "--provider", type=PROVIDER, default="", metavar="NAME", help="As this provider understands it, where several differ."
)
@click.option("--recursive", is_flag=True, help="Everything below it, not only the next level.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, path: str, provider: str, recursive: bool, output: str) -> Exit:
    """Tell what the field at PATH means: type, unit, default, what may be written, an example, and what stands below it.

    \b
    Examples:
      trueup explain                        the kinds there are
      trueup explain Device.spec.people
      trueup explain Device.hikvision.spec.config.url
      trueup explain Source.spec.config --provider csv --recursive
      trueup explain exit-codes             also: where, templates, secrets
    """
    from controller.cli.session import view_of
    from controller.cli.show.catalogue.documents import ExplainDocument
    from controller.cli.show.catalogue.explain_text import answers_text
    from controller.cli.show.catalogue.pages import page
    from controller.cli.show.documents import encoded
    from controller.registry import REGISTRY
    from controller.spec.explaining.topics import explain

    talk = talk_of(context)
    found = page(path, REGISTRY)
    answers = (found,) if found else explain(path, REGISTRY, provider=provider, recursive=recursive)
    view = view_of(settings_of(context), None)
    talk.data(encoded(ExplainDocument(answers)) if output == "json" else answers_text(answers, view))
    return Exit.FINE
