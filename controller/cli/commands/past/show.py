"""``trueup show``: one run, entity by entity, or a saved plan. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS, RUN_OR_PLAN
from controller.cli.exits import Exit
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.show.past.documents import EntityLine
    from controller.cli.talk import Talk
    from controller.engine.past.account import Account
    from controller.model.outcome import SubjectResult

OUTCOMES = ("done", "unchanged", "skipped", "refused", "stale", "failed", "parked", "planned")


@click.command("show", short_help="Show what one run did, or a saved plan.")
@click.argument("what", type=RUN_OR_PLAN, metavar="RUN|PLANFILE")
@click.option(
    "--target",
    "targets",
    type=ADDRESS,
    multiple=True,
    metavar="ADDRESS",
    help="Only this: Device/front-door, 'Device/*:person/1001'.",
)
@click.option("--outcome", "outcomes", multiple=True, type=click.Choice(OUTCOMES), help="Only what ended so.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Show what RUN did: per resource and per entity what was done, how it ended, when, how long it took, after how many attempts.

    RUN is an id of `trueup history`, any beginning of one that no other run has, or `last`. A file is shown as the plan that it is.

    \b
    Examples:
      trueup show last --outcome failed
      trueup show 20261122-07 --target 'Device/*:person/1001'
      trueup show plan.json

    Exit codes: 0 fine, 1 no such run, 6 the plan file was edited or is foreign.
    """
    from controller.cli.session import run_async
    from controller.runtime.past import is_plan_file

    asked = settings_of(context), talk_of(context), given
    return _plan(*asked) if is_plan_file(given["what"]) else run_async(_run(*asked))


async def _run(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from controller.cli.commands.past.looking import looking_back
    from controller.cli.show.documents import encoded
    from controller.cli.show.past.documents import entity_lines, show_document
    from controller.cli.show.past.run_text import run_text
    from controller.engine.past.account import account

    async with looking_back(settings, talk) as (memory, view, _):
        found = await account(memory.state, given["what"])
    if found.plan is None and found.ended:
        talk.say("the plan of this run is not kept any more: values and reasons are not known")
    entities = _chosen(entity_lines(found), given)
    document = show_document(found, entities, _whom(found, entities, given))
    if not entities and (given["targets"] or given["outcomes"]):
        talk.say("nothing that this run did matches the selection")
    talk.data(encoded(document) if given["output"] == "json" else run_text(document, view))
    return Exit.FINE


def _chosen(entities: Sequence[EntityLine], given: dict[str, Any]) -> tuple[EntityLine, ...]:
    from controller.model.address import Address, Pattern

    patterns = [Pattern(text) for text in given["targets"]]
    outcomes = frozenset(given["outcomes"])

    def wanted(entity: EntityLine) -> bool:
        place = Address.parse(entity.resource).of(entity.kind, entity.key)
        return (not outcomes or entity.outcome in outcomes) and (not patterns or any(p.covers(place) for p in patterns))

    return tuple(filter(wanted, entities))


def _whom(found: Account, entities: Sequence[EntityLine], given: dict[str, Any]) -> tuple[SubjectResult, ...]:
    """With a selection, those whom what was selected is about."""
    if not (given["targets"] or given["outcomes"]):
        return found.subjects
    chosen = {(entity.resource, entity.subject or entity.key) for entity in entities}
    return tuple(subject for subject in found.subjects if (subject.resource, subject.subject) in chosen)


def _plan(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    from pathlib import Path

    from controller.cli.session import view_of
    from controller.cli.show.documents import PlanDocument, encoded, summary_of
    from controller.cli.show.past.plan_file import plan_file_text
    from controller.model.errors import UsageError
    from controller.runtime.past import read_plan_file

    if given["targets"] or given["outcomes"]:
        raise UsageError(f"{given['what']} is a plan: it is shown whole", hint="--target and --outcome are about runs")
    found = read_plan_file(settings.options(), Path(given["what"]))
    if given["output"] == "json":
        talk.data(encoded(PlanDocument(summary_of(found.plan), found.plan)))
        if found.unfit:
            talk.say(f"it cannot be applied any more: {found.unfit}")
    else:
        talk.data(plan_file_text(found, given["what"], view_of(settings, found.timezone)))
    return Exit.FINE
