"""What is remembered, in words: resources and entities, what would be forgotten, who holds the lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.words import counted, moment
from controller.state.upkeep.holdings import Held, Holding, address_of

if TYPE_CHECKING:
    from controller.engine.steer.forgetting import Farewell
    from controller.state.rows import OwnedRow

_FEW = 10


def holdings_text(found: Sequence[Holding], view: View = STANDARD) -> str:
    lines = [line for holding in found for line in _holding(holding, view)]
    total = sum(sum(holding.owned.values()) for holding in found)
    return "\n".join([*lines, "", f"{counted(len(found), 'resource')}, {counted(total, 'entry', 'entries')} of ours."])


def _holding(holding: Holding, view: View) -> Iterator[str]:
    yield holding.address + (f"  serial {holding.identity}" if holding.identity else "")
    kinds = ", ".join(counted(count, kind) for kind, count in holding.owned.items()) or "nothing"
    more = [f"{holding.pending} begun and not seen yet"] if holding.pending else []
    more += [f"{holding.barred} barred"] if holding.barred else []
    yield from wrapped(f"owned: {kinds}" + (f" ({', '.join(more)})" if more else ""), 2, hang=2)
    times = [f"last read {moment(holding.last_read, view.zone)}"] if holding.last_read else ["never read"]
    times += [f"last run {holding.last_run}"] if holding.last_run else []
    times += [] if holding.initialised else ["its first sync is still to come"]
    yield from wrapped("; ".join(times), 2, hang=2)


def held_text(found: Sequence[Held], view: View = STANDARD) -> str:
    lines = [line for one in found for line in _held(one, view)]
    return "\n".join([*lines, "", f"{counted(len(found), 'entry', 'entries')}."] if found else ["Nothing of ours matches."])


def _held(one: Held, view: View) -> Iterator[str]:
    yield from wrapped("  ".join(word for word in (one.address, one.status, one.label) if word), 0, hang=2)
    facts = [f"made from {', '.join(one.records)}"] if one.records else []
    facts += [f"remote id {one.remote_id}"] if one.remote_id and not one.address.endswith(f"/{one.remote_id}") else []
    facts += [f"written {moment(one.written_at, view.zone)}"] if one.written_at else []
    facts += [f"run {one.run}"] if one.run else []
    yield from wrapped("; ".join(facts), 2, hang=2)


def farewell_text(meant: Farewell, view: View, *, protections: bool) -> str:
    """What would be forgotten and what comes of it, before anybody is asked."""
    lines = list(_going(meant, view))
    if meant.left:
        names = ", ".join(str(address_of(row)) for row in meant.left[:3])
        lines += wrapped(
            f"{counted(len(meant.left), 'entry', 'entries')} on what is forgotten, still ours: {names}", 2, hang=2, sign="! "
        )
    if meant.open:
        lines += wrapped(
            f"the end of {counted(meant.open, 'change')} is not known, and nobody will look any more", 2, hang=2, sign="! "
        )
    if meant.protections:
        fate = "are released too" if protections else "stay (--with-protections releases them)"
        lines += wrapped(f"{counted(meant.protections, 'protection')} {fate}", 2, hang=2)
    lines += wrapped(f"Nothing is sent: what is there stays as it is. {_consequence(meant)}", 0)
    return "\n".join(lines)


def _going(meant: Farewell, view: View) -> Iterator[str]:
    for name in meant.resources:
        count = sum(row.resource == name for row in meant.rows)
        yield f"{name}: {counted(count, 'entry', 'entries')} of ours, its serial number, reads and conditions are forgotten"
    shown = meant.rows if view.whole or len(meant.rows) <= _FEW else meant.rows[:_FEW]
    for row in shown:
        yield from wrapped(_line(row), 2, hang=2)
    if len(shown) < len(meant.rows):
        yield f"  ... and {len(meant.rows) - len(shown):,} more (--verbose shows all)"


def _line(row: OwnedRow) -> str:
    return f"{address_of(row)}  {row.label}".rstrip()


def _consequence(meant: Farewell) -> str:
    if meant.resources:
        return "While a spec declares it, the next plan is its first sync: nothing is changed without --bootstrap."
    return "What is still declared is a stranger's from then on: the next plan lists it, with the command to adopt it."
