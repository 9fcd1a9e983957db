"""Provider names before provider modules: all can be listed without importing any, and exactly the one asked for is imported.

Built-in providers stand in a table, third-party ones come through the entry-point groups ``trueup.providers`` and
``trueup.simulators``. Nothing registers itself, so nothing here changes by importing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from controller.model.errors import TrueupError
from controller.sdk.provider import Provider, SourceProvider, TargetProvider

PROVIDER_GROUP = "trueup.providers"
SIMULATOR_GROUP = "trueup.simulators"


class UnknownProvider(TrueupError, LookupError):
    """No provider or simulator has this name. ``suggestion`` is the name that was probably meant, or empty."""

    def __init__(self, message: str, *, hint: str = "", suggestion: str = "") -> None:
        super().__init__(message, hint=hint)
        self.suggestion = suggestion


class BrokenProvider(TrueupError):
    """The provider exists but cannot be loaded; the others are not affected."""


@dataclass(frozen=True)
class Entry:
    """Where a name leads: ``target`` is ``module:attribute``; ``kind`` is empty when only loading would tell."""

    name: str
    target: str
    kind: str = ""
    origin: str = "trueup"


BUILT_IN: tuple[Entry, ...] = (
    Entry("cardskipper", "providers.cardskipper.provider:PROVIDER", "Source"),
    Entry("csv", "providers.csv.provider:PROVIDER", "Source"),
    Entry("edge-function", "providers.edge_function.provider:PROVIDER", "Source"),
    Entry("json", "providers.json.provider:PROVIDER", "Source"),
    Entry("postgrest", "providers.postgrest.provider:PROVIDER", "Source"),
    Entry("hikvision", "providers.hikvision.provider:PROVIDER", "Device"),
)
BUILT_IN_SIMULATORS: tuple[Entry, ...] = (
    Entry("cardskipper", "providers.cardskipper.simulator:simulate"),
    Entry("edge-function", "providers.edge_function.simulator:simulate"),
    Entry("hikvision", "providers.hikvision.simulator:simulate"),
    Entry("postgrest", "providers.postgrest.simulator:simulate"),
)


def kind_of(provider: Provider) -> str:
    """The kind of spec that a provider serves."""
    return "Source" if isinstance(provider, SourceProvider) else provider.kind


class Registry:
    """The providers and simulators there are. ``discover`` yields the entry points of a group; tests give their own."""

    def __init__(
        self,
        built_in: Iterable[Entry] = BUILT_IN,
        simulators: Iterable[Entry] = BUILT_IN_SIMULATORS,
        discover: Callable[[str], Iterable[EntryPoint]] = lambda group: entry_points(group=group),
    ) -> None:
        self._built_in = {entry.name: entry for entry in built_in}
        self._built_in_simulators = {entry.name: entry for entry in simulators}
        self._discover = discover
        self._loaded: dict[str, Provider] = {}

    @cached_property
    def _providers(self) -> Mapping[str, Entry]:
        return {**_found(self._discover(PROVIDER_GROUP)), **self._built_in}

    @cached_property
    def _simulators(self) -> Mapping[str, Entry]:
        return {**_found(self._discover(SIMULATOR_GROUP)), **self._built_in_simulators}

    def names(self, kind: str | None = None) -> tuple[str, ...]:
        """Names in order, imports nothing. With ``kind`` also those whose kind only loading would tell."""
        return tuple(sorted(e.name for e in self._providers.values() if kind is None or e.kind in ("", kind)))

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._providers[name] for name in self.names())

    def load(self, name: str) -> Provider:
        """The provider of this name; imports that one only. Raises UnknownProvider or BrokenProvider."""
        if name not in self._loaded:
            entry = self._built_in.get(name) or self._providers.get(name)  # a built-in name needs no look at what is installed
            if entry is None:
                raise _unknown("provider", name, self.names())
            loaded = _import(entry)
            if not isinstance(loaded, SourceProvider | TargetProvider):
                raise BrokenProvider(
                    f"{entry.target} ({entry.origin}) is no provider", hint="It must be a SourceProvider or a TargetProvider."
                )
            self._loaded[name] = loaded
        return self._loaded[name]

    def loadable(self) -> Registry:
        """The same without the third-party providers that cannot be loaded, for whoever asks about all of them at once."""
        return Registry([entry for entry in self.entries() if self._loads(entry.name)], (), lambda group: ())

    def _loads(self, name: str) -> bool:
        try:
            self.load(name)
        except BrokenProvider:
            return False
        return True

    def simulators(self) -> tuple[str, ...]:
        return tuple(sorted(self._simulators))

    def load_simulator(self, name: str) -> Any:
        """The simulator of this name. Raises UnknownProvider or BrokenProvider."""
        entry = self._built_in_simulators.get(name) or self._simulators.get(name)
        if entry is None:
            raise _unknown("simulator", name, self.simulators())
        return _import(entry)


def _found(points: Iterable[EntryPoint]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for point in points:
        origin = point.dist.name if point.dist else "a third party"
        found.setdefault(point.name, Entry(point.name, point.value, origin=origin))
    return found


def _import(entry: Entry) -> Any:
    module, _, attribute = entry.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as problem:  # whatever a third party's module raises on import concerns this name alone
        raise BrokenProvider(
            f"the provider {entry.name!r} cannot be loaded from {entry.target}: {type(problem).__name__}: {problem}",
            hint=f"It comes with {entry.origin}; install it again or ask who made it.",
        ) from problem


def _unknown(what: str, name: str, known: tuple[str, ...]) -> UnknownProvider:
    from difflib import get_close_matches

    close = next(iter(get_close_matches(name, known, n=1)), "")
    asked = f" Did you mean {close}?" if close else ""
    return UnknownProvider(
        f"there is no {what} {name!r}.{asked}", hint=f"There are: {', '.join(known) or 'none'}.", suggestion=close
    )


REGISTRY = Registry()
names = REGISTRY.names
load = REGISTRY.load
simulators = REGISTRY.simulators
load_simulator = REGISTRY.load_simulator
