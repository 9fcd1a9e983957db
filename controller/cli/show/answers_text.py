"""Who answered: the serial number, the clock, how full it is, and what to do where nobody did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.documents import AnswerRow, Capacity
from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.words import counted, number
from controller.model.units import show_duration


def answers_text(rows: Sequence[AnswerRow], view: View = STANDARD) -> str:
    lines = [line for row in rows for line in _row_lines(row)]
    fine = sum(row.ok for row in rows)
    lines += ["", f"{number(fine)} of {counted(len(rows), 'resource')} answered as they should."]
    return "\n".join(lines)


def _row_lines(row: AnswerRow) -> Iterator[str]:
    yield from wrapped(f"{row.address}  {row.message or 'answers'} ({row.provider})", 0, hang=2, sign="+ " if row.ok else "! ")
    if row.hint:
        yield from wrapped(row.hint, 4, sign="-> ")
    if step := _NEXT.get(row.code):
        yield from wrapped(step.format(address=row.address), 4, sign="-> ")
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


# What to do next at two in the morning, by the code of what went wrong; the message has said what happened.
_NEXT = {
    "unreachable": "is it switched on? Open its address in a browser on this machine; then look at cable and network",
    "timed-out": "wait a minute, then: trueup test {address}; if it stays so, restart the device",
    "connection-lost": "again: trueup test {address}; if it stays so, restart it, and compare http and https in url",
    "credentials-refused": "try no more passwords: devices lock for half an hour. Set the right one, then: trueup test {address}",
    "secret-missing": "then: trueup test {address}",
    "wrong-target": "nothing is sent there until this is cleared up: find out which device has this address now",
    "unreadable-answer": "something else may answer at this address: open it in a browser",
    "rights-missing": "then: trueup test {address}",
}


def _clock(offset: float) -> str:
    if abs(offset) < 1:
        return "right"
    return f"{show_duration(abs(offset))} {'ahead' if offset > 0 else 'behind'}"


def _room(capacity: Capacity) -> str:
    used = "does not say how many are there" if capacity.used is None else f"{number(capacity.used)} there"
    return used if capacity.most is None else f"{used}, room for {number(capacity.most)}"
