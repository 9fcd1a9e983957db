"""What is remembered, to look at: resources with what is ours on them, and the entities of some. No value and no fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from controller.model.address import Address, Pattern
from controller.model.errors import UsageError
from controller.state.rows import OWNED, OwnedRow
from controller.state.statements import statements
from controller.state.store import State

BARRED = "barred"  # ours, and kept without access


class Holding(msgspec.Struct, frozen=True):
    """A resource: entities of ours by kind; ``pending`` are begun and not seen yet, ``barred`` kept without access (both are in
    ``owned`` too). Times are UTC texts, empty when it never happened; ``initialised`` when its first sync is over."""

    address: str
    owned: dict[str, int] = {}
    pending: int = 0
    barred: int = 0
    identity: str = ""
    initialised: bool = False
    last_read: str = ""
    last_run: str = ""


class Held(msgspec.Struct, frozen=True):
    """One entity of ours. ``status`` is owned, pending or barred; ``records`` are those that it was made from, as source/record,
    ``run`` wrote it last."""

    address: str
    status: str
    label: str = ""
    subject: str = ""
    remote_id: str = ""
    records: tuple[str, ...] = ()
    run: str = ""
    written_at: str = ""


def status_of(row: OwnedRow) -> str:
    return BARRED if row.tombstone and row.status == OWNED else row.status


def address_of(row: OwnedRow) -> Address:
    return Address.parse(row.resource).of(row.kind, row.key)


async def holdings(state: State, pattern: str = "") -> list[Holding]:
    """Every resource that something is remembered about, or those that a pattern (``Device/*``) covers."""
    counted = await state.store.read(lambda conn: conn.execute(statements("upkeep").holdings).fetchall())
    targets = {row.resource: row for row in await state.targets.all()}
    covers = _covering(pattern)
    found = []
    for address in sorted({*targets, *(row[0] for row in counted)}):
        if not covers(address):
            continue
        mine = [row for row in counted if row[0] == address]
        kinds = {kind: sum(row[4] for row in mine if row[1] == kind) for kind in dict.fromkeys(row[1] for row in mine)}
        known, reads = targets.get(address), await state.targets.last_read(address)
        found.append(
            Holding(
                address,
                kinds,
                pending=sum(row[4] for row in mine if row[2] != OWNED),
                barred=sum(row[4] for row in mine if row[2] == OWNED and row[3]),
                identity=known.identity if known else "",
                initialised=known is not None and known.initialised,
                last_read=max((read.read_at for read in reads.values()), default=""),
                last_run=known.last_run if known else "",
            )
        )
    return found


def _covering(pattern: str) -> Callable[[str], bool]:
    if not pattern:
        return lambda address: True
    meant = Pattern(pattern)
    return lambda address: meant.covers_resource(Address.parse(address))


async def rows_of(state: State, pattern: str) -> list[OwnedRow]:
    """The inventory rows that a pattern covers: a resource with all that is on it, or entities (``Device/*:card/*``)."""
    meant = Pattern(pattern)
    names = [name for name in await state.inventory.resources() if meant.covers_resource(Address.parse(name))]
    rows = [row for name in names for kind in (await state.inventory.everything(name)).values() for row in kind.values()]
    return [row for row in rows if ":" not in pattern or meant.covers(address_of(row))]


def held(rows: Sequence[OwnedRow]) -> list[Held]:
    return [
        Held(
            str(address_of(row)),
            status_of(row),
            row.label,
            row.subject,
            row.remote_id,
            tuple(f"{source}/{record}" for source, record in row.records if source),
            row.run,
            row.written_at,
        )
        for row in rows
    ]


async def must_be_known(state: State, text: str) -> None:
    """Raises UsageError, with what there is, when nothing is remembered about a pattern's resource."""
    if not await holdings(state, text.partition(":")[0]):
        names = [holding.address for holding in await holdings(state)]
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        raise UsageError(f"nothing is remembered about {text}", hint=f"there are: {shown}" if names else "the state is empty")
