"""Rows 6 and 7: an apply that changes everybody on twenty terminals, over loopback sockets."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.measure import QUICK, Row, program

DOORS, LATENCY = 20, 50  # milliseconds
BATCH = 30


def rows(folder: Path) -> Iterator[Row]:
    yield from _fast(folder / "fast", 60)
    yield from _slow(folder / "slow", 60 if QUICK else 180)


def _measured(folder: Path, *options: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    found: dict[str, Any] = program("apply", folder, *options).answer
    return found


def _fast(folder: Path, persons: int) -> Iterator[Row]:
    found = _measured(folder, DOORS, persons, 0, 1 if QUICK else 3)
    changes = DOORS * persons
    ours, bare = (statistics.median(changes / one["wall"] for one in found[name]) for name in ("ours", "bare"))
    what = f"apply, {DOORS} lanes,"
    yield Row(
        "6",
        f"{what} durable begin",
        f"{ours:.0f}/s",
        f"{bare:.0f}/s without journal",
        f"{ours / bare:.2f}",
        ">= 0.6",
        ours >= 0.6 * bare,
    )
    last = found["ours"][-1]
    share = max(one["commits"] / one["changes"] for one in found["ours"])
    yield Row("6", f"{what} commits per operation", f"{share:.3f}", "-", "-", "<= 0.25", share <= 0.25)
    writes = {one["writes"] for one in last["counts"]}
    right = writes == {persons} and last["done"] == last["changes"] == changes
    yield Row("6", f"{what} writes per terminal", "/".join(map(str, sorted(writes))), f"{persons} changes", "-", "one each", right)
    batches = -(-persons // BATCH)
    searches = max(one["searches"] for one in last["counts"])
    yield Row(
        "6", f"{what} looks before and after", str(searches), f"{batches} batches", "-", "<= 2 per batch", searches <= 2 * batches
    )


def _slow(folder: Path, persons: int) -> Iterator[Row]:
    found = _measured(folder, DOORS, persons, LATENCY, 1)
    changes = DOORS * persons
    rate, bare = (statistics.median(changes / one["wall"] for one in found[name]) for name in ("ours", "bare"))
    physics = DOORS / (LATENCY / 1000)
    what = f"apply, {DOORS} lanes at {LATENCY} ms, {persons} changes each"
    floor = f"{physics:.0f}/s D/L, {bare:.0f}/s bare"
    yield Row("7", what, f"{rate:.0f}/s", floor, f"{rate / physics:.2f}", ">= 0.85", rate >= 0.85 * physics)
