"""Ours, whole: specs, state, a JSON source through its provider, the desired set, every terminal's pages, a signed plan.

Everything is the program's own path but two things: no command line is parsed, and terminals answer from a file instead of a
socket (``bench.pages``). Arguments: folder, how many terminals are read side by side, and perhaps ``http``: then the HTTP library
is loaded as well, though unused, so that memory is what it is in a real plan.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bench.pages import PagesHttp
from bench.stage import KEY
from controller.engine.plans import planfile
from controller.engine.plans.planning import Wanted, make_plan
from controller.engine.standing import after_look
from controller.engine.world import World
from controller.sdk.context import Context, SystemClock
from controller.spec.load import load_specs
from controller.spec.resource import Resource
from controller.state.keys import Keys
from controller.state.store import State


async def main(folder: Path, lanes: int) -> dict[str, Any]:
    clock, keys = SystemClock(), Keys(KEY)
    specs = load_specs([folder / "specs"])

    @asynccontextmanager
    async def connect(resource: Resource) -> AsyncIterator[Context]:
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(resource.zone) if resource.zone else None
        if resource.address.kind == "Source":
            yield Context(http=cast(Any, None), clock=clock, zone=zone, folder=resource.folder)
            return
        http = PagesHttp(folder, str(resource.address))
        try:
            yield Context(http=cast(Any, http), clock=clock, zone=zone, folder=resource.folder)
        finally:
            http.close()

    async with State.open(folder / ".trueup", keys=keys, clock=clock) as state:
        world = World(specs, state, keys, clock, connect, lanes=asyncio.Semaphore(lanes))
        began = time.process_time()
        planned = await make_plan(world, Wanted())
        await after_look(world, planned.plan)
        plan = planfile.signed(planned.plan, keys)
        took = time.process_time() - began
    parked = [summary.message for summary in plan.resources if summary.condition.value != "complete"]
    actual = sum(summary.actual for summary in plan.resources)
    return {"changes": len(plan.changes), "bindings": actual, "parked": parked[:3], "cpu": took}


if __name__ == "__main__":
    if "http" in sys.argv[3:]:
        import controller.sdk.http  # noqa: F401
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))))
