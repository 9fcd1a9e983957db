"""The state without the specs: opened to look at or to work on, and checked beside the specs of today. Asks nobody outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from controller.model.errors import TrueupError
from controller.runtime.workspace import Options, open_secrets
from controller.spec.load import load_specs
from controller.state.keys import FILE as KEY
from controller.state.keys import VARIABLE, Keys, load_keys
from controller.state.opening import no_state
from controller.state.store import State
from controller.state.upkeep.checkup import Checked, check_state
from controller.state.upkeep.finding import Finding


def state_findings(options: Options) -> list[Finding]:
    """How the state stands; raises nothing."""
    return check_state(Checked(options.state, options.environ, options.clock, _declared(options)))


def _declared(options: Options) -> Callable[[str], bool] | None:
    """Whether the specs know an address; None when they cannot be read. What records make is taken for declared."""
    try:
        specs = load_specs(options.specs, vars_files=options.vars_files)
    except (TrueupError, OSError):
        return None
    return lambda address: address in specs.by_address or specs.made_by_records(address) is not None


@asynccontextmanager
async def open_existing(options: Options) -> AsyncIterator[State]:
    """The state alone, to work on it; raises StateUnusable when there is none, instead of making one."""
    if not State.exists(options.state):
        raise no_state(options.state)
    async with open_secrets(options) as state:
        yield state


@asynccontextmanager
async def open_to_look(options: Options) -> AsyncIterator[State]:
    """The state alone, for reading, without a key: nothing in it is opened or changed."""
    async with State.open(options.state, keys=None, clock=options.clock, read_only=True) as state:
        yield state


def known_keys(options: Options) -> Keys | None:
    """The key of the workspace, None when there is none yet; raises KeyUnusable for one that cannot be used. Makes none."""
    if VARIABLE not in options.environ and not (options.state / KEY).exists():
        return None
    return load_keys(options.state, options.environ)
