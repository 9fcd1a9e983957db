"""``trueup simulate``: simulated doors and registers on loopback, to try things where nothing can go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.exits import Exit
from controller.cli.talk import Talk, talk_of

if TYPE_CHECKING:
    from controller.sdk.loopback import AsgiApp

_EXAMPLE = "write a list: `simulators: [{simulator: hikvision, port: 8101, options: {...}}]`"


@click.command("simulate", short_help="Start simulated doors and registers on this machine.")
@click.argument("description", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, description: str, output: str) -> Exit:
    """Start the simulators that the YAML FILE describes, on loopback, until Ctrl-C.

    \b
    simulators:
      - {simulator: hikvision, port: 8101, options: {serial: A1, password: x}}
      - {simulator: cardskipper, port: 8102, options: {members: 100}}

    Example: trueup simulate simulators.yaml
    """
    from controller.sdk.loopback import run_forever

    talk = talk_of(context)
    entries = described(Path(description))
    apps = [(started(entry), int(entry.get("port", 0))) for entry in entries]

    def ready(served: Sequence[Any]) -> None:
        _announce(talk, entries, [one.url for one in served], output)

    run_forever(apps, ready=ready)
    return Exit.FINE


def described(file: Path) -> list[Mapping[str, Any]]:
    """The entries of the file; raises UsageError where it is no such description."""
    import yaml

    from controller.model.errors import UsageError

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise UsageError(f"{file} is not YAML: {' '.join(str(problem).split())}", hint=_EXAMPLE) from None
    entries = content.get("simulators") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{file} describes no simulators", hint=_EXAMPLE)
    for position, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or "simulator" not in entry or not isinstance(entry.get("port", 0), int):
            raise UsageError(f"entry {position} in {file} needs a simulator's name, and a port that is a number", hint=_EXAMPLE)
    return entries


def started(entry: Mapping[str, Any]) -> AsgiApp:
    """The app of one entry; raises UsageError for an option that the simulator does not have."""
    from controller.model.errors import UsageError
    from controller.registry import load_simulator

    try:
        made = load_simulator(entry["simulator"])(entry.get("options") or {})
    except (TypeError, ValueError) as problem:
        hint = f"correct `options` of this entry in the file: {_EXAMPLE}"
        raise UsageError(f"the simulator {entry['simulator']}: {problem}", hint=hint) from None
    app: AsgiApp = getattr(made, "app", made)
    return app


def _announce(talk: Talk, entries: Sequence[Mapping[str, Any]], urls: Sequence[str], output: str) -> None:
    if output == "json":
        from controller.cli.show.documents import encoded
        from controller.cli.show.plain.documents import SimulatorRow, SimulatorsDocument

        rows = tuple(SimulatorRow(entry["simulator"], url) for entry, url in zip(entries, urls, strict=True))
        talk.data(encoded(SimulatorsDocument(rows)))
        return
    lines = [f"{entry['simulator']} listens on {url}" for entry, url in zip(entries, urls, strict=True)]
    talk.data("\n".join(lines))
    talk.say("Ctrl-C stops them.")
