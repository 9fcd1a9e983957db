"""``make bench``: every row of the table, each beside its floor. Says pass or miss and always ends well.

``BENCH_QUICK=1`` measures less; names of topics as arguments measure those only: planning reconciling applying starting.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import applying, planning, reconciling, starting
from bench.measure import QUICK, Row

TOPICS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "planning": planning.rows,
    "reconciling": reconciling.rows,
    "applying": applying.rows,
    "starting": starting.rows,
}
WIDTHS = (2, 56, 20, 26, 10, 16)


def line(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, (*WIDTHS, 6), strict=True)).rstrip()


def shown(row: Row) -> str:
    verdict = "-" if row.passed is None else "pass" if row.passed else "MISS"
    return line(row.number, row.what, row.figure, row.floor, row.ratio, row.target, verdict)


def main(arguments: Sequence[str]) -> None:
    began, passed, missed = time.monotonic(), 0, 0
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores{', a quick run' if QUICK else ''}")
    print("Figures are CPU seconds unless they say otherwise; only ratios can be compared between machines.")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    print(
        f"Load {load:.1f}" + (": others are at work here, so wall times and rates (5, 6, 7) say little" if load > cores / 2 else "")
    )
    print()
    print(line("#", "what", "figure", "floor", "ratio", "target", "verdict"), flush=True)
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as folder:
        for name in arguments or TOPICS:
            try:
                for row in TOPICS[name](Path(folder) / name):
                    print(shown(row), flush=True)
                    passed, missed = passed + (row.passed is True), missed + (row.passed is False)
            except (RuntimeError, OSError) as problem:  # a bench that breaks must not break the build
                print(f"   {name} could not be measured: {problem}", flush=True)
    print(f"\n{passed} pass, {missed} miss, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
