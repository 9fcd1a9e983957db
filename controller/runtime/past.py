"""Opens what is remembered for the commands that look back: reading only, and also where the specs are wrong or nobody may write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from controller.model.errors import TrueupError
from controller.runtime.workspace import Options
from controller.spec.load import load_specs
from controller.spec.resource import Specs
from controller.state.store import State


@dataclass(frozen=True)
class Memory:
    """``specs`` is None where they cannot be read now; then times are in UTC, and nothing else is lost."""

    state: State
    specs: Specs | None

    @property
    def timezone(self) -> str | None:
        return self.specs.controller.timezone if self.specs else None


@asynccontextmanager
async def open_memory(options: Options) -> AsyncIterator[Memory]:
    """Raises StateUnusable where there is no state, or a damaged one."""
    async with State.open(options.state, keys=None, clock=options.clock, read_only=True) as state:
        yield Memory(state, _specs(options))


def _specs(options: Options) -> Specs | None:
    try:
        return load_specs(options.specs)
    except TrueupError:
        return None
