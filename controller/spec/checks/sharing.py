"""Checks what ties documents to each other: `dependsOn`, `moved`, and who uses defaults and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from controller.registry import BrokenProvider, Registry
from controller.sdk.provider import TargetProvider
from controller.spec.checks.document import Candidate
from controller.spec.checks.explain import Problem, explain, near
from controller.spec.envelope import CONTROLLER, KINDS
from controller.spec.policy import ControllerSpec, Layer
from controller.spec.syntax.positions import Path

Found = Iterator[tuple[Candidate, Problem]]
_KEY: Path = ("spec", "forEach", "key")


# -- dependsOn ---------------------------------------------------------------------------------------------------------------


def dependency_problems(candidates: Sequence[Candidate]) -> Found:
    """Resources that do not exist, and rings of resources that wait for each other, each told once with its places."""
    by_address = {str(c.address): c for c in candidates if isinstance(c.provider, TargetProvider)}
    for candidate in candidates:
        for index, need in enumerate(candidate.depends_on):
            at: Path = ("spec", "dependsOn", index)
            if need == str(candidate.address):
                yield candidate, Problem("depends-on-itself", at, "it cannot wait for itself", "Leave it out.")
            elif _declared(need, by_address) is None:
                hint = (
                    "It waits for targets; sources are read before any of them."
                    if need.startswith("Source/")
                    else _named(by_address)
                )
                yield (
                    candidate,
                    Problem("unknown-resource", at, f"there is no `{need}` to wait for", hint, near(need, list(by_address))),
                )
    told: set[frozenset[str]] = set()
    for address in (a for a, c in by_address.items() if c.depends_on):
        ring = _ring(address, by_address)
        if len(ring) > 1 and frozenset(ring) not in told:
            told.add(frozenset(ring))
            yield by_address[address], _ring_problem(ring, by_address)


def _named(by_address: Mapping[str, Candidate]) -> str:
    return f"There are: {', '.join(by_address)}."


def _declared(address: str, by_address: Mapping[str, Candidate]) -> Candidate | None:
    """The document that declares an address; `Device/terminal@17` is declared by the one with forEach."""
    found = by_address.get(address)
    if found is None and "@" in address:
        found = by_address.get(address.partition("@")[0])
        return found if found is not None and found.for_each is not None else None
    return found


def _needs(address: str, by_address: Mapping[str, Candidate]) -> list[str]:
    return [str(found.address) for need in by_address[address].depends_on if (found := _declared(need, by_address)) is not None]


def _ring(start: str, by_address: Mapping[str, Candidate]) -> list[str]:
    """A way from ``start`` back to itself, empty when there is none."""
    ways: list[list[str]] = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for need in _needs(way[-1], by_address):
            if need == start:
                return way
            if need not in seen:
                seen.add(need)
                ways.append([*way, need])
    return []


def _ring_problem(ring: list[str], by_address: Mapping[str, Candidate]) -> Problem:
    way = " -> ".join([*ring, ring[0]])
    places = ", ".join(str(by_address[a].document.key("spec", "dependsOn")) for a in ring[1:])
    return Problem(
        "dependency-cycle", ("spec", "dependsOn"), f"these wait for each other: {way}", f"The others: {places}. Break one of them."
    )


# -- moved -------------------------------------------------------------------------------------------------------------------


def moved_problems(candidates: Sequence[Candidate]) -> Found:
    """A move goes from a name that is not declared any more to one that is."""
    by_address = {str(c.address): c for c in candidates if c.address.kind != CONTROLLER}
    for controller in candidates:
        if not isinstance(controller.whole, ControllerSpec):
            continue
        moves = controller.whole.moved
        gone = {move.from_ for move in moves}
        for index, move in enumerate(moves):
            at: Path = ("spec", "moved", index)
            if move.from_.partition("/")[0] != move.to.partition("/")[0]:
                yield controller, Problem("moved-kind", (*at, "to"), "a resource keeps its kind when it gets another name")
            elif move.from_.startswith("Source/"):
                yield (
                    controller,
                    Problem("moved-source", (*at, "from"), "nothing is owned on a source, so nothing moves", "Leave it out."),
                )
            elif _declared(move.from_, by_address) is not None and move.from_ != move.to:
                words = f"`{move.from_}` is still declared, so it did not move"
                yield controller, Problem("moved-from", (*at, "from"), words, "Take the document away, or this entry.")
            elif move.to not in gone and _declared(move.to, by_address) is None:
                hint = "If it is no longer there at all, take this entry away."
                yield (
                    controller,
                    Problem("moved-to", (*at, "to"), f"there is no `{move.to}`", hint, near(move.to, list(by_address))),
                )
            elif [m.from_ for m in moves].index(move.from_) != index:
                yield controller, Problem("moved-twice", (*at, "from"), f"`{move.from_}` moves twice", "Keep one of the entries.")


# -- defaults and profiles ---------------------------------------------------------------------------------------------------


def layer_problems(candidates: Sequence[Candidate], registry: Registry) -> Found:
    """Defaults for what does not exist, settings at a kind, and what no document of today would show to be wrong."""
    used = {c.document.data["spec"].get("provider") for c in candidates if c.provider is not None}
    for candidate in candidates:
        if not isinstance(candidate.whole, ControllerSpec):
            continue
        for name, layer in candidate.whole.defaults.items():
            at: Path = ("spec", "defaults", name)
            if name in KINDS:
                if layer.config:
                    hint = (
                        "Settings belong to a provider: write them under its name, for example defaults: {hikvision: {config: ...}}"
                    )
                    yield candidate, Problem("kind-config", (*at, "config"), f"`{name}` is a kind and has no settings", hint)
            elif name not in registry.names():
                words = [*KINDS, *registry.names()]
                hint = f"There are: {', '.join(words)}."
                summary = f"`{name}` is neither a kind nor a provider"
                yield candidate, Problem("unknown-default", at, summary, hint, near(name, words), on_key=True)
            elif name not in used:
                for problem in _config_problems(name, layer, at, registry):
                    yield candidate, problem


def unused_profiles(candidates: Iterable[Candidate]) -> Found:
    """Profiles that nobody takes; said as a warning."""
    candidates = list(candidates)
    taken = {_profile(c.document.data) for c in candidates}
    for candidate in candidates:
        for name in candidate.whole.profiles if isinstance(candidate.whole, ControllerSpec) else ():
            if name not in taken:
                hint = f"A resource takes it with `profile: {name}` under spec."
                yield (
                    candidate,
                    Problem(
                        "unused-profile", ("spec", "profiles", name), f"no resource takes the profile `{name}`", hint, on_key=True
                    ),
                )


def _profile(data: Any) -> Any:
    spec = data.get("spec")
    return spec.get("profile") if isinstance(spec, dict) and isinstance(spec.get("profile"), str) else None


def _config_problems(name: str, layer: Layer, at: Path, registry: Registry) -> Iterator[Problem]:
    try:
        model = registry.load(name).config
        model.model_validate(layer.config, by_alias=True, by_name=False)
    except BrokenProvider:
        return
    except ValidationError as error:
        for problem in explain(error, layer.config, model):
            if problem.code != "missing":
                yield Problem(
                    problem.code,
                    (*at, "config", *problem.path),
                    problem.summary,
                    problem.detail,
                    problem.suggestion,
                    problem.on_key,
                )
