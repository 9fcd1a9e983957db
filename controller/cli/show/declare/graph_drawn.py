"""The graph of the specs for programs that draw: Mermaid (pull requests, wikis) and Graphviz."""

from __future__ import annotations

from controller.spec.graph import Edge, Graph, Node

_MERMAID = {"feeds": "-->", "joins": "-.->", "makes": "==>", "before": "--o"}
_DOT = {"feeds": "solid", "joins": "dashed", "makes": "bold", "before": "dotted"}


def mermaid(graph: Graph) -> str:
    """A flowchart (mermaid.js.org, "Flowcharts"): sources as stored things, targets as boxes."""
    names = _names(graph)
    lines = ["flowchart LR"]
    for node in graph.nodes:
        opening, closing = ("[(", ")]") if node.source else ("[", "]")
        lines.append(f'  {names[node.address]}{opening}"{_entity(_caption(node, "<br/>"))}"{closing}')
    lines += [f'  {names[e.source]} {_MERMAID[e.role]}|"{_entity(_said(e))}"| {names[e.target]}' for e in graph.edges]
    return "\n".join(lines)


def dot(graph: Graph) -> str:
    """Graphviz' language (graphviz.org, "DOT Language")."""
    names = _names(graph)
    lines = ["digraph trueup {", "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes:
        shape = ", shape=cylinder" if node.source else ""
        lines.append(f"  {names[node.address]} [label={_quoted(_caption(node, chr(10)))}{shape}];")
    for edge in graph.edges:
        label = f"label={_quoted(_said(edge))}, style={_DOT[edge.role]}"
        lines.append(f"  {names[edge.source]} -> {names[edge.target]} [{label}];")
    return "\n".join([*lines, "}"])


def _names(graph: Graph) -> dict[str, str]:
    """Short names: addresses may hold what neither language takes."""
    return {node.address: f"n{number}" for number, node in enumerate(graph.nodes, 1)}


def _caption(node: Node, line_break: str) -> str:
    return f"{node.address}{line_break}{node.provider}"


def _said(edge: Edge) -> str:
    match edge.role:
        case "feeds":
            return edge.section
        case "joins":
            return f"{edge.section}, joined {edge.detail}"
        case "makes":
            return f"one each, {edge.detail}"
        case _:
            return "before"


def _entity(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
