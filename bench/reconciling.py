"""Rows 4 and 5: a reconcile that finds nothing to do, over loopback sockets, in calls and in time."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.measure import QUICK, Row, at_most, program

LATENCY = 50  # milliseconds


def rows(folder: Path) -> Iterator[Row]:
    few = _measured(folder / "few", 2, 300, 0, 2)
    many = _measured(folder / "many", 2, 900 if QUICK else 3000, 0, 3 if QUICK else 5)
    yield from _calls(few, many)
    cpu, bare = (statistics.median(one["cpu"] for one in many[name]) for name in ("ours", "bare"))
    yield at_most("5", f"no-op reconcile, CPU, 2 terminals, {many['pages']} pages each", cpu, ("bare loop", bare), 1.5)
    yield _wall(_measured(folder / "slow", 3, 300 if QUICK else 900, LATENCY, 1 if QUICK else 3))


def _measured(folder: Path, *options: int) -> dict[str, Any]:
    folder.mkdir(parents=True)
    found: dict[str, Any] = program("reconcile", folder, *options).answer
    return found


def _calls(few: dict[str, Any], many: dict[str, Any]) -> Iterator[Row]:
    counts, pages = many["counts"], many["pages"]
    most = max(one["calls"] - one["unauthorized"] for one in counts)
    what = "no-op reconcile,"
    yield Row(
        "4", f"{what} calls per terminal", str(most), f"{pages} pages", f"pages + {most - pages}", "<= pages + 6", most <= pages + 6
    )
    refused = {one["unauthorized"] for one in counts}
    yield Row("4", f"{what} answers 401 per terminal", _listed(refused), "-", "-", "exactly 1", refused == {1})
    writes = sum(one["writes"] for one in counts)
    yield Row("4", f"{what} writes", str(writes), "-", "-", "0", writes == 0)
    here, there = ({one["commits"] for one in found["ours"][1:]} for found in (few, many))
    figure = f"{_listed(there)} at {pages} pages"
    yield Row(
        "4", f"{what} transactions", figure, f"{_listed(here)} at {few['pages']} pages", "-", "the same", max(there) <= max(here)
    )


def _wall(found: dict[str, Any]) -> Row:
    wall, bare = (statistics.median(one["wall"] for one in found[name]) for name in ("ours", "bare"))
    pages, physics = found["pages"], found["pages"] * LATENCY / 1000
    most = 1.10 * physics + 0.5
    what = f"no-op reconcile, wall, 3 terminals, {pages} pages at {LATENCY} ms"
    floor = f"{physics:.2f} s P x L, {bare:.2f} s bare"
    return Row("5", what, f"{wall:.2f} s", floor, f"{wall / physics:.2f}", f"<= {most:.2f} s", wall <= most)


def _listed(numbers: set[int]) -> str:
    return "/".join(str(number) for number in sorted(numbers))
