"""What feeds what, and who waits for whom, as declared. Pure: asks nobody, and needs neither records nor secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

import msgspec

from controller.model.address import Address, Pattern
from controller.model.errors import UsageError
from controller.model.scope import Scope
from controller.spec.resource import Mapped, Resource, Specs
from controller.spec.sharing.generator import Generator

Role = Literal["feeds", "joins", "makes", "before"]


class Node(msgspec.Struct, frozen=True):
    """One resource. ``each`` is the source of whose records it makes one resource each; its address then ends in ``@*``."""

    address: str
    provider: str
    labels: dict[str, str] = {}
    each: str = ""
    place: str = ""

    @property
    def source(self) -> bool:
        return self.address.startswith("Source/")


class Edge(msgspec.Struct, frozen=True):
    """``feeds``: records of a source become entities of a section; ``joins``: a source lends them fields; ``makes``: each record
    makes a resource; ``before``: the first is brought into order before the second. ``detail`` is what the spec says of it."""

    source: str
    target: str
    role: Role
    section: str = ""
    detail: str = ""


class Graph(msgspec.Struct, frozen=True):
    """``turns``: targets in the order in which they are worked on, each a lane of its own, those of one turn side by side, at most
    ``parallel`` at a time."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    turns: tuple[tuple[str, ...], ...]
    parallel: int


def graph(specs: Specs, scope: Scope) -> Graph:
    """The part that the selection is about: what is selected, all that it depends on, and what a source that is named feeds.

    Raises UsageError when nothing is selected.
    """
    nodes, edges = _drawn(specs)
    chosen = _chosen(nodes, scope)
    if scope.targets:
        chosen |= {edge.target for edge in edges if edge.source in chosen and edge.role != "before"}
    kept = _with_needs(chosen, edges) - _excluded(nodes, scope)
    lines = tuple(edge for edge in edges if edge.source in kept and edge.target in kept)
    shown = tuple(node for node in nodes if node.address in kept)
    return Graph(shown, lines, _turns(shown, lines), specs.controller.parallel_devices)


def fed_by(specs: Specs, source: str) -> tuple[str, ...]:
    """The targets that draw on these sources (``Source/members``, ``Source/*``), by feed, join or forEach; ``@*`` stands for what
    records make. Raises UsageError when there is no such source, or nothing draws on it."""
    nodes, edges = _drawn(specs)
    sources = [node for node in nodes if node.source]
    meant = {node.address for node in sources if Pattern(source).covers_resource(Address.parse(node.address))}
    if not meant:
        raise _nothing(source, sources)
    fed = tuple(dict.fromkeys(edge.target for edge in edges if edge.source in meant))
    if not fed:
        raise UsageError(f"nothing draws on {source}", hint="to see what feeds what: trueup graph")
    return fed


def _drawn(specs: Specs) -> tuple[list[Node], list[Edge]]:
    declared: tuple[Resource | Generator, ...] = (*specs.resources, *specs.generators)
    nodes = [_node(found) for found in declared]
    targets: tuple[Resource | Generator, ...] = (*specs.targets, *specs.generators)
    return nodes, list(dict.fromkeys(edge for found in targets for edge in _edges(found, nodes)))


def _node(found: Resource | Generator) -> Node:
    each = found.for_each.source if isinstance(found, Generator) else ""
    address = f"{found.address}@*" if each else str(found.address)
    return Node(address, found.provider.name, dict(found.labels), each, f"{found.place.file}:{found.place.line}")


def _edges(found: Resource | Generator, nodes: list[Node]) -> Iterator[Edge]:
    address = f"{found.address}@*" if isinstance(found, Generator) else str(found.address)
    if isinstance(found, Generator):
        yield Edge(f"Source/{found.for_each.source}", address, "makes", detail=f"key {_either(found.for_each.key)}")
        for section in found.provider.sections:
            for item in found.data["spec"].get(section, ()):
                yield from _written(section, item, address)
    else:
        for mapped in found.mappings:
            yield from _mapped(mapped, address)
    there = {node.address for node in nodes}
    for need in found.depends_on:
        yield Edge(need if need in there else f"{need.partition('@')[0]}@*", address, "before")


def _mapped(mapped: Mapped, address: str) -> Iterator[Edge]:
    yield Edge(f"Source/{mapped.mapping.from_}", address, "feeds", mapped.section)
    for match in mapped.mapping.match:
        yield Edge(f"Source/{match.source}", address, "joins", mapped.section, _joined(match.on, match.take))


def _written(section: str, item: Mapping[str, Any], address: str) -> Iterator[Edge]:
    """The same from a document that records complete: a source that a record names is not known yet."""
    if isinstance(item.get("from"), str):
        yield Edge(f"Source/{item['from']}", address, "feeds", section)
    matches = item.get("match", ())
    for match in matches if isinstance(matches, list | tuple) else (matches,):
        if isinstance(match, dict) and isinstance(match.get("source"), str):
            take = match.get("take", ())
            detail = _joined(match.get("on"), take if isinstance(take, list) else (take,))
            yield Edge(f"Source/{match['source']}", address, "joins", section, detail)


def _joined(on: Any, take: Collection[Any]) -> str:
    return f"on {_either(on)}, takes {', '.join(map(str, take))}"


def _either(template: Any) -> str:
    """A template, or those of which the first counts whose fields are all there."""
    return " or ".join(map(str, template)) if isinstance(template, list | tuple) else str(template)


# -- selection


def _chosen(nodes: list[Node], scope: Scope) -> set[str]:
    addresses = [Address.parse(node.address) for node in nodes]
    for flag, patterns in (("--target", scope.targets), ("--exclude", scope.excludes)):
        for text in patterns:
            if not any(Pattern(text).covers_resource(address) for address in addresses):
                raise _nothing(f"{flag} {text}", nodes)
    found = {node.address for node, address in zip(nodes, addresses, strict=True) if scope.covers_resource(address, node.labels)}
    if not found and not scope.everything:
        raise _nothing(" ".join(scope.words()), nodes)
    return found


def _nothing(words: str, nodes: list[Node]) -> UsageError:
    there = ", ".join(node.address for node in nodes[:8]) + (f" and {len(nodes) - 8} more" if len(nodes) > 8 else "")
    return UsageError(f"nothing declared matches {words}", hint=f"there are: {there or 'no resources yet'}")


def _excluded(nodes: list[Node], scope: Scope) -> set[str]:
    """Needs come along unless they are excluded by name."""
    rest = Scope(excludes=scope.excludes)
    return {node.address for node in nodes if not rest.covers_resource(Address.parse(node.address), {})}


def _with_needs(chosen: set[str], edges: list[Edge]) -> set[str]:
    kept = set(chosen)
    while more := {edge.source for edge in edges if edge.target in kept} - kept:
        kept |= more
    return kept


def _turns(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> tuple[tuple[str, ...], ...]:
    """That there are no rings is checked when specs are loaded; a target whose needs are all done is next."""
    waiting = {node.address: {e.source for e in edges if e.role == "before" and e.target == node.address} for node in nodes}
    left = [node.address for node in nodes if not node.source]
    turns: list[tuple[str, ...]] = []
    while left:
        turn = tuple(address for address in left if not waiting[address] & set(left)) or tuple(left)
        turns.append(turn)
        left = [address for address in left if address not in turn]
    return tuple(turns)
