"""Which kinds of entities a look at a target is about. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.entity import EntityKind
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource


def provider_of(resource: Resource) -> TargetProvider:
    assert isinstance(resource.provider, TargetProvider)
    return resource.provider


def managed_kinds(resource: Resource) -> tuple[EntityKind, ...]:
    """The entity kinds that the resource's mappings manage, in the provider's order."""
    provider = provider_of(resource)
    names = {name for mapped in resource.mappings for name in provider.kinds_of(mapped.mapping)}
    return tuple(kind for kind in provider.kinds if kind.name in names)


def with_parents(provider: TargetProvider, kinds: Sequence[EntityKind]) -> list[EntityKind]:
    """Also what the managed kinds hang on: whose card it is decides whether it may be touched."""
    names = {kind.name for kind in kinds} | {parent for kind in kinds for parent in kind.after}
    return [kind for kind in provider.kinds if kind.name in names]
