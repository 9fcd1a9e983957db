"""The words that specs and state hold. Specs are read as YAML and not judged: they may be half written while Tab is pressed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from controller.cli.settings import DEFAULT_STATE, Settings

if TYPE_CHECKING:
    from controller.state.glance import Glance

T = TypeVar("T")
Offer = Iterator[tuple[str, str]]


class Knowledge:
    """Pairs of a word and what it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def resources(self) -> Offer:
        yield from self.targets()
        yield from ((f"Source/{name}", meaning) for name, meaning in self.sources())

    def targets(self) -> Offer:
        """Declared ones, then those of which only the state knows; ``@*`` is what a document with forEach makes."""
        for document in self._documents:
            kind, name, spec = document.get("kind"), _within(document, "metadata", "name"), document.get("spec")
            if isinstance(kind, str) and isinstance(name, str) and kind not in ("Source", "Controller"):
                each = "@*" if isinstance(spec, dict) and "forEach" in spec else ""
                yield f"{kind}/{name}{each}", _text(_within(document, "spec", "provider"))
        for address in self._remembered(lambda glance: glance.resources()):
            yield address, ""

    def addresses(self, typed: str) -> Offer:
        """Resources, and behind the colon what is ours there: first the kinds, then the keys."""
        resource, colon, rest = typed.partition(":")
        if not colon:
            yield from self.targets()
            return
        from controller.model.address import Address

        on, (kind, slash, key) = Address.parse(resource), rest.partition("/")
        if not slash:
            yield from ((f"{resource}:{name}/", "") for name in self._remembered(lambda glance: glance.kinds(str(on))))
            return
        for found, label in self._remembered(lambda glance: glance.keys(str(on), kind, key.partition("%")[0])):
            yield str(on.of(kind, found)), label

    def sources(self) -> Offer:
        for document in self._documents:
            if document.get("kind") == "Source" and isinstance(name := _within(document, "metadata", "name"), str):
                yield name, _text(_within(document, "spec", "provider"))

    def labels(self) -> Offer:
        for document in self._documents:
            labels = _within(document, "metadata", "labels")
            for key, value in labels.items() if isinstance(labels, dict) else ():
                if isinstance(value, str | int):
                    yield f"{key}={value}", ""

    def kinds(self) -> Offer:
        yield from ((kind, "") for kind in self._remembered(lambda glance: glance.kinds()))

    def runs(self) -> Offer:
        yield from self._remembered(lambda glance: glance.runs())

    def secrets(self) -> Offer:
        """Those that specs refer to, then those that are sealed. Names only."""
        for document in self._documents:
            yield from ((name, "in the specs") for name in _secret_names(document))
        yield from ((name, "sealed") for name in self._remembered(lambda glance: glance.secrets()))

    def providers(self) -> Offer:
        from controller.registry import REGISTRY

        yield from ((entry.name, entry.kind) for entry in REGISTRY.entries())

    @cached_property
    def _documents(self) -> list[dict[str, Any]]:
        from controller.spec.documents import read_documents

        reading = read_documents([Path(path) for path in self._settings.specs])
        return [document.data for document in reading.documents if isinstance(document.data, dict)]

    def _remembered(self, ask: Callable[[Glance], list[T]]) -> list[T]:
        from controller.state.glance import Glance

        try:
            return ask(Glance(Path(self._settings.state or os.environ.get("TRUEUP_STATE") or DEFAULT_STATE)))
        except (sqlite3.Error, OSError):  # no state yet, or none of ours: the specs still have words to offer
            return []


def _within(document: dict[str, Any], *path: str) -> Any:
    node: Any = document
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _secret_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if len(node) == 1 and isinstance(node.get("secret"), str):
            yield node["secret"]
        for value in node.values():
            yield from _secret_names(value)
    elif isinstance(node, list):
        for item in node:
            yield from _secret_names(item)
