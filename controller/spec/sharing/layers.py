"""What a document has of others, put under it before anything is judged: values of a values file, a profile, defaults.

The document's own words come first, then its profile's, then the defaults of its provider, then those of its kind. Keys are merged
level by level; lists, texts and references are taken whole. Places stay those of where something was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from controller.model.change import Given
from controller.spec.checks.explain import dotted, near
from controller.spec.documents import Document, Reading
from controller.spec.envelope import CONTROLLER
from controller.spec.excerpt import Findings
from controller.spec.sharing.layered import Layered
from controller.spec.sharing.values import with_values
from controller.spec.syntax.positions import Path

_REFERENCES = frozenset({"env", "file", "secret", "plain", "each"})
_SHARED = ("config", "policy")


def given_to(document: Document) -> tuple[Given, ...]:
    """What defaults and profiles gave to a document."""
    return document.given if isinstance(document, Layered) else ()


def layered(reading: Reading, vars_files: Sequence[File] = ()) -> list[Document]:
    """The documents with everything under them; what is wrong on the way is added to the reading's findings."""
    documents = with_values(reading, vars_files)
    controller = next((d for d in documents if isinstance(d.data, dict) and d.data.get("kind") == CONTROLLER), None)
    spec = controller.data.get("spec") if controller is not None else None
    if controller is None or not isinstance(spec, dict) or not (spec.get("defaults") or spec.get("profiles")):
        return [_without_profiles(document, reading.findings) for document in documents]
    shelf = _Shelf(controller, spec, reading.findings)
    return [document if document is controller else shelf.under(document) for document in documents]


# -- defaults and profiles ---------------------------------------------------------------------------------------------------


class _Shelf:
    """What the Controller gives to others."""

    def __init__(self, controller: Document, spec: dict[str, Any], findings: Findings) -> None:
        self._controller, self._findings = controller, findings
        self._defaults, self._profiles = (_mapping(spec.get(part)) for part in ("defaults", "profiles"))

    def under(self, document: Document) -> Document:
        spec = document.data.get("spec") if isinstance(document.data, dict) else None
        if not isinstance(spec, dict):
            return document
        layers = [layer for layer in self._layers(document, spec) if isinstance(layer[1], dict)]
        origins: dict[Path, tuple[Document, Path]] = {}
        given: list[Given] = []
        for words, layer, start in layers:
            merging = _Merging(self._controller, origins, [])
            spec = _underlaid(spec, {k: layer[k] for k in _SHARED if k in layer}, (("spec",), start), merging)
            if merging.taken:
                place = self._controller.key(*start)
                given.append(Given(words, tuple(merging.taken), f"{place.file}:{place.line}"))
        if not given:
            return document
        merged = {**document.data, "spec": spec}
        if isinstance(document, Layered):
            return replace(document, merged=merged, origins=origins, given=tuple(given))
        return Layered(document.file, document.folder, document.parsed, merged, origins, given=tuple(given))

    def _layers(self, document: Document, spec: dict[str, Any]) -> Iterator[tuple[str, Any, Path]]:
        profiles, defaults = self._profiles, self._defaults
        name, provider, kind = spec.get("profile"), spec.get("provider"), document.data.get("kind")
        if isinstance(name, str) and name in profiles:
            yield f"profile {name}", profiles[name], ("spec", "profiles", name)
        elif isinstance(name, str):
            _unknown_profile(document, name, list(profiles), self._findings)
        for key in (provider, kind):
            if isinstance(key, str) and key in defaults:
                yield f"defaults of {key}", defaults[key], ("spec", "defaults", key)


def _mapping(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


@dataclass(frozen=True)
class _Merging:
    controller: Document
    origins: dict[Path, tuple[Document, Path]]
    taken: list[str]


def _underlaid(own: Any, layer: dict[str, Any], at: tuple[Path, Path], merging: _Merging) -> Any:
    """``own`` with what only the layer has. ``at``: where both stand, in the document and in the Controller."""
    out = dict(own)
    here, there = at
    for key, value in layer.items():
        if key not in own:
            out[key] = value
            merging.origins[(*here, key)] = (merging.controller, (*there, key))
            merging.taken.extend(_leaves((*here[1:], key), value))
        elif _mergeable(own[key]) and _mergeable(value):
            out[key] = _underlaid(own[key], value, ((*here, key), (*there, key)), merging)
    return out


def _mergeable(value: Any) -> bool:
    return isinstance(value, dict) and not (value and value.keys() <= _REFERENCES)


def _leaves(path: Path, value: Any) -> list[str]:
    if _mergeable(value) and value:
        return [leaf for key, inner in value.items() for leaf in _leaves((*path, key), inner)]
    return [dotted(path)]


def _without_profiles(document: Document, findings: Findings) -> Document:
    spec = document.data.get("spec") if isinstance(document.data, dict) else None
    if isinstance(spec, dict) and isinstance(spec.get("profile"), str):
        _unknown_profile(document, spec["profile"], [], findings)
    return document


def _unknown_profile(document: Document, name: str, known: list[str], findings: Findings) -> None:
    detail = (
        f"Profiles are: {', '.join(known)}." if known else "Profiles stand under spec.profiles of the Controller; there are none."
    )
    findings.add(
        document.value("spec", "profile"), "unknown-profile", f"there is no profile `{name}`", detail=detail,
        suggestion=near(name, known), path="spec.profile",
    )  # fmt: skip
