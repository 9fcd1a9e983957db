"""A no-op over loopback sockets: the real workspace plans and applies nothing; its HTTP client alone fetches the same pages.

Arguments: folder, terminals, persons on each, milliseconds that a call takes, rounds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench import stage
from bench.doors import Doors, doors
from controller.runtime.workspace import Options, open_workspace
from controller.sdk import Endpoint, SystemClock
from controller.sdk.http import Http

BASE = "/ISAPI/AccessControl"
DOCUMENTS = [
    ("/ISAPI/System/deviceInfo", None),
    ("/ISAPI/System/time", None),
    (f"{BASE}/capabilities", None),
    (f"{BASE}/UserInfo/capabilities", {"format": "json"}),
    (f"{BASE}/CardInfo/capabilities", {"format": "json"}),
    (f"{BASE}/UserInfo/Count", {"format": "json"}),
]


async def ours(folder: Path) -> dict[str, Any]:
    options = Options((folder / "specs",), folder / ".trueup", None, stage.ENVIRON, SystemClock())
    async with open_workspace(options, write=True) as workspace:
        store = workspace._world.state.store
        before = store.commits
        gc.collect()
        cpu, wall = time.process_time(), time.monotonic()
        planned = await workspace.plan()
        result = await workspace.apply(planned)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    unsound = [summary.message for summary in planned.plan.resources if summary.condition.value != "complete"]
    if planned.plan.changes or unsound:
        raise RuntimeError(f"this should have been a no-op: {len(planned.plan.changes)} changes, {unsound[:2]}")
    return {"cpu": cpu, "wall": wall, "commits": store.commits - before, "rollup": result.rollup.value}


async def bare(urls: list[str], persons: int) -> dict[str, Any]:
    gc.collect()
    cpu, wall = time.process_time(), time.monotonic()
    await asyncio.gather(*(_bare_lane(url, persons) for url in urls))
    return {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}


async def _bare_lane(url: str, persons: int) -> None:
    endpoint = Endpoint(url, scheme="digest")
    headers = {"Content-Type": "application/json"}
    async with Http(endpoint, username="admin", password=stage.PASSWORD, clock=SystemClock()) as http:
        for path, params in DOCUMENTS:
            await http.request("GET", path, params=params)
        for position in range(0, persons, stage.PAGE):
            body = b'{"UserInfoSearchCond":{"searchID":"b","searchResultPosition":%d,"maxResults":30}}' % position
            found = await http.request(
                "POST", f"{BASE}/UserInfo/Search", content=body, headers=headers, params={"format": "json"}, safe=True
            )
            assert found.ok and found.body


def measure(folder: Path, sim: Doors, persons: int, rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {"ours": [], "bare": [], "pages": -(-persons // stage.PAGE)}
    for _ in range(rounds):
        results["bare"].append(asyncio.run(bare(sim.urls, persons)))
        sim.reset()
        results["ours"].append(asyncio.run(ours(folder)))
        results["counts"] = sim.counts()
    return results


def main(folder: Path, count: int, persons: int, milliseconds: int, rounds: int) -> dict[str, Any]:
    with doors(count, persons, milliseconds / 1000) as sim:
        stage.write_members(folder, persons)
        stage.write_specs(folder, sim.urls)
        stage.write_inventory(folder, count, persons)
        return measure(folder, sim, persons, rounds)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *map(int, sys.argv[2:6]))))
