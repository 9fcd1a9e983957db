"""``trueup why``: what led to an entity, a change, a skip or a refusal, and why somebody is not there. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS
from controller.cli.exits import Exit
from controller.cli.settings import label_option, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.engine.why import Found
    from controller.runtime.verbs import About


@click.command("why", short_help="Explain why somebody is at a door, or is not.")
@click.argument("addresses", type=ADDRESS, nargs=-1, metavar="[ADDRESS...]")
@click.option("--record", metavar="SOURCE:KEY", help="Follow one record: members:900017.")
@click.option("--find", metavar="TEXT", help="Look for a record by a part of a name, an e-mail address or a number.")
@click.option("--offline", is_flag=True, help="Ask no target: answer from what is remembered.")
@label_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Explain why an entity is at a target as it is, is about to change, or is not there: which spec line, which record of which
    source, which filter and template, which rule. Changes nothing.

    ADDRESS is an entity (Device/front-door:person/1001) or a resource (Device/front-door, 'Device/*'); with --record and --find it
    says where to look.

    \b
    Examples:
      trueup why Device/front-door:person/1001
      trueup why --find "Ada Lov" Device/front-door
      trueup why --record members:900017

    Exit codes: 0 answered, 4 a target or a source could not be read.
    """
    from controller.cli.session import run_async

    return run_async(_why(settings_of(context), talk_of(context), given))


async def _why(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.session import opened, view_of
    from controller.cli.show.documents import encoded
    from controller.cli.show.progress import progress
    from controller.cli.show.why_documents import WhyDocument
    from controller.cli.show.why_text import found_text, why_text
    from controller.runtime.verbs import ask_why, search

    about = about_of(given)
    async with opened(settings, write=False) as workspace:
        view = view_of(settings, workspace.specs.controller.timezone)
        with progress(talk) as report:
            if given["find"] is not None:
                hits = await search(workspace, given["find"], about, report)
                if len(hits.found) != 1:
                    document = WhyDocument(found=hits.found, unread=hits.unread)
                    talk.data(encoded(document) if given["output"] == "json" else found_text(given["find"], hits, view))
                    return Exit.PARTLY if hits.failed else Exit.FINE
                about = _narrowed(about, hits.found[0])
            answers = await ask_why(workspace, about, report)
    talk.data(encoded(WhyDocument(tuple(answers))) if given["output"] == "json" else why_text(answers, view))
    return Exit.PARTLY if any(answer.verdict == "parked" for answer in answers) else Exit.FINE


def about_of(given: dict[str, Any]) -> About:
    """The question in the runtime's words; raises UsageError where it contradicts itself."""
    from controller.model.errors import UsageError
    from controller.runtime.verbs import About

    record = None
    if given["record"] is not None:
        source, colon, key = given["record"].partition(":")
        if not (source and colon and key) or given["find"] is not None:
            hint = "write SOURCE:KEY, for example members:900017, and no --find beside it"
            raise UsageError(f"--record {given['record']} is not a record", hint=hint)
        record = (source.removeprefix("Source/"), key)
    return About(given["addresses"], given["labels"], record, given["offline"])


def _narrowed(about: About, found: Found) -> About:
    from dataclasses import replace

    if found.record:
        return replace(about, record=(found.source, found.record))
    return replace(about, addresses=(found.address,), labels=())
