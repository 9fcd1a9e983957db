"""Apply over loopback sockets: every person on every terminal gets another end of validity, by the real workspace.

The floor makes the same calls (look, write each, look again) through the same HTTP client, provider reader and writer, with no
journal and no engine. They undo each other's work, in turn. Arguments: folder, terminals, persons on each, milliseconds that a
call takes, rounds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench import stage
from bench.doors import Doors, doors
from controller.model.change import Action
from controller.model.period import Period
from controller.runtime.workspace import Options, open_workspace
from controller.sdk import Context, Ref, SystemClock, Write
from controller.sdk.http import Http
from providers.hikvision.config import HikvisionConfig
from providers.hikvision.provider import PROVIDER

SHORT = Period(stage.BEGIN, stage.OTHER_END)


async def ours(folder: Path, sim: Doors) -> dict[str, Any]:
    options = Options((folder / "specs",), folder / ".trueup", None, stage.ENVIRON, SystemClock())
    async with open_workspace(options, write=True) as workspace:
        planned = await workspace.plan()
        if planned.plan.limits:
            raise RuntimeError(f"limited: {planned.plan.limits[0].message}")
        store = workspace._world.state.store
        before = store.commits
        sim.reset()
        gc.collect()
        cpu, wall = time.process_time(), time.monotonic()
        result = await workspace.apply(planned)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        commits = store.commits - before
    spent = {"cpu": cpu, "wall": wall, "commits": commits}
    return {**spent, "changes": len(planned.plan.changes), "done": result.counts.get("done", 0), "counts": sim.counts()}


async def bare(urls: list[str], persons: int) -> dict[str, Any]:
    gc.collect()
    cpu, wall = time.process_time(), time.monotonic()
    await asyncio.gather(*(_bare_lane(url, persons) for url in urls))
    return {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}


async def _bare_lane(url: str, persons: int) -> None:
    config = HikvisionConfig.model_validate({"url": url, "username": "admin", "password": {"env": "DOOR_PASSWORD"}})
    clock = SystemClock()
    async with Http(PROVIDER.endpoint(config), username="admin", password=stage.PASSWORD, clock=clock) as http:
        context = Context(http, clock, ZoneInfo("Europe/Stockholm"))
        async with PROVIDER.reader(config, context) as reader, PROVIDER.writer(config, context) as writer:
            await reader.facts()
            for start in range(0, persons, PROVIDER.batch):
                refs = [Ref(f"{number:07d}") for number in range(start, min(start + PROVIDER.batch, persons))]
                found = {one.key: one for one in await reader.read("person", refs)}
                writes = [
                    Write(one.key, Action.UPDATE, "person", one.key, (one.values[0], SHORT, *one.values[2:]), current=one)
                    for one in found.values()
                ]
                async for written in writer.apply(writes):
                    assert written.error is None, written.error
                assert all(one.values[1] == SHORT for one in await reader.read("person", refs))


def main(folder: Path, count: int, persons: int, milliseconds: int, rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {"ours": [], "bare": []}
    with doors(count, persons, milliseconds / 1000) as sim:
        stage.write_members(folder, persons)
        stage.write_specs(folder, sim.urls)
        stage.write_inventory(folder, count, persons)
        for _ in range(rounds):
            results["bare"].append(asyncio.run(bare(sim.urls, persons)))
            results["ours"].append(asyncio.run(ours(folder, sim)))
    return results


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *map(int, sys.argv[2:6]))))
