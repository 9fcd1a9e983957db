"""``--refresh-only`` of plan and apply: what moved at the targets, shown or taken as last written. Never opens a writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.cli.exits import Exit

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.talk import Talk
    from controller.engine.plans.planning import Planned
    from controller.model.change import Plan
    from controller.runtime.workspace import Workspace


async def show_moved(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    """``plan --refresh-only``."""
    from controller.cli.session import opened

    _refuse_the_rest(given, ("out", "offline", "bootstrap", "allow", "replace", "destroy", "write"))
    async with opened(settings, write=False) as workspace:
        planned = await _look(workspace, talk, given)
        _tell(settings, talk, given["output"], (workspace, planned.plan))
    return _exit_of(planned.plan, detailed=given["detailed_exitcode"])


async def refresh(settings: Settings, talk: Talk, given: dict[str, Any]) -> Exit:
    """``apply --refresh-only``: shows what moved, asks, and takes it as last written."""
    from controller.cli.session import ask, must_be_able_to_ask, opened, view_of
    from controller.cli.show.documents import RunDocument, encoded
    from controller.cli.show.outcome_text import outcome_text
    from controller.cli.show.words import counted
    from controller.runtime.verbs import refresh as take

    _refuse_the_rest(given, ("plan_file", "resume", "reviewed", "bootstrap", "allow", "replace", "destroy", "write"))
    if not given["auto_approve"]:
        must_be_able_to_ask()
    async with opened(settings, write=True) as workspace:
        planned = await _look(workspace, talk, given)
        plan = planned.plan
        if given["output"] == "text" or not given["auto_approve"]:
            _tell(settings, talk, "text" if given["output"] == "text" else "talk", (workspace, plan))
        if plan.changes and not given["auto_approve"]:
            ask(f"Take {counted(len(plan.changes), 'entry', 'entries')} as last written? Nothing is sent to a target.")
        if not plan.changes and given["output"] == "text":
            return _exit_of(plan, detailed=False)
        result = await take(workspace, planned, wait=given["wait"], tell=talk.detail)
        view = view_of(settings, workspace.specs.controller.timezone)
    talk.data(encoded(RunDocument(result)) if given["output"] == "json" else "\n" + outcome_text(result, view))
    stale = any(outcome.status.value == "stale" for outcome in result.outcomes)
    return Exit.PARTLY if stale else _exit_of(plan, detailed=False)


async def _look(workspace: Workspace, talk: Talk, given: dict[str, Any]) -> Planned:
    from controller.cli.session import scope_of
    from controller.cli.show.progress import progress
    from controller.runtime.verbs import moved

    scope = scope_of(given["targets"], given["excludes"], given["only"], given["labels"])
    with progress(talk) as report:
        return await moved(workspace, scope, report)


def _refuse_the_rest(given: dict[str, Any], words: tuple[str, ...]) -> None:
    from controller.model.errors import UsageError

    wrong = [f"--{word}" if word != "plan_file" else "a plan file" for word in words if given.get(word)]
    if wrong or given["output"] not in ("text", "json"):
        message = f"--refresh-only does not go with {' and '.join(wrong) or '-o ' + given['output']}"
        raise UsageError(message, hint="it looks at the targets and changes only what trueup remembers of them")


def _tell(settings: Settings, talk: Talk, output: str, known: tuple[Workspace, Plan]) -> None:
    from controller.cli.session import view_of
    from controller.cli.show.documents import DriftDocument, encoded, summary_of
    from controller.cli.show.plan_text import moved_text

    workspace, plan = known
    text = moved_text(plan, view_of(settings, workspace.specs.controller.timezone))
    if output == "json":
        talk.data(encoded(DriftDocument(summary_of(plan), plan)))
    elif output == "talk":
        talk.say(text)
    else:
        talk.data(text)


def _exit_of(plan: Plan, *, detailed: bool) -> Exit:
    from controller.model.change import Condition

    if any(resource.condition is Condition.PARKED for resource in plan.resources):
        return Exit.PARTLY
    return Exit.CHANGES if detailed and plan.changes else Exit.FINE
