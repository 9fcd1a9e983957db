"""``trueup apply``: shows the plan, asks, does it, and says what became of it. What to do is decided by the plan alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS, FILE, RUN
from controller.cli.exits import Exit, first
from controller.cli.settings import lease_option, record_options, scope_options, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.show.formats.run_report import RunReport
    from controller.cli.show.layout import View
    from controller.cli.talk import Talk
    from controller.model.change import Change, Plan
    from controller.model.outcome import RunResult
    from controller.runtime.workspace import Workspace


@click.command("apply", short_help="Make it so.")
@click.argument("plan_file", type=FILE, metavar="[PLAN]", required=False)
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--resume", type=RUN, metavar="RUN", help="Go on with a run that was stopped or failed in part.")
@lease_option
@click.option(
    "--replace", type=ADDRESS, multiple=True, metavar="ADDRESS", help="Delete this entity and make it anew, within all rules."
)
@click.option("--refresh-only", is_flag=True, help="Write nothing to targets: take what is there as last written.")
@click.option("--destroy", is_flag=True, help="Remove what is ours, as `trueup destroy` does.")
@click.option("--reviewed", metavar="DIGEST", help="Only if what would be done is what was reviewed: the digest of its plan.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "json-lines", "junit"]),
    default="text",
    help="For people; one document at the end; a document per line as it happens; for build servers.",
)
@click.option("--write", multiple=True, metavar="FORMAT=FILE", help="Write the result in this format too; as often as wanted.")
@click.option("--bootstrap", is_flag=True, help="Allow the first sync of a target.")
@click.option("--allow", multiple=True, metavar="RULE", help="Allow what a limit forbids: copy the flag from the plan.")
@scope_options
@record_options
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Plan, show the plan, ask, and do it; or do exactly the saved PLAN.

    Example after a review: trueup apply plan.json --reviewed sha256:... --auto-approve --write junit=apply.xml

    \b
    Everybody everywhere, one employee at all terminals, the photo of one alone:
      trueup apply
      trueup apply --where people.employee_no=1001
      trueup apply --where people.employee_no=1001 --only face

    Ctrl-C once finishes the calls in flight and leaves a run that can be resumed; twice stops at once.

    Exit codes: 0 done, 4 partly done, 5 a rule forbids it, 6 the plan file is not acceptable, 130 cancelled.
    """
    from controller.cli.session import run_async, selection_of
    from controller.model.errors import UsageError

    selects = any(given[word] for word in _SELECTING)
    if given["resume"] and (given["plan_file"] or selects or given["reviewed"]):
        raise UsageError("--resume goes on with a run as it is", hint="give --resume alone")
    if given["plan_file"] and selects:
        raise UsageError(
            "a saved plan is done exactly as it is", hint="give the selection and the allowances to `trueup plan --out`"
        )
    selection_of(given)  # refuses what contradicts itself
    if given["refresh_only"]:
        from controller.cli.commands.change.refreshing import refresh

        return run_async(refresh(settings_of(context), talk_of(context), given))
    return run_async(Applying(settings_of(context), talk_of(context), given, given["wait"]).run())


_SELECTING = (
    "targets",
    "excludes",
    "only",
    "labels",
    "records",
    "where",
    "bootstrap",
    "allow",
    "replace",
    "refresh_only",
    "destroy",
)


def apply_with(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    """The same for commands that are an apply with some of its options; what they do not give is as if it was not given."""
    from controller.cli.session import run_async

    whole = {parameter.name: () if getattr(parameter, "multiple", False) else None for parameter in command.params} | given
    return run_async(Applying(settings, talk, whole, whole["wait"]).run())


@dataclass(frozen=True)
class Applying:
    """One call of the command."""

    settings: Settings
    talk: Talk
    given: dict[str, Any]
    wait: float = 0.0  # seconds, while another trueup holds the lease

    async def run(self) -> Exit:
        from controller.cli.session import must_be_able_to_ask, opened
        from controller.cli.show.formats.run_report import FORMATS, reporting
        from controller.cli.show.formats.writing import wanted

        if not self.given["auto_approve"]:
            must_be_able_to_ask()
        files = wanted(self.given["write"], FORMATS)
        with reporting(self.talk, self.given["output"], files) as report:
            async with opened(self.settings, write=True) as workspace:
                if self.given["resume"]:
                    return self._ended(await self._resume(workspace, report), workspace, report)
                if self.given["plan_file"]:
                    return await self._saved(workspace, report)
                return await self._fresh(workspace, report)

    async def _fresh(self, workspace: Workspace, run_report: RunReport) -> Exit:
        from controller.cli.session import allowances_of, selection_of
        from controller.cli.show.progress import progress

        given = self.given
        scope = selection_of({**given, "targets": (*given["targets"], *self._fed(workspace))})
        allow = allowances_of(given["bootstrap"], given["allow"])
        with progress(self.talk) as report:
            planned = await workspace.plan(
                scope, allow=allow, on_progress=report, replacing=given["replace"], destroy=bool(given["destroy"])
            )
        return await self._carry_out(workspace, planned, planned.plan, run_report)

    def _fed(self, workspace: Workspace) -> tuple[str, ...]:
        """What the sources feed that `trueup sync` was given."""
        from controller.spec.graph import fed_by

        return tuple(target for source in self.given.get("feeding", ()) for target in fed_by(workspace.specs, source))

    async def _saved(self, workspace: Workspace, run_report: RunReport) -> Exit:
        from pathlib import Path

        plan = workspace.read_plan(Path(self.given["plan_file"]))
        return await self._carry_out(workspace, plan, plan, run_report)

    async def _carry_out(self, workspace: Workspace, what: Any, plan: Plan, run_report: RunReport) -> Exit:
        from controller.cli.commands.change.plan import exit_of
        from controller.engine.review.meaning import must_be_reviewed

        self._show(workspace, plan)
        if self.given["reviewed"]:
            must_be_reviewed(plan, self.given["reviewed"])
        run_report.planned(plan)
        _refuse(plan, self._view(workspace), saved=self.given["plan_file"] or "")
        self._leave_out(plan)
        if not plan.changes:
            run_report.nothing(_nothing(plan), self._view(workspace))
            if (leaving := exit_of(plan, detailed=False)) is Exit.PARTLY:
                self.talk.say("nothing was written: what was left alone, and why, stands above")
            return leaving
        self._ask(plan)
        from controller.cli.session import stopping
        from controller.cli.show.progress import progress

        async with stopping(self.talk) as stop:
            with progress(self.talk) as report:
                result = await workspace.apply(
                    what, on_progress=report, stop=stop, wait=self.wait, tell=self.talk.say, listener=run_report.listener
                )
        return first(self._ended(result, workspace, run_report), exit_of(plan, detailed=False))

    async def _resume(self, workspace: Workspace, run_report: RunReport) -> RunResult:
        from controller.cli.session import stopping
        from controller.cli.show.progress import progress

        if not self.given["auto_approve"]:
            from controller.cli.session import ask

            ask(f"Go on with run {self.given['resume']}?")
        async with stopping(self.talk) as stop:
            with progress(self.talk) as report:
                return await workspace.resume(
                    self.given["resume"], on_progress=report, stop=stop, wait=self.wait, listener=run_report.listener
                )

    def _show(self, workspace: Workspace, plan: Plan) -> None:
        """The plan is what the question is about, so it is shown before; as talk when stdout is for a program."""
        from controller.cli.show.plan_end import holds_line
        from controller.cli.show.plan_text import question_text

        view = self._view(workspace)
        if self.given["auto_approve"] and not view.whole:
            view = replace(view, first=0, names=0, notices=0)  # nobody is asked, so counts will do
        text = question_text(plan, view)
        if self.given["plan_file"]:
            text += f"\n\n{holds_line(plan, view)}"
        if self.given["output"] == "text":
            self.talk.data(text)
        else:
            self.talk.say(text)

    def _leave_out(self, plan: Plan) -> None:
        """One target that a rule stands against keeps no other from being made true."""
        blocked = sorted({limit.resource for limit in plan.limits})
        if blocked:
            self.talk.say(f"a rule stands against {', '.join(blocked)}: left as it is, the rest goes on")

    def _ask(self, plan: Plan) -> None:
        """The gist again: a long list of what is left alone may have pushed it off the screen."""
        from collections import Counter

        from controller.cli.session import ask
        from controller.cli.show.words import counted
        from controller.model.entity import Effect

        if not self.given["auto_approve"]:
            changes = _allowed(plan)
            effects = Counter(change.effect for change in changes)
            gist = f"{effects[Effect.GRANTS]:,} give access, {effects[Effect.REVOKES]:,} take it"
            ask(f"Do {'this' if len(changes) == 1 else 'these'} {counted(len(changes), 'change')} ({gist})?")

    def _ended(self, result: RunResult, workspace: Workspace, run_report: RunReport) -> Exit:
        run_report.ended(result, self._view(workspace))
        return exit_of_run(result)

    def _view(self, workspace: Workspace) -> View:
        from controller.cli.session import view_of

        return view_of(self.settings, workspace.specs.controller.timezone)


def _nothing(plan: Plan) -> RunResult:
    """The end of a run that had nothing to do, parked where a target could not be judged."""
    from controller.cli.commands.change.plan import exit_of
    from controller.engine.applying.summing import nothing_done
    from controller.model.outcome import Rollup

    rollup = Rollup.SUCCESS if exit_of(plan, detailed=False) is Exit.FINE else Rollup.PARKED
    return nothing_done(plan, rollup)


def _allowed(plan: Plan) -> list[Change]:
    """The changes that no rule stands against."""
    blocked = {limit.resource for limit in plan.limits}
    return [change for change in plan.changes if change.resource not in blocked]


def _refuse(plan: Plan, view: View, *, saved: str) -> None:
    """A plan of which a rule forbids everything is refused before anybody is asked."""
    from controller.cli.show.plan_end import again, flags, remedy
    from controller.model.errors import RuleRefused, UsageError

    if plan.limits and not _allowed(plan):
        allowed = again("plan" if saved else "apply", plan, flags(plan.limits), *(["--out", saved] if saved else []))
        fixed = next((limit for limit in plan.limits if not limit.flag), None)
        hint = f"if that is right: {view.command(allowed)}" if fixed is None else f"{fixed.message}; {remedy(fixed)}"
        raise RuleRefused("a rule stands against this plan; nothing was done", hint=hint)
    if plan.offline:
        raise UsageError("a plan that was made offline cannot be applied", hint="plan again without --offline")


def exit_of_run(result: RunResult) -> Exit:
    from controller.model.outcome import Rollup, Status

    if result.cancelled:
        return Exit.CANCELLED
    if any(outcome.status is Status.REFUSED and outcome.code == "limit" for outcome in result.outcomes):
        return Exit.REFUSED
    return Exit.FINE if result.rollup in (Rollup.SUCCESS, Rollup.SKIPPED) else Exit.PARTLY
