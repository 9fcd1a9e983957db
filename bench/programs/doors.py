"""Simulated terminals on loopback in a process of their own. Argument: JSON {"doors": 3, "persons": 900, "latency": 0.05}.

Prints where they listen, one JSON list of URLs. Then answers each line of stdin with one of JSON: ``counts`` (calls, writes, 401s
and searches by terminal since the last ``reset``), ``reset``. Ends when stdin does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import AsyncExitStack
from typing import Any

from bench.stage import terminal_for
from controller.sdk.simulation import serve


async def main(options: dict[str, Any]) -> None:
    loop, asked = asyncio.get_running_loop(), asyncio.Queue[str]()
    threading.Thread(target=_listen, args=(loop, asked), daemon=True).start()
    doors = [
        terminal_for(f"BENCH-{i:02d}", persons=options["persons"], latency=options.get("latency", 0.0))
        for i in range(options["doors"])
    ]
    async with AsyncExitStack() as stack:
        print(json.dumps([(await stack.enter_async_context(serve(door))).url for door in doors]), flush=True)
        while (word := await asked.get()) != "end":
            if word == "reset":
                for door in doors:
                    door.faults.forget_calls()
            print(json.dumps([_counts(door) for door in doors]), flush=True)


def _listen(loop: asyncio.AbstractEventLoop, asked: asyncio.Queue[str]) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(asked.put_nowait, line.strip())
    loop.call_soon_threadsafe(asked.put_nowait, "end")


def _counts(door: Any) -> dict[str, int]:
    searches = sum(call.path.endswith("/Search") and call.status == 200 for call in door.log)
    faults = door.faults
    return {"calls": faults.calls, "writes": faults.writes, "unauthorized": faults.unauthorized, "searches": searches}


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
