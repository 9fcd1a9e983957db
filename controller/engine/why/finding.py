"""Finds the record that somebody means by a name, an e-mail address or a number, before *why* is asked about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from controller.engine.today.moving import under_old_names
from controller.engine.why.answer import source_hidden
from controller.engine.wishes.gather import Row, read_sources
from controller.engine.wishes.select import fold
from controller.engine.world import Report, World, silent
from controller.model.record import Record, Unreadable, Value
from controller.spec.resource import Resource

MOST = 20


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record that may be meant, or (without a ``record``) something that we own and whose record is gone: ``address``."""

    words: str
    source: str = ""
    record: str = ""
    place: str = ""
    address: str = ""


class Search(msgspec.Struct, frozen=True):
    """What was found, at most ``MOST``; ``more`` says that there is more. ``failed`` names sources that could not be read,
    ``unread`` rows: nobody can tell who stands there."""

    found: tuple[Found, ...]
    looked_at: int
    more: bool = False
    failed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


async def find(world: World, text: str, resources: Iterable[Resource], *, offline: bool, report: Report = silent) -> Search:
    """Records of the sources that feed these resources, and what we own there, whose plain fields hold the text."""
    world, chosen = await under_old_names(world), list(resources)
    names = dict.fromkeys(mapped.mapping.from_ for resource in chosen for mapped in resource.mappings)
    reads = await read_sources(world, chosen, frozenset(), offline=offline, report=report)
    wanted = fold(text)
    hits: list[Found] = []
    for name in names:
        hidden = source_hidden(world.specs, name)
        hits += islice((found for row in reads[name].rows if (found := _match(name, row, wanted, hidden))), MOST + 1)
    hits += await _left(world, chosen, wanted, {(hit.source, hit.record) for hit in hits})
    looked = sum(reads[name].count for name in names)
    failed = tuple(reads[name].failed for name in names if reads[name].failed)
    unread = tuple(f"{name}: {_unread(row)}" for name in names for row in reads[name].rows if isinstance(row, Unreadable))
    return Search(tuple(hits[:MOST]), looked, len(hits) > MOST, failed, unread[:MOST])


def _unread(row: Unreadable) -> str:
    return f"{row.place}: {row.message}" if row.place else row.message


def _match(source: str, row: Row, wanted: str, hidden: frozenset[str]) -> Found | None:
    if not isinstance(row, Record):
        return None
    plain = {name: text for name, text in _texts(row.fields) if name not in hidden}
    whole = fold(" ".join(filter(None, (plain.get("first_name"), plain.get("last_name")))))
    if wanted == fold(row.key) or wanted in whole or any(wanted in fold(text) for text in plain.values()):
        return Found(_words(plain), source, row.key, row.place)
    return None


def _texts(fields: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, str) and value:
            yield name, value


def _words(plain: Mapping[str, str]) -> str:
    name = " ".join(filter(None, (plain.get("first_name"), plain.get("last_name")))) or plain.get("full_name") or plain.get("name")
    return ", ".join(filter(None, (name, plain.get("email"))))


async def _left(world: World, chosen: Iterable[Resource], wanted: str, known: set[tuple[str, str]]) -> list[Found]:
    """Who is in no register any more and still at a door."""
    found = []
    for resource in chosen:
        for kind, rows in (await world.state.inventory.everything(world.remembered_as(resource.address))).items():
            for token, row in rows.items():
                if wanted in fold(row.label) and (row.source, row.record) not in known:
                    found.append(Found(row.label, address=str(resource.address.of(kind, token))))
    return found
