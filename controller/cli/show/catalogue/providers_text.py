"""Providers as a list, and one of them whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.catalogue.documents import ProviderRow
from controller.cli.show.catalogue.explain_text import fields_lines
from controller.cli.show.layout import STANDARD, View, table, wrapped
from controller.spec.explaining.provider_facts import KindRow, ProviderFacts


def list_text(rows: Sequence[ProviderRow], view: View = STANDARD) -> str:
    cells = [(row.name, row.kind or "not loaded", f"comes with {row.origin}", "simulator" if row.simulator else "") for row in rows]
    more = wrapped(f"One of them whole: {view.command(f'providers describe {rows[0].name}')}", 0) if rows else ()
    return "\n".join([*table(cells), "", *more])


def describe_text(facts: ProviderFacts, view: View = STANDARD) -> str:
    return "\n".join(_lines(facts, view))


def _lines(facts: ProviderFacts, view: View) -> Iterator[str]:
    yield from wrapped(f"{facts.name}: {facts.title}", 0, hang=2)
    yield from wrapped(f"for specs of kind {facts.kind}; comes with {facts.origin} ({facts.module})", 2, hang=2)
    simulator = f"has one; `{view.command('simulate --help')}` tells how to start it" if facts.simulator else "has none"
    for name, words in (("simulator", simulator), ("lane", facts.lane), ("can", ", ".join(facts.abilities))):
        yield from wrapped(f"{name}: {words}", 2, hang=2)
    if facts.batch:
        yield from wrapped(f"batch: {facts.batch} entities are read at once before and after they are written", 2, hang=2)
    for need in facts.needs:
        yield from wrapped(f"needs: {need}", 2, hang=2)
    yield ""
    yield "  Yields:" if facts.kind == "Source" else "  Keeps:"
    for kind in facts.keeps:
        yield from _kind(kind)
    if not facts.keeps:
        yield "    what its config says"
    yield from _fields(facts)
    yield from wrapped(f"More of a field: {view.command(f'explain {facts.kind}.{facts.name}.spec')}", 2)


def _kind(kind: KindRow) -> Iterator[str]:
    words = [*kind.marks, *(f"after {name}" for name in kind.after)]
    yield from wrapped(kind.name + (f" ({'; '.join(words)})" if words else ""), 4, hang=2)
    for field in kind.fields:
        marks = ", ".join(part for part in (field.type, *field.marks) if part)
        yield from wrapped(field.name + (f" ({marks})" if marks else ""), 6, hang=2)


def _fields(facts: ProviderFacts) -> Iterator[str]:
    for name, fields in {"config": facts.config, **facts.sections}.items():
        yield ""
        yield f"  spec.{name}:"
        yield from fields_lines(fields, 4)
    yield ""
