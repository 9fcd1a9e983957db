"""Who answered: the serial number, the clock, how full it is, and what to do where nobody did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.documents import AnswerRow, Capacity
from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.next_steps import next_step
from controller.cli.show.words import counted, number
from controller.model.units import show_duration


def answers_text(rows: Sequence[AnswerRow], view: View = STANDARD) -> str:
    lines = [line for row in rows for line in _row_lines(row, view)]
    fine = sum(row.ok for row in rows)
    lines += ["", f"{number(fine)} of {counted(len(rows), 'resource')} answered as they should."]
    return "\n".join(lines)


def _row_lines(row: AnswerRow, view: View) -> Iterator[str]:
    yield from wrapped(
        f"{row.address}  {view.told(row.message) or 'answers'} ({row.provider})", 0, hang=2, sign="+ " if row.ok else "! "
    )
    for step in (row.hint, *(() if row.ok else next_step(row.code, row.address, view))):
        if step:
            yield from wrapped(view.told(step), 4, sign="-> ")
    serial = f"serial {row.identity}" if row.identity else ""
    firmware = f"firmware {row.firmware}" if row.firmware else ""
    if known := ", ".join(part for part in (row.model, serial, firmware) if part):
        yield from wrapped(known, 4, hang=2)
    if row.clock_offset is not None:
        yield f"    clock: {_clock(row.clock_offset)}"
    for kind, capacity in row.capacity.items():
        yield f"    {kind}: {_room(capacity)}"
    if row.round_trip is not None:
        yield f"    round trip: {row.round_trip * 1000:,.0f} ms"
    if may := [right.what for right in row.rights if right.allowed]:
        yield from wrapped(f"the account may {', '.join(may)}", 4, hang=2)
    for right in row.rights:
        if not right.allowed:
            yield from wrapped(f"the account may not {right.what}: {right.message}", 4, hang=2, sign="! ")
    for note in row.notes:
        yield from wrapped(note, 4, hang=2)


def _clock(offset: float) -> str:
    if abs(offset) < 1:
        return "right"
    return f"{show_duration(abs(offset))} {'ahead' if offset > 0 else 'behind'}"


def _room(capacity: Capacity) -> str:
    used = "does not say how many are there" if capacity.used is None else f"{number(capacity.used)} there"
    return used if capacity.most is None else f"{used}, room for {number(capacity.most)}"
