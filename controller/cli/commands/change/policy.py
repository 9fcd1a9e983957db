"""``trueup policy``: the rules of the operator's own, and what they say about a saved plan. Connects nowhere, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.completing.words import FILE
from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from datetime import datetime

    from controller.spec.resource import Specs


@click.group("policy", short_help="Rules of your own over plans: list them, try them.")
def command() -> None:
    """Rules of your own over plans. They stand in the Controller's spec, under `rules`:

    \b
      rules:
        - name: no-weekend-removals
          deny: nobody is removed at weekends
          when: {action: [delete, bar], time: {days: [sat, sun]}}
        - name: large-change
          warn: a large change, have somebody look
          when: {moreThan: 50}

    Every plan is judged by them, and again when it is applied. What is denied leaves with 5, unless the rule
    says `overridable: true` and the plan is made with --allow policy:NAME.
    """


@command.command("list")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def list_(context: click.Context, output: str) -> Exit:
    """List the rules in words.

    Example: trueup policy list
    """
    from controller.cli.show.documents import RulesDocument, encoded
    from controller.cli.show.policy_text import rule_rows, rules_text

    talk = talk_of(context)
    rows = rule_rows(_specs(settings_of(context)))
    if output == "json":
        talk.data(encoded(RulesDocument(rows)))
    elif rows:
        talk.data(rules_text(rows))
    else:
        talk.say("there is no rule yet: `trueup policy --help` shows how one is written")
    return Exit.FINE


@command.command("test")
@click.argument("plan_file", type=FILE, metavar="PLAN")
@click.option("--at", metavar="TIME", help="Judge as if it were then: 2026-05-02T14:00, local to the Controller's zone.")
@click.option("--allow", multiple=True, metavar="RULE", help="As if it were planned with this allowance: policy:NAME.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def test(context: click.Context, plan_file: str, at: str | None, allow: tuple[str, ...], output: str) -> Exit:
    """Say what the rules of today would say about the saved PLAN, or about the output of `plan -o json`.

    The plan need not be in time, nor of these specs: so a rule can be tried on the plans of last month.

    Example: trueup policy test plan.json --at 2026-05-02T14:00

    Exit codes: 0 nothing is denied, 5 something is, 6 this is no plan.
    """
    from pathlib import Path

    from controller.cli.session import allowances_of
    from controller.cli.show.documents import RulingDocument, encoded
    from controller.cli.show.policy_text import ruling_text
    from controller.engine.plans.planfile import peek
    from controller.engine.review.rules import judge, must_be_allowable, rulebook

    settings = settings_of(context)
    specs, given = _specs(settings), allowances_of(False, allow)
    must_be_allowable(specs.controller.rules, given)
    book = rulebook(specs, _moment(settings, specs, at))
    plan = peek(_read(Path(plan_file)), plan_file)
    ruling = judge(book, plan, {*plan.allowances, *given})
    if output == "json":
        names = tuple(rule.name for rule in book.rules)
        stamp = f"{_utc(book.now):%Y-%m-%dT%H:%M:%SZ}"
        talk_of(context).data(encoded(RulingDocument(plan.id, stamp, names, ruling.denied, ruling.allowed, ruling.warned)))
    else:
        talk_of(context).data(ruling_text(ruling, plan, len(book.rules)))
    return Exit.REFUSED if ruling.denied else Exit.FINE


def _specs(settings: Settings) -> Specs:
    from controller.spec.load import load_specs

    options = settings.options()
    return load_specs(options.specs, vars_files=options.vars_files)


def _read(path: object) -> bytes:
    from pathlib import Path

    from controller.model.errors import TrueupError

    try:
        return Path(str(path)).read_bytes()
    except OSError as error:
        raise TrueupError(f"the plan {path} cannot be read: {error.strerror}", hint="`trueup plan --out FILE` makes one") from error


def _moment(settings: Settings, specs: Specs, text: str | None) -> datetime:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from controller.model.errors import UsageError

    if text is None:
        return settings.options().clock.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text!r} is no time", hint="write it like 2026-05-02T14:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(specs.controller.timezone or "UTC"))


def _utc(moment: datetime) -> datetime:
    from datetime import UTC

    return moment.astimezone(UTC)
