"""``trueup doctor``: a page about this machine and this workspace, to act on and to paste into a bug report."""

from __future__ import annotations

from typing import Any

import click

from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import Talk, talk_of


@click.command("doctor", short_help="What is wrong with this machine; for a bug report.")
@click.option("--show-names", "names", is_flag=True, help="Leave names of hosts, users and folders as they are.")
@click.option("--no-network", "still", is_flag=True, help="Do not look whether the resources can be reached.")
@click.option("--timeout", metavar="TIME", default="3s", help="For each step at each resource: 3s, 500ms.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Look at versions, providers, terminal, environment, clock, specs, state and key, and whether each resource can be reached
    (name, port, certificate). No credentials are sent and nothing is changed; `trueup test` goes on from there.

    The page can be pasted into a bug report: hosts stand as host-1, users as user-1, and no secret is on it. Names of resources
    stay.

    \b
    Examples:
      trueup doctor
      trueup doctor --no-network -o json

    Exit codes: 0 nothing fails (warnings are told), 1 something does.
    """
    from controller.cli.session import run_async

    return run_async(_doctor(settings_of(context), talk_of(context), given))


async def _doctor(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.show.documents import encoded
    from controller.cli.show.upkeep.documents import DoctorDocument
    from controller.cli.show.upkeep.page_text import page_text
    from controller.runtime.doctor.examine import Visit, examine
    from controller.state.upkeep.finding import Level, worst

    page = await examine(settings.options(), Visit(given["names"], not given["still"], _seconds(given["timeout"])))
    found = worst(page.findings)
    talk.data(encoded(DoctorDocument(found, page)) if given["output"] == "json" else page_text(page))
    if not page.redacted:
        talk.say("Names of hosts and users are on this page: leave out --show-names before you paste it anywhere.")
    return Exit.ERROR if found is Level.FAIL else Exit.FINE


def _seconds(text: str) -> float:
    from controller.model.errors import UsageError
    from controller.model.units import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as wrong:
        raise UsageError(f"--timeout: {wrong}", hint="write 3s or 500ms") from None
    if seconds <= 0:
        raise UsageError("--timeout: nothing answers in no time", hint="write 3s, 500ms, 1m")
    return seconds
