"""``trueup dump``: everything that a target keeps or a source holds, as it comes. Holds a reader only; changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import FILE, KIND, TARGET
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.cli.settings import Settings
    from controller.cli.show.intake.dump_formats import Form
    from controller.cli.talk import Talk
    from controller.engine.intake.dumping import Dump
    from controller.spec.resource import Resource

_FORMATS = ("csv", "json", "json-lines", "yaml")


@click.command("dump", short_help="Write out everything that is there.")
@click.argument("resource", type=TARGET)
@click.option("--kind", "kinds", type=KIND, multiple=True, metavar="KIND", help="Only this kind: person, card. As often as wanted.")
@click.option("-o", "--output", type=click.Choice(_FORMATS), default="csv", help="The format [default: csv].")
@click.option("--out", type=FILE, metavar="FILE", help="Write to FILE, which appears only when it is whole. Only you may read it.")
@click.option("--reveal", is_flag=True, help="Also what is sensitive: card numbers. What is write-only is never shown.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Write out everything that RESOURCE (Device/front-door, Source/members) keeps, as it is now. Changes nothing.

    Complete or an error: when the list ends early this says so and leaves with 4; --out then leaves no file, and JSON, JSON lines
    and YAML lack their end ("complete": true). In CSV, cells that a spreadsheet would compute begin with an apostrophe.

    \b
    Example:
      trueup dump Device/front-door --kind person -o json --out door.json

    Exit codes: 0 all of it, 4 it could not be read to its end.
    """
    from controller.cli.session import run_async

    return run_async(_dump(settings_of(context), talk_of(context), given))


async def _dump(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import opened
    from controller.cli.show.intake.dump_formats import FORMS
    from controller.engine.intake.dumping import dumping
    from controller.runtime.intake import one_resource
    from controller.sdk.errors import ProviderError

    if given["reveal"]:
        talk.say("warning: what follows holds what is sensitive, readable by everybody who sees it: card numbers open doors")
    async with opened(settings, write=False) as workspace:
        resource = await one_resource(workspace, given["resource"])
        try:
            async with dumping(workspace.world, resource, given["kinds"], reveal=given["reveal"]) as dump:
                if dump.doubt:
                    talk.say(f"warning: {resource.address}: {dump.doubt}")
                with _opened(given["out"]) as emit:
                    count = await _written(dump, FORMS[given["output"]](emit), str(resource.address), talk)
        except ProviderError as error:
            scrub = workspace.world.scrub
            talk.complain(f"{resource.address}: {scrub(error.message)}; this is not all of it", scrub(error.hint))
            return Exit.PARTLY
    talk.say(f"{resource.address}: {_how_many(resource, count)}" + (f" in {given['out']}" if given["out"] else ""))
    return Exit.FINE


async def _written(dump: Dump, form: Form, resource: str, talk: Talk) -> int:
    from controller.cli.show.intake.dump_formats import Head
    from controller.cli.show.progress import progress
    from controller.model.outcome import Progress

    count = 0
    form.begin(Head(resource, dump.identity, dump.kinds))
    with progress(talk) as report:
        async for rows in dump.pages:
            form.rows(rows)
            count += len(rows)
            report(Progress(resource, "reading", done=count))
    form.end()
    return count


def _how_many(resource: Resource, count: int) -> str:
    from controller.cli.show.words import counted

    return counted(count, "record") if resource.address.kind == "Source" else counted(count, "entity", "entities")


@contextmanager
def _opened(path: str | None) -> Iterator[Callable[[str], None]]:
    """What takes the text: stdout, or a file that gets its name at the end."""
    if path is None:
        from controller.cli.talk import write

        def show(text: str) -> None:
            if text:  # an empty page
                write(sys.stdout, text)

        yield show
        return
    from controller.spec.rewriting.files import whole_file

    with whole_file(Path(path)) as file:
        yield lambda text: _put(file.write, text)


def _put(write: Callable[[bytes], object], text: str) -> None:
    write(text.encode("utf-8", "backslashreplace"))
