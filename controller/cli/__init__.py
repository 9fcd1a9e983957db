"""The command line: parses, calls the runtime, shows. Decides nothing, and imports nothing but click until a command runs."""

from __future__ import annotations

import sys


def main() -> None:
    """The ``trueup`` command."""
    from controller.cli.app import run

    sys.exit(run(sys.argv[1:]))
