"""Rows 1 to 3: what a plan costs in CPU and memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import stage
from bench.measure import QUICK, ROOT, Row, at_most, cpu_of, in_turn, program, seconds

PEER = ROOT / ".venv-bench"


def rows(folder: Path) -> Iterator[Row]:
    yield from _compute()
    yield from _process(folder)
    yield from _memory(folder)


def _compute() -> Iterator[Row]:
    """100k bindings are 50k persons at two terminals, 1M at twenty; in a quick run a fifth of that."""
    persons = 10_000 if QUICK else 50_000
    for devices, rounds in ((2, 5), (20, 1 if QUICK else 2)):
        took = program("compute", persons, devices, rounds).answer
        ours, least, parsed = (statistics.median(took[name]) for name in ("ours", "msgspec", "json"))
        what = f"plan compute, {persons * devices:,} bindings"
        yield at_most("1", what, ours, ("streaming msgspec", least), 2)
        yield Row("1", what, seconds(ours), f"{seconds(parsed)} streaming json", f"{ours / parsed:.2f}", "< 1", ours < parsed)


def _process(folder: Path) -> Iterator[Row]:
    small = _staged(folder / "small", 10_000, 1)
    floor, ours = in_turn(3 if QUICK else 7, lambda: program("floor_json", small), lambda: program("plan", small, 1))
    yield at_most("2", "plan, whole process, 10,000 objects", cpu_of(ours), ("json process", cpu_of(floor)), 3)
    count = 20_000 if QUICK else 100_000
    large = _staged(folder / "large", count, 1)
    floor, ours = in_turn(1 if QUICK else 3, lambda: program("floor_json", large), lambda: program("plan", large, 1))
    what = f"plan, whole process, {count:,} objects"
    ratio = f"{cpu_of(ours) / cpu_of(floor):.2f}"
    yield Row("2", what, seconds(cpu_of(ours)), f"{seconds(cpu_of(floor))} json process", ratio, "for knowledge", None)
    python = _peer()
    target = ">= 10 times less"
    if python is None:
        yield Row("2", f"{what}, DiffSync", seconds(cpu_of(ours)), "not installed", "-", "skipped: no package index", None)
        return
    [peer], [again] = in_turn(1, lambda: program("peer_diffsync", large, python=python), lambda: program("plan", large, 1))
    if peer.answer["changes"] != again.answer["changes"]:
        raise RuntimeError(f"DiffSync finds {peer.answer['changes']} changes, the plan {again.answer['changes']}")
    mine = cpu_of([*ours, again])
    yield Row("2", what, seconds(mine), f"{seconds(peer.cpu)} DiffSync", f"1/{peer.cpu / mine:.1f}", target, peer.cpu >= 10 * mine)


def _memory(folder: Path) -> Iterator[Row]:
    persons = 10_000 if QUICK else 50_000
    one = program("plan", _staged(folder / "one", persons, 1), 1, "http")
    many = program("plan", _staged(folder / "many", persons, 20), 1, "http")
    count = f"{persons * 20:,} bindings"
    yield Row("3", f"plan memory, {count}", f"{many.peak:.0f} MiB", "-", "-", "<= 150 MiB", many.peak <= 150)
    ratio = many.peak / one.peak
    what = "plan memory, 20 terminals one after the other"
    yield Row("3", what, f"{many.peak:.0f} MiB", f"{one.peak:.0f} MiB at one", f"{ratio:.2f}", "<= 1.15", ratio <= 1.15)


def _staged(folder: Path, persons: int, devices: int) -> Path:
    if not folder.exists():
        folder.mkdir(parents=True)
        stage.write_members(folder, persons)
        stage.write_pages(folder, persons)
        stage.write_documents(folder)
        stage.write_specs(folder, [f"http://door{index}.invalid" for index in range(devices)])
        stage.write_inventory(folder, devices, persons)
    return folder


def _peer() -> Path | None:
    """The Python that has DiffSync, installed on first use; None where there is no package index."""
    python, wanted = PEER / "bin" / "python", ROOT / "bench" / "requirements.txt"
    mark = PEER / ".ready"
    if mark.exists() and mark.stat().st_mtime >= wanted.stat().st_mtime:
        return python
    print("installing the peer into .venv-bench ...", file=sys.stderr, flush=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", str(wanted)]
    for command in ([sys.executable, "-m", "venv", str(PEER)], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"  it cannot be installed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
    mark.touch()
    return python
