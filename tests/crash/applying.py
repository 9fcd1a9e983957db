"""A process of its own that plans and applies, and kills itself at the step it was told; run by ``test_kill.py``.

``python -m tests.crash.applying SPECS STATE STEP``: STEP is the number of a commit or call, counted before and after each; -1 for
none. Prints how many steps there were and how the run ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.runtime.workspace import Options, open_workspace
from controller.sdk.context import SystemClock
from controller.sdk.http import Http
from controller.state.writer import Store

ALLOW = frozenset({"bootstrap", "grant:Device/front-door=999", "revoke:Device/front-door=999"})


def count_steps(kill_at: int) -> Callable[[], int]:
    """Step at every commit and every call, before and after; the process ends at ``kill_at``."""
    seen = 0

    def step() -> None:
        nonlocal seen
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    def around(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def stepped(*given: Any, **named: Any) -> Any:
            step()
            result = await plain(*given, **named)
            step()
            return result

        return stepped

    Store.write = around(Store.write)  # type: ignore[method-assign]
    Http.request = around(Http.request)  # type: ignore[method-assign]
    return lambda: seen


async def apply(specs: Path, state: Path) -> str:
    options = Options((specs,), state, None, dict(os.environ), SystemClock())
    async with open_workspace(options, write=True) as workspace:
        planned = await workspace.plan(allow=ALLOW)
        return (await workspace.apply(planned, wait=30.0)).rollup.value


def main(specs: str, state: str, kill_at: str) -> None:
    steps = count_steps(int(kill_at))
    ended = asyncio.run(apply(Path(specs), Path(state)))
    print(steps(), ended)


if __name__ == "__main__":
    main(*sys.argv[1:])
