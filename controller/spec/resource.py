"""A validated spec, ready for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.model.address import Address
from controller.model.change import Given
from controller.model.diagnostic import Place
from controller.sdk.mapping import SubjectMapping
from controller.sdk.provider import Provider
from controller.spec.policy import ControllerSpec, Policy

if TYPE_CHECKING:
    from controller.spec.sharing.generator import Generator


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
    given: tuple[Given, ...] = ()
    depends_on: tuple[str, ...] = ()
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
    expanded: bool = False  # whether the generators' resources are among ``resources``
    rule_places: Mapping[str, Place] = field(default_factory=dict)  # where each of the Controller's rules stands, by name

    generators: tuple[Generator, ...] = ()  # what becomes resources once the records are known
    undecided: Mapping[str, str] = field(
        default_factory=dict
    )  # address or "Kind/name@*" -> why nobody knows whether it is declared

    @cached_property
    def by_address(self) -> Mapping[str, Resource]:
        return {str(r.address): r for r in (*self.resources, *self.departed)}

    def made_by_records(self, address: str) -> Generator | None:
        """The document with ``forEach`` that an address comes from."""
        return next((g for g in self.generators if address.startswith(g.prefix)), None) if self.generators else None

    def labels_of(self, address: str) -> Mapping[str, str]:
        """The labels of a resource as far as the specs tell them; none where nobody declares it."""
        found = self.by_address.get(address) or self.made_by_records(address)
        return found.labels if found is not None else {}

    def now_called(self, address: str) -> str:
        """Where an address leads, over several moves; what records made moves with the document that made it."""
        moves = {move.from_: move.to for move in self.controller.moved}
        seen = {address}
        while True:
            document, at, key = address.partition("@")
            following = moves.get(address) or (f"{moves[document]}@{key}" if at and document in moves else address)
            if following in seen:
                return following
            seen.add(following)
            address = following

    def is_gone(self, address: str) -> bool:
        """Whether documents alone tell that this is not declared any more: no record makes it, and it has no new name."""
        now = self.now_called(address)
        return now not in self.by_address and self.made_by_records(now) is None

    def why_undecided(self, address: str) -> str:
        """Why nobody knows whether this resource is declared; empty when it is known. What is not known is not forgotten, nor is
        what has a new name that was not applied yet."""
        now = self.now_called(address)
        if now != address and now in self.by_address:
            return f"the specs call it {now} now, and that was not applied yet"
        if (found := self.made_by_records(now)) is None:
            return ""
        if not self.expanded:
            return f"the records of {found.for_each.source} have not been read"
        return self.undecided.get(now) or self.undecided.get(f"{found.prefix}*", "")

    @cached_property
    def sources(self) -> Mapping[str, Resource]:
        return {r.address.name: r for r in self.resources if r.address.kind == "Source"}

    @cached_property
    def targets(self) -> tuple[Resource, ...]:
        return tuple(r for r in self.resources if r.address.kind not in ("Source", "Controller"))
