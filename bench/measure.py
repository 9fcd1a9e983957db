"""How things are timed here: CPU seconds, ours and the floor in turn in one run, medians, and rows of a table.

Absolute figures drift with the machine; only the ratio of two things that were timed in turn says anything.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")


@dataclass(frozen=True)
class Row:
    """One line of the table. ``passed`` None: could not be measured here, ``target`` says why."""

    number: str
    what: str
    figure: str
    floor: str
    ratio: str
    target: str
    passed: bool | None


@dataclass(frozen=True)
class Child:
    """A process that ended well: user and system CPU in seconds, its highest resident memory in MiB, what it printed."""

    cpu: float
    wall: float
    peak: float
    printed: str

    @property
    def answer(self) -> Any:
        return json.loads(self.printed)


def _environ() -> dict[str, str]:
    """Compiled modules are kept, as they are where a program is installed, but not in the checkout."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "trueup-bench-pycache")}


def run(command: Sequence[str | Path]) -> Child:
    """Run a command to its end and measure it; raises RuntimeError with its last words when it fails."""
    began = time.monotonic()
    read, write = os.pipe()
    error_read, error_write = os.pipe()
    child = subprocess.Popen([str(word) for word in command], stdout=write, stderr=error_write, cwd=ROOT, env=_environ())
    os.close(write)
    os.close(error_write)
    with open(read, "rb") as out, open(error_read, "rb") as errors:
        printed, complaint = out.read().decode(), errors.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{Path(str(command[-1])).name} ended with {child.returncode}: {complaint.strip()[-800:]}")
    return Child(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024, printed)


def program(name: str, *arguments: object, python: Path | None = None) -> Child:
    """Run ``bench/programs/<name>.py`` as a module of its own process."""
    return run([python or sys.executable, "-m", f"bench.programs.{name}", *map(str, arguments)])


def in_turn(rounds: int, *runs: Callable[[], Child]) -> list[list[Child]]:
    """Each run ``rounds`` times, in turn (A B A B), after a first time that only fills caches; results by run."""
    for one in runs if rounds > 1 else ():
        one()
    results: list[list[Child]] = [[] for _ in runs]
    for _ in range(rounds):
        for kept, one in zip(results, runs, strict=True):
            kept.append(one())
    return results


def cpu_of(children: Sequence[Child]) -> float:
    return statistics.median(child.cpu for child in children)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU of this process, all threads, while ``work`` runs."""
    began = time.process_time()
    work()
    return time.process_time() - began


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def at_most(number: str, what: str, ours: float, floor: tuple[str, float], most: float) -> Row:
    """A row about CPU seconds: ours must be at most ``most`` times the floor's."""
    name, least = floor
    ratio = ours / least
    return Row(number, what, seconds(ours), f"{seconds(least)} {name}", f"{ratio:.2f}", f"<= {most:g}", ratio <= most)
