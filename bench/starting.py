"""Rows 8 and 9: what it costs to say how trueup is used, and to check specs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import stage
from bench.measure import QUICK, ROOT, Row, at_most, cpu_of, in_turn, program, run


def rows(folder: Path) -> Iterator[Row]:
    yield _help()
    for count, rounds, most in ((100, 7, 1.8), (1000 if QUICK else 10_000, 2, 2.5)):
        yield _validate(folder / f"specs-{count}", count, rounds, most)


def _help() -> Row:
    command = [sys.executable, "-c", "from controller.cli import main; import sys; sys.argv[:] = ['trueup', '--help']; main()"]
    floor: list[str | Path] = [sys.executable, ROOT / "bench" / "programs" / "floor_click.py", "--help"]
    ours, least = in_turn(5 if QUICK else 15, lambda: run(command), lambda: run(floor))
    return at_most("8", "trueup --help", cpu_of(ours), ("click alone", cpu_of(least)), 1.3)


def _validate(folder: Path, count: int, rounds: int, most: float) -> Row:
    folder.mkdir(parents=True)
    stage.write_members(folder, 10)
    specs = stage.write_specs(folder, [f"http://door{index}.invalid" for index in range(count)], parallel=16)
    source = f"import sys; sys.argv[:] = ['trueup', '-f', {str(specs)!r}, 'validate']; from controller.cli import main; main()"
    ours, least = in_turn(
        3 if QUICK else rounds, lambda: run([sys.executable, "-c", source]), lambda: program("floor_validate", specs)
    )
    return at_most("9", f"trueup validate, {count:,} resources", cpu_of(ours), ("C YAML + pydantic", cpu_of(least)), most)
