"""What an import would take over and write, and what it leaves: a paragraph per target, lists folded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from controller.cli.show.intake.documents import DifferingRow, ImportRow, LeftRow, RecordsRow
from controller.cli.show.layout import STANDARD, View, rest, wrapped
from controller.cli.show.words import counted
from controller.engine.intake.taking import Taking
from controller.engine.intake.transcribing import Transcripts
from controller.model.change import Change, Condition, Notice
from controller.runtime.intake import Unread
from controller.runtime.writing import Draft, Edit, Records

_WHATEVER_NAME = "find out whose number it is; --adopt all takes it whatever its name, and the next plan would correct that"


def rows_of(taking: Taking) -> tuple[ImportRow, ...]:
    """A row per target that was looked at."""
    plan, found = taking.planned.plan, []
    changes, differing, notices = (_by_resource(some) for some in (plan.changes, taking.differing, taking.left))
    for summary in plan.resources:
        left = notices.get(summary.address, [])
        refused = sum(notice.code in ("not-ours", "identity-differs") for notice in left)
        parked = summary.condition is Condition.PARKED
        found.append(
            ImportRow(
                summary.address,
                ok=not parked,
                message=summary.message if parked else "",
                hint=summary.hint if parked else "",
                taken=dict(Counter(change.kind for change in changes.get(summary.address, ()))),
                differing=tuple(_differing(change) for change in differing.get(summary.address, ())),
                left=tuple(_left(notice) for notice in left),
                undeclared=max(0, summary.foreign - refused),
            )
        )
    return tuple(found)


def _by_resource(some: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for one in some:
        found[one.resource].append(one)
    return found


def _differing(change: Change) -> DifferingRow:
    return DifferingRow(change.kind, change.key, change.label, change.fields)


def _left(notice: Notice) -> LeftRow:
    hint = _WHATEVER_NAME if notice.code == "identity-differs" else notice.hint
    return LeftRow(notice.kind, notice.key, notice.label, notice.message, hint)


def draft_rows(draft: Draft, found: Sequence[Transcripts | Unread]) -> tuple[ImportRow, ...]:
    """A row per target whose people would be written down."""
    records = {r.address: _records_row(r, e) for e in draft.edits for r in e.records}
    rows = []
    for one in found:
        address = str(one.address)
        if isinstance(one, Unread):
            rows.append(ImportRow(address, ok=False, message=one.message, hint=one.hint))
            continue
        left = tuple(LeftRow(other.kind, other.key, other.label, other.message) for other in one.left)
        error = draft.refused.get(address)
        message, hint = (error.message, error.hint) if error else ("", "")
        there = len(one.rows) + len(left)
        rows.append(ImportRow(address, not error, message, hint, left=left, undeclared=there, records=records.get(address)))
    return tuple(rows)


def _records_row(records: Records, edit: Edit) -> RecordsRow:
    place, spec = str(records.path), str(edit.path)
    return RecordsRow(place, records.source, spec, records.rows, records.cards, records.formulas)


def joined(before: Sequence[ImportRow], after: Sequence[ImportRow]) -> tuple[ImportRow, ...]:
    """One row per target from what was written down and from what was taken over then."""
    earlier = {row.address: row for row in before}
    together = [_both(earlier.pop(row.address), row) if row.address in earlier else row for row in after]
    return (*together, *earlier.values())


def _both(written: ImportRow, taken: ImportRow) -> ImportRow:
    return replace(
        taken,
        ok=taken.ok and written.ok,
        message=written.message or taken.message,
        hint=written.hint or taken.hint,
        left=(*written.left, *taken.left),
        records=written.records,
    )


# -- sentences ---------------------------------------------------------------------------------------------------------------


def import_text(rows: Sequence[ImportRow], view: View = STANDARD, *, done: bool = False, offer: bool = True) -> str:
    """What is taken into the inventory. ``offer``: say how to write down whom nobody declares."""
    return "\n".join(line for row in rows for line in _taking_lines(row, view, done, offer))


def draft_text(rows: Sequence[ImportRow], view: View = STANDARD) -> str:
    """What is written down."""
    return "\n".join(line for row in rows for line in _draft_lines(row, view))


def _taking_lines(row: ImportRow, view: View, done: bool, offer: bool) -> Iterator[str]:
    if not row.ok:
        yield from _trouble(row)
        return
    yield from wrapped(f"{row.address}: {_gist(row, done)}", 0, hang=2)
    if row.differing:
        count = len(row.differing)
        yield from wrapped(f"{count:,} of them {_are(count)} not as declared; the next plan shows it:", 2, hang=2)
        yield from _folded([_difference(one) for one in row.differing], view, "~ ")
    yield from _left_lines(row, view)
    if row.undeclared and offer:
        words = f"{row.undeclared:,} {_are(row.undeclared)} there and declared by nobody"
        yield from wrapped(f"{words}; to write them down: --write-records FILE.csv", 2, hang=2)


def _draft_lines(row: ImportRow, view: View) -> Iterator[str]:
    if not row.ok:
        yield from _trouble(row)
        return
    records = row.records
    if records is None:
        yield from wrapped(f"{row.address}: there is nobody to write down", 0, hang=2)
    else:
        cards = f" with {counted(records.cards, 'card number')}" if records.cards else ""
        words = f"{counted(records.rows, 'record')}{cards} for {records.file}, which only you may read"
        yield from wrapped(f"{row.address}: {words}", 0, hang=2)
        yield from wrapped(f"Source/{records.source} and the items that draw on it for {records.spec}", 2, hang=2)
        if records.formulas:
            words = "begins like a formula" if records.formulas == 1 else "begin like formulas"
            advice = "open the file as text, not by double-click"
            yield from wrapped(f"{counted(records.formulas, 'cell')} {words}: {advice}", 2, hang=2)
    yield from _left_lines(row, view)


def _trouble(row: ImportRow) -> Iterator[str]:
    yield from wrapped(f"{row.address}: {row.message}", 0, hang=2, sign="! ")
    for line in row.hint.splitlines():
        yield f"  {line}" if line.startswith(" ") else f"  -> {line}"


def _left_lines(row: ImportRow, view: View) -> Iterator[str]:
    if row.left:
        yield from wrapped(f"{len(row.left):,} {_are(len(row.left))} left as before:", 2, hang=2)
        yield from _folded([_named(one) for one in row.left], view, "! ")
        for hint in dict.fromkeys(one.hint for one in row.left if one.hint):
            yield from wrapped(hint, 4, sign="-> ")


def _gist(row: ImportRow, done: bool) -> str:
    if not row.taken:
        return "nothing is there that is declared and not ours yet"
    what = " and ".join(counted(count, kind) for kind, count in row.taken.items())
    one = sum(row.taken.values()) == 1
    verb = ("was" if one else "were") if done else ("is to be" if one else "are to be")
    return f"{what} {verb} taken into the inventory as {'it stands' if one else 'they stand'}"


def _folded(lines: Sequence[str], view: View, sign: str) -> Iterator[str]:
    shown = len(lines) if view.whole else view.notices
    for line in lines[:shown]:
        yield from wrapped(line, 4, hang=2, sign=sign)
    yield from rest(len(lines), shown, 4)


def _difference(row: DifferingRow) -> str:
    fields = ", ".join(f"{f.title or f.name}: {f.was or 'nothing'} -> {f.becomes or 'nothing'}" for f in row.fields)
    return f"{row.kind} {row.key}{_label(row)}: {fields}"


def _named(row: LeftRow) -> str:
    return row.message if row.key in row.message or row.kind == "card" else f"{row.kind} {row.key}{_label(row)}: {row.message}"


def _label(row: DifferingRow | LeftRow) -> str:
    return f" ({row.label})" if row.label and row.label != row.key else ""


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
