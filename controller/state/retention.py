"""How long each table remembers. The inventory, protections, targets and secrets are never pruned: they are what is true now."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.state.rows import stamp
from controller.state.statements import statements


@dataclass(frozen=True)
class Keep:
    """A row goes when it is older than ``days`` and not among the ``newest``."""

    days: int
    newest: int = 0


# In this order: what belongs to a run goes when its run has gone.
KEEP: tuple[tuple[str, Keep], ...] = (
    ("runs", Keep(90, 100)),
    ("run_plans", Keep(90)),
    ("journal", Keep(90)),
    ("outcomes", Keep(90)),
    ("events", Keep(90, 10_000)),
    ("outbox", Keep(30)),
    ("inbox", Keep(30)),
)


def prune(conn: sqlite3.Connection, now: datetime) -> dict[str, int]:
    """Drop what need not be remembered any more; table to number of rows dropped.

    What is not ended (an open run, an entry of the journal, an undelivered message) stays whatever its age.
    """
    sql = statements("retention")
    budget = stamp(now - timedelta(days=2))  # rolling budgets look back 24 hours
    dropped: dict[str, int] = {}
    for table, keep in KEEP:
        limits = {"before": stamp(now - timedelta(days=keep.days)), "keep": keep.newest, "budget": budget}
        dropped[table] = conn.execute(getattr(sql, table), limits).rowcount
    return dropped
