"""What an answer to *why* looks like: a verdict, one sentence, what to do next, and everything that took part, in order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.engine.judging.diff import MASK
from controller.model.record import RECORD_TYPES, Value
from controller.sdk.provider import SourceProvider
from controller.spec.resource import Mapped, Specs

LONGEST = 100  # characters of a value; a register may hold whole stories


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that took part. ``title`` is a stable word: spec, record, join, filter, makes, would make, target, ours, rule,
    plan, source, count. ``place`` is where it stands, where a person can look."""

    title: str
    text: str
    place: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why one entity, one record or one resource is as it is.

    ``verdict`` is a stable word: as-declared, planned, limited, left-alone, parked, held, kept, barred, not-ours, filtered,
    refused, no-record, not-declared, complete.
    """

    address: str
    verdict: str
    message: str
    label: str = ""
    hint: str = ""
    facts: tuple[Fact, ...] = ()


def hidden_fields(specs: Specs, mapped: Mapped) -> frozenset[str]:
    """The fields of a mapping's records, joined ones included, whose values are shown nowhere."""
    names = set(source_hidden(specs, mapped.mapping.from_))
    for match in mapped.mapping.match:
        names |= set(match.take) & source_hidden(specs, match.source)
    return frozenset(names)


def source_hidden(specs: Specs, name: str) -> frozenset[str]:
    """The sensitive fields of one source: those of its record type, and what its config says."""
    resource = specs.sources[name]
    provider = resource.provider
    assert isinstance(provider, SourceProvider)
    kind = RECORD_TYPES.get(provider.record_type(resource.config))
    return provider.sensitive(resource.config) | (kind.sensitive if kind else frozenset())


def told(name: str, value: Value, hidden: frozenset[str]) -> str:
    """``active is false``; a sensitive value is masked, an empty one is missing."""
    if value is None or value == "" or value == ():
        return f"{name} is missing"
    if name in hidden:
        return f"{name} is {MASK}"
    match value:
        case bool():
            text = "true" if value else "false"
        case tuple():
            text = ", ".join(value)
        case _:
            text = str(value)
    return f"{name} is {text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}"


def told_all(names: tuple[str, ...], fields: Mapping[str, Value], hidden: frozenset[str]) -> str:
    return ", ".join(told(name, fields.get(name), hidden) for name in names)
