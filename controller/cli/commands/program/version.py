"""``trueup version``."""

from __future__ import annotations

import click

from controller import __version__


@click.command("version", short_help="Show the version.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
def command(output: str) -> None:
    """Show the version.

    Example: trueup version
    """
    if output == "json":
        from controller.cli.show.documents import encoded
        from controller.cli.show.plain.documents import VersionDocument

        click.echo(encoded(VersionDocument(__version__)))
    else:
        click.echo(f"trueup {__version__}")
