"""``trueup graph``: what feeds what, as declared. Reads specs only: no network, no state, no secret."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.exits import Exit
from controller.cli.settings import resource_options, settings_of
from controller.cli.talk import talk_of


@click.command("graph", short_help="Draw what feeds what, and who waits for whom.")
@resource_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "mermaid", "dot", "json"]), default="text", help="To read, to draw, for programs."
)
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show which sources feed which targets, what is joined, what records make (forEach), who waits for whom, and the lanes.

    A selection shows what is selected, all that it depends on, and what a source that is named feeds. Reads the specs only.

    \b
    Examples:
      trueup graph
      trueup graph --target Source/members
      trueup graph -o mermaid --label site=gym
      trueup graph -o dot | dot -Tsvg > graph.svg
    """
    from pathlib import Path

    from controller.cli.session import scope_of
    from controller.cli.show.declare.documents import GraphDocument
    from controller.cli.show.declare.graph_drawn import dot, mermaid
    from controller.cli.show.declare.graph_text import graph_text
    from controller.cli.show.documents import encoded
    from controller.spec.graph import graph
    from controller.spec.load import load_specs

    settings = settings_of(context)
    specs = load_specs([Path(path) for path in settings.specs], vars_files=settings.values())
    found = graph(specs, scope_of(given["targets"], given["excludes"], (), given["labels"]))
    drawn = {"text": graph_text, "mermaid": mermaid, "dot": dot}.get(given["output"])
    talk_of(context).data(drawn(found) if drawn else encoded(GraphDocument(found)))
    return Exit.FINE
