"""What a provider is and can do, from its value alone: nothing is opened, no simulator is loaded."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from controller.model.entity import EntityKind, Field
from controller.registry import Registry, kind_of
from controller.sdk.provider import Provider, TargetProvider
from controller.spec.explaining.topics import Topic, fields_below

DEPENDS = (AttributeError, KeyError, TypeError, ValueError)
"""What a third party's function may raise when it is asked about a config that says nothing."""


class FieldRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field of a record or of an entity; ``marks`` are words such as ``sensitive``, ``write-only``, ``immutable``."""

    name: str
    type: str = ""
    marks: tuple[str, ...] = ()


class KindRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a source yields or a target keeps; ``after`` names the kinds that stand before it."""

    name: str
    fields: tuple[FieldRow, ...] = ()
    marks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class ProviderFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """``kind`` is that of its specs; ``keeps`` the records of a source without settings, or the entity kinds of a target.

    ``batch``: entities that one read before or after a write covers; 0 for sources. ``sections``: the lists of its specs.
    """

    name: str
    title: str
    kind: str
    origin: str
    module: str
    simulator: bool
    keeps: tuple[KindRow, ...] = ()
    abilities: tuple[str, ...] = ()
    lane: str = ""
    batch: int = 0
    needs: tuple[str, ...] = ()
    config: tuple[Topic, ...] = ()
    sections: Mapping[str, tuple[Topic, ...]] = {}


def describe(name: str, registry: Registry) -> ProviderFacts:
    """Raises UnknownProvider and BrokenProvider."""
    provider = registry.load(name)
    entry = next(entry for entry in registry.entries() if entry.name == name)
    target = provider if isinstance(provider, TargetProvider) else None
    return ProviderFacts(
        name=name,
        title=provider.title,
        kind=kind_of(provider),
        origin=entry.origin,
        module=entry.target.partition(":")[0],
        simulator=name in registry.simulators(),
        keeps=_keeps(provider),
        abilities=tuple(_abilities(provider)),
        lane="one call at a time to each resource; resources side by side (Controller.spec.parallelDevices)",
        batch=target.batch if target else 0,
        needs=provider.needs,
        config=fields_below(name, "config", registry),
        sections={key: fields_below(name, key, registry) for key in target.sections} if target else {},
    )


def _keeps(provider: Provider) -> tuple[KindRow, ...]:
    """The entity kinds of a target; the records of a source with nothing said in its config, empty where that cannot be told."""
    if isinstance(provider, TargetProvider):
        return tuple(map(_kind_row, provider.kinds))
    config = provider.config.model_construct()
    try:
        sensitive = provider.sensitive(config)
        rows = [
            FieldRow(name, type.value, ("sensitive",) if name in sensitive else ())
            for name, type in provider.fields(config).items()
        ]
        return (KindRow(provider.record_type(config), tuple(rows)),)
    except DEPENDS:
        return ()


def _kind_row(kind: EntityKind) -> KindRow:
    marks = {
        "its key is sensitive": kind.sensitive_key,
        "has no form without access: deleted where others are barred": not kind.expires,
        "gives no access by being there": not kind.grants,
    }
    return KindRow(
        kind.name,
        tuple(FieldRow(field.name, _type_name(field.type), tuple(_marks(field))) for field in kind.fields),
        tuple(words for words, holds in marks.items() if holds),
        kind.after,
    )


def _marks(field: Field) -> Iterator[str]:
    if field.sensitive:
        yield "sensitive"
    if field.write_only:
        yield "write-only"
    if field.immutable:
        yield "immutable"
    if field.identity:
        yield "identity"
    if not field.clearable:
        yield "never empty"
    if field.effect is not Field("").effect:
        yield "changes access"


def _type_name(type: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: ""}
    if typing.get_origin(type) is not None:
        return "list"
    return names.get(type, getattr(type, "__name__", "").lower())


def _abilities(provider: Provider) -> Iterator[str]:
    if isinstance(provider, TargetProvider):
        yield "read and write"
        if any(kind.expires for kind in provider.kinds):
            yield "bar without deleting (onRemoval: expire)"
        if provider.keeps_time:
            yield "judge validity by its own clock"
    else:
        yield "read records"
    if _can_tell_rights(provider.reader if isinstance(provider, TargetProvider) else provider.source):
        yield "tell what its account may do (trueup test)"


def _can_tell_rights(opening: Callable[..., Any]) -> bool:
    """Whether what this opens is Checkable, as far as its annotation says so."""
    try:
        returned = typing.get_type_hints(getattr(opening, "__wrapped__", opening)).get("return")
    except (NameError, TypeError, AttributeError):
        return False
    return any(hasattr(opened, "rights") for opened in typing.get_args(returned))
