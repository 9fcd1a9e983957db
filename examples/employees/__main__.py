"""``python -m examples.employees``: the database and the terminals of the example on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from controller.sdk.loopback import AsgiApp, Served, run_forever
from examples.employees.company import LOCKED, SILENT, TERMINALS, Company

PORT = 18700  # as in specs/: the database; the terminals follow


def stage(company: Company, port: int = PORT) -> list[tuple[AsgiApp, int]]:
    """What listens where. The silent terminal is in the table and nowhere else."""
    ports = [port + number for number in range(1, TERMINALS + 1)]
    answering = [
        (one.app, at) for number, (one, at) in enumerate(zip(company.terminals, ports, strict=True), 1) if number != SILENT
    ]
    return [(company.database(ports).app, port), *answering]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m examples.employees", description=__doc__)
    parser.add_argument("--employees", type=int, default=500, metavar="N", help="how many there are (default: 500)")
    given = parser.parse_args(arguments)
    try:
        run_forever(stage(Company(given.employees)), ready=lambda served: _announce(given.employees, served))
    except (OSError, ValueError) as problem:
        print(f"{problem}\nThe example needs the ports {PORT} to {PORT + TERMINALS} of 127.0.0.1.", file=sys.stderr)
        return 1
    return 0


def _announce(count: int, served: Sequence[Served]) -> None:
    print(f"The database, with {count} employees, listens on {served[0].url}")
    print(f"{TERMINALS} terminals are in its table, on ports {PORT + 1} to {PORT + TERMINALS}:")
    print(
        f"  nothing listens on {PORT + SILENT}, and the one on {PORT + LOCKED} has another password. Ctrl-C stops them.", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
