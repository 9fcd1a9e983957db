"""How every resource stands, a line when all is well, and what is wrong otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.documents import StatusRow
from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.words import counted, moment, number

_TROUBLES = {
    "Ready": "cannot be worked with",
    "Synced": "the last run did not finish here",
    "Drifted": "changed at the target",
    "Stalled": "gets no further",
    "Orphaned": "no spec declares it any more",
}
_REASONS = {"Destroyed": "what was ours here was destroyed; the next apply makes what is declared"}
_STEPS = {
    "Ready": "test {address}",
    "Synced": "plan --target {address}",
    "Drifted": "drift --target {address}",
    "Stalled": "plan --target {address}",
    "Orphaned": "plan",
}


def status_text(rows: Sequence[StatusRow], view: View = STANDARD) -> str:
    if not rows:
        return f"Nothing is declared yet. To begin: {view.command('init')}"
    lines = [line for row in rows for line in _row_lines(row, view)]
    troubled = sum(any(c.trouble for c in row.conditions) for row in rows)
    lines += ["", f"{counted(len(rows), 'resource')}, {number(troubled)} with something to look at."]
    return "\n".join(lines)


def _row_lines(row: StatusRow, view: View) -> Iterator[str]:
    yield from wrapped(f"{row.address}  {_word(row)}  ({row.provider or 'no spec declares it any more'})", 0, hang=2)
    owned = ", ".join(counted(count, kind) for kind, count in row.owned.items() if count)
    facts = [f"owned: {owned}"] if owned else []
    facts += [f"last read {moment(row.last_read, view.zone)}"] if row.last_read else []
    facts += [f"last run: {row.last_run}"] if row.last_run else []
    if facts:
        yield from wrapped("; ".join(facts), 2, hang=2)
    for condition in row.conditions:
        if condition.trouble:
            since = f", since {moment(condition.last_transition, view.zone)}" if condition.last_transition else ""
            trouble = _REASONS.get(condition.reason) or _TROUBLES.get(condition.type, condition.type)
            said = f"{trouble}: {condition.message}" if condition.message else trouble
            yield from wrapped(view.told(f"{said}{since}"), 2, hang=2, sign="! ")
            if step := _STEPS.get(condition.type):
                yield from wrapped(f"to see more: {view.command(step.format(address=row.address))}", 4, sign="-> ")


def _word(row: StatusRow) -> str:
    if any(c.trouble for c in row.conditions):
        return "needs a look"
    ready = next((c.status for c in row.conditions if c.type == "Ready"), "Unknown")
    return "ready" if ready == "True" else "not looked at yet"
