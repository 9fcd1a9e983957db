"""The graph of the specs in words of at most 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli.show.layout import wrapped
from controller.cli.show.words import counted
from controller.spec.graph import Edge, Graph, Node


def graph_text(graph: Graph) -> str:
    sources = [node for node in graph.nodes if node.source]
    targets = [node for node in graph.nodes if not node.source]
    if not graph.nodes:
        return "Nothing is declared yet. To begin: trueup init"
    blocks = [["Sources", *(line for node in sources for line in _source_lines(node, graph.edges))]] if sources else []
    blocks += [["Targets", *(line for node in targets for line in _target_lines(node, graph.edges))]] if targets else []
    blocks += [list(_lane_lines(graph))] if targets else []
    return "\n\n".join("\n".join(block) for block in blocks)


def _head(node: Node) -> Iterator[str]:
    labels = "".join(f"  {key}={value}" for key, value in sorted(node.labels.items()))
    yield from wrapped(f"{node.address}  ({node.provider}){labels}", 2, hang=4)


def _source_lines(node: Node, edges: Sequence[Edge]) -> Iterator[str]:
    yield from _head(node)
    fed = {
        role: _names(e.target for e in edges if e.source == node.address and e.role == role) for role in ("feeds", "joins", "makes")
    }
    for role, words in (("feeds", "feeds"), ("joins", "lends fields to"), ("makes", "makes")):
        if fed[role]:
            yield from wrapped(f"{words} {fed[role]}", 4, hang=2)
    if not any(fed.values()):
        yield "    feeds nothing"


def _target_lines(node: Node, edges: Sequence[Edge]) -> Iterator[str]:
    yield from _head(node)
    mine = [edge for edge in edges if edge.target == node.address]
    for edge in mine:
        name = edge.source.removeprefix("Source/")
        match edge.role:
            case "makes":
                yield from wrapped(f"one for each record of {name}, {edge.detail}", 4, hang=2)
            case "feeds":
                yield from wrapped(f"{edge.section} from {name}", 4, hang=2)
            case "joins":
                yield from wrapped(f"{edge.section} joined with {name} {edge.detail}", 4, hang=2)
    if needs := _names(edge.source for edge in mine if edge.role == "before"):
        yield from wrapped(f"waits for {needs}", 4, hang=2)


def _lane_lines(graph: Graph) -> Iterator[str]:
    lanes = sum(map(len, graph.turns))
    yield from wrapped(f"Lanes: one for each of {counted(lanes, 'target')}, at most {graph.parallel} side by side", 0, hang=2)
    if len(graph.turns) > 1:
        for number, turn in enumerate(graph.turns):
            yield from wrapped(f"{'then' if number else 'first'} {', '.join(turn)}", 2, hang=2)


def _names(addresses: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(addresses))
