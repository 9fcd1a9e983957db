"""A validated spec, ready for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from controller.model.address import Address
from controller.model.diagnostic import Place
from controller.sdk.mapping import SubjectMapping
from controller.sdk.provider import Provider
from controller.spec.policy import ControllerSpec, Policy


@dataclass(frozen=True)
class Mapped:
    """One item of a section: ``section`` is its key in the spec, ``place`` where it stands."""

    section: str
    mapping: SubjectMapping
    place: Place


@dataclass(frozen=True)
class Resource:
    """One resource: what its spec says, with the provider that serves it. ``digest`` is that of its ``spec``."""

    address: Address
    provider: Provider
    config: Any
    policy: Policy
    labels: Mapping[str, str]
    mappings: tuple[Mapped, ...]
    place: Place
    folder: Path
    digest: str
    zone: str | None = None  # IANA name: the config's, else the Controller's
    document: Mapping[str, Any] = field(default_factory=dict)  # the spec as written, without secrets that stand in it


@dataclass(frozen=True)
class Specs:
    """Everything declared: resources in file order, the settings, and a digest over all of it.

    ``departed`` are no longer declared; they are known from the last time, and are to be emptied.
    """

    resources: tuple[Resource, ...]
    controller: ControllerSpec
    digest: str
    files: tuple[Path, ...] = ()
    departed: tuple[Resource, ...] = ()
    rule_places: Mapping[str, Place] = field(default_factory=dict)  # where each of the Controller's rules stands, by name

    @cached_property
    def by_address(self) -> Mapping[str, Resource]:
        return {str(r.address): r for r in (*self.resources, *self.departed)}

    @cached_property
    def sources(self) -> Mapping[str, Resource]:
        return {r.address.name: r for r in self.resources if r.address.kind == "Source"}

    @cached_property
    def targets(self) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if r.address.kind not in ("Source", "Controller"))
