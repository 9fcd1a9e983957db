"""Simulated terminals in another process, as a value that programs hold while they measure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.measure import ROOT


@dataclass
class Doors:
    process: subprocess.Popen[str]
    urls: list[str]

    def counts(self) -> list[dict[str, int]]:
        """What each was asked since the last ``reset``."""
        found: list[dict[str, int]] = self._ask("counts")
        return found

    def reset(self) -> None:
        self._ask("reset")

    def _ask(self, word: str) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def doors(count: int, persons: int, latency: float = 0.0) -> Iterator[Doors]:
    options = json.dumps({"doors": count, "persons": persons, "latency": latency})
    command = [sys.executable, "-m", "bench.programs.doors", options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Doors(process, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
