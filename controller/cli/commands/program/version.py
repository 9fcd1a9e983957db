"""``trueup version``."""

from __future__ import annotations

import click

from controller import __version__


@click.command("version", short_help="Show the version.")
def command() -> None:
    """Show the version."""
    click.echo(f"trueup {__version__}")
