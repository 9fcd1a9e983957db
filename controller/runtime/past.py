"""For the commands that look back: what is remembered, for reading alone and also where the specs are wrong; rollbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from controller.engine.past.account import account
from controller.engine.past.rollback import plan_rollback
from controller.engine.plans import planfile
from controller.engine.plans.planning import Planned, Wanted
from controller.engine.review.rules import must_be_allowable
from controller.engine.world import Report, silent
from controller.model.change import Plan
from controller.model.errors import TrueupError, UsageError
from controller.model.labels import selector
from controller.model.scope import Scope
from controller.runtime.workspace import Options, Workspace
from controller.spec.load import load_specs
from controller.spec.resource import Specs
from controller.state.keys import load_keys
from controller.state.store import State


@dataclass(frozen=True)
class Memory:
    """``specs`` is None where they cannot be read now; then times are in UTC, and nothing else is lost."""

    state: State
    specs: Specs | None

    @property
    def timezone(self) -> str | None:
        return self.specs.controller.timezone if self.specs else None

    async def labelled(self, labels: Sequence[str]) -> tuple[str, ...] | None:
        """The addresses of all that is declared or remembered and has these labels; None when none were asked for.

        Raises UsageError where the specs, in which labels stand, cannot be read, or nothing has them.
        """
        return await labelled(self.state, self.specs, labels) if labels else None


async def labelled(state: State, specs: Specs | None, labels: Sequence[str]) -> tuple[str, ...]:
    """See ``Memory.labelled``. What records made is known by the labels that its document has itself."""
    if specs is None:
        hint = "to see what is wrong with them: trueup validate"
        raise UsageError("labels stand in the specs, and they cannot be read now", hint=hint)
    wanted = [selector(text) for text in labels]
    remembered = [row.resource for row in await state.targets.all()]
    known = dict.fromkeys([*specs.by_address, *await state.inventory.resources(), *remembered])
    found = tuple(address for address in known if all(one.matches(specs.labels_of(address)) for one in wanted))
    if not found:
        raise UsageError(f"no resource matches {' '.join(f'--label {text}' for text in labels)}", hint="see: trueup status")
    return found


@asynccontextmanager
async def open_memory(options: Options) -> AsyncIterator[Memory]:
    """Raises StateUnusable where there is no state, or a damaged one."""
    async with State.open(options.state, keys=None, clock=options.clock, read_only=True) as state:
        yield Memory(state, _specs(options))


def _specs(options: Options) -> Specs | None:
    try:
        return load_specs(options.specs, vars_files=options.vars_files)
    except TrueupError:
        return None


@dataclass(frozen=True)
class PlanFile:
    """A saved plan whose signature holds. ``unfit`` says why it cannot be applied any more, as far as files tell."""

    plan: Plan
    timezone: str | None
    expired: bool = False
    unfit: str = ""


def is_plan_file(name: str) -> bool:
    """Whether what was given in place of a run is a file."""
    return Path(name).is_file()


def read_plan_file(options: Options, path: Path) -> PlanFile:
    """Raises PlanRejected for a plan that was edited, or made in another workspace or with another key."""
    plan = planfile.read(path, load_keys(options.state, options.environ))
    specs = _specs(options)
    expired = datetime.fromisoformat(plan.expires) <= options.clock.now()
    unfit = ""
    if plan.offline:
        unfit = "it was made offline and has not seen the targets"
    elif expired:
        unfit = "it has expired; plan again"
    elif specs is None:
        unfit = "the specs cannot be read now; to see why: trueup validate"
    elif specs.digest != plan.spec:
        unfit = "the specs have changed since; plan again"
    return PlanFile(plan, specs.controller.timezone if specs else None, expired, unfit)


async def rollback(workspace: Workspace, run: str, scope: Scope, allow: frozenset[str], report: Report = silent) -> Planned:
    """A signed plan that returns what a run changed, to be applied from its file. Raises UsageError for a run that is not known."""
    world = workspace.world
    must_be_allowable(workspace.specs.controller.rules, allow)
    planned = await plan_rollback(world, await account(world.state, run), Wanted(scope, allow), report)
    return replace(planned, plan=planfile.signed(planned.plan, world.keys))
