"""Everything that a target keeps or a source holds, page by page as it comes, with what is sensitive masked. Judges nothing.

What is write-only cannot be read, and what would stand in its place is nobody's business: it never appears.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from controller.engine.intake.looking import Look, looking
from controller.engine.intake.transcribing import kinds_of
from controller.engine.judging.diff import MASK
from controller.engine.judging.kinds import managed_kinds
from controller.engine.side_by_side import asking
from controller.engine.world import World
from controller.model.entity import Actual, EntityKind, Field
from controller.model.errors import UsageError
from controller.model.record import RECORD_TYPES, Record, Unreadable
from controller.sdk.provider import Source, SourceProvider, TargetProvider
from controller.spec.resource import Resource

_PAGE = 500  # records of a source handed on at once


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity or record. ``values`` follow the kind's fields; a sensitive one is ``***`` unless asked for, a sensitive key
    the token that plans have for it. ``guard``: why trueup does not touch it. ``problem``: a record that cannot be read."""

    kind: str
    key: str
    subject: str = ""
    guard: str = ""
    place: str = ""
    problem: str = ""
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Dump:
    """An open dump. ``pages`` ends normally when everything was handed out and raises ProviderError otherwise. ``doubt``: something
    about the target that makes plans stop and a look not."""

    kinds: tuple[EntityKind, ...]
    pages: AsyncGenerator[list[Row]] = field(repr=False)
    identity: str = ""
    doubt: str = ""


@asynccontextmanager
async def dumping(world: World, resource: Resource, names: Sequence[str], *, reveal: bool) -> AsyncIterator[Dump]:
    """``names``: the kinds wanted, none for persons (or whatever stands by itself) and what the spec manages."""
    if isinstance(resource.provider, TargetProvider):
        kinds = _wanted(resource, resource.provider, names)
        async with looking(world, resource, doubtful=True) as look, aclosing(_entities(world, look, kinds, reveal)) as pages:
            yield Dump(kinds, pages, look.facts.identity, world.scrub(look.doubt))
        return
    if names:
        raise UsageError(f"{resource.address} holds records, which have no kinds", hint="leave --kind out")
    kind = record_kind(resource, resource.provider)
    async with AsyncExitStack() as stack:
        with asking(resource.provider.name):
            context = await stack.enter_async_context(world.connect(resource))
            source = await stack.enter_async_context(resource.provider.source(resource.config, context))
        pages = await stack.enter_async_context(aclosing(_records(world, resource.provider.name, source, kind, reveal)))
        yield Dump((kind,), pages)


def _wanted(resource: Resource, provider: TargetProvider, names: Sequence[str]) -> tuple[EntityKind, ...]:
    known = {kind.name for kind in provider.kinds}
    if strange := [name for name in names if name not in known]:
        raise UsageError(f"{resource.address} keeps no {', '.join(strange)}", hint=f"it keeps: {', '.join(sorted(known))}")
    chosen = set(names) or {kinds_of(provider)[0].name, *(kind.name for kind in managed_kinds(resource))}
    return tuple(kind for kind in provider.kinds if kind.name in chosen)


async def _entities(world: World, look: Look, kinds: Sequence[EntityKind], reveal: bool) -> AsyncGenerator[list[Row]]:
    by_name = {kind.name: kind for kind in kinds}
    async with aclosing(look.pages(kinds)) as pages:
        async for page in pages:
            kind = by_name[page.kind]
            yield [_entity(world, kind, actual, reveal) for actual in page.entities]


def _entity(world: World, kind: EntityKind, actual: Actual, reveal: bool) -> Row:
    key = actual.key if reveal else world.marks.token(kind, actual.key)
    return Row(kind.name, world.scrub(key), actual.subject, actual.guard, values=_values(world, kind, actual.values, reveal))


def _values(world: World, kind: EntityKind, values: Sequence[Any], reveal: bool) -> tuple[Any, ...]:
    return tuple(_value(world, one, value, reveal) for one, value in zip(kind.fields, values, strict=True))


def _value(world: World, one: Field, value: Any, reveal: bool) -> Any:
    if value is None or one.write_only:
        return None
    if one.sensitive and not reveal:
        return value if value in ("", ()) else MASK
    return world.scrub(value) if isinstance(value, str) else value


# -- records -----------------------------------------------------------------------------------------------------------------


def record_kind(resource: Resource, provider: SourceProvider) -> EntityKind:
    """The fields of a source's records in the form that entities have."""
    record_type = provider.record_type(resource.config)
    known = RECORD_TYPES.get(record_type)
    hidden = provider.sensitive(resource.config) | (known.sensitive if known else frozenset())
    fields = tuple(Field(name, type=kind, sensitive=name in hidden) for name, kind in provider.fields(resource.config).items())
    return EntityKind(record_type, fields)


async def _records(world: World, provider: str, source: Source, kind: EntityKind, reveal: bool) -> AsyncGenerator[list[Row]]:
    page: list[Row] = []
    with asking(provider):
        async for record in source.records():
            page.append(_record(world, kind, record, reveal))
            if len(page) == _PAGE:
                yield page
                page = []
    yield page


def _record(world: World, kind: EntityKind, record: Record | Unreadable, reveal: bool) -> Row:
    nothing: tuple[None, ...] = (None,) * len(kind.fields)
    if isinstance(record, Unreadable):
        return Row(kind.name, record.key or "", place=record.place, problem=world.scrub(record.message), values=nothing)
    values = [record.fields.get(one.name) for one in kind.fields]
    hidden = {str(value) for one, value in zip(kind.fields, values, strict=True) if one.sensitive}
    key = MASK if record.key in hidden and not reveal else record.key
    return Row(kind.name, key, place=record.place, values=_values(world, kind, values, reveal))
