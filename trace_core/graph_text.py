"""A graph as text: Python code that repeats it, Mermaid, Graphviz.

Running the code lines after the given values computes the outputs again: each operation is the expression or the call
that it was. Inputs that an operation read without being given them stand in a comment behind its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.operators import Operation
from trace_core.parameter_nodes import ParameterNode
from trace_core.rendering import literal, shortened
from trace_core.trace_graph import Edge, TraceGraph

_PLACE = re.compile(r"\{(\d+)\}|\{\{|\}\}")
_ATOM = re.compile(r"[\w.]+|\[.*\]|\{.*\}|\(.*\)|'.*'|\".*\"", re.DOTALL)


def expression(operation: Operation, inputs: Sequence[str]) -> str:
    """The operation as Python on these inputs; what is not a name or a literal of its own is put in brackets."""
    is_call = _is_call(operation.template)

    def filled(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        text = inputs[int(match[1])]
        if text[:1].isdigit() and match.string.startswith(".", match.end()):  # `5.real` is no Python
            return f"({text})"
        return text if is_call or _ATOM.fullmatch(text) else f"({text})"

    return _PLACE.sub(filled, operation.template)


def places(template: str) -> tuple[int, ...]:
    """The numbers of the inputs that a template names."""
    return tuple([int(match[1]) for match in _PLACE.finditer(template) if match[1] is not None])


@lru_cache(maxsize=1024)
def unnamed_inputs(operation: Operation) -> tuple[int, ...]:
    """The inputs that the operation's expression does not show: read implicitly, or its own code."""
    shown = places(operation.template)
    return tuple(i for i in range(len(operation.arguments)) if i not in shown)


def code_line(node: MessageNode, name: str, inputs: Sequence[str], shown_aside: Collection[int] | None = None) -> str:
    """`name = expression`, with what else was read in a comment: all of it, or only the inputs in `shown_aside`."""
    aside = [i for i in unnamed_inputs(node.operation) if shown_aside is None or i in shown_aside]
    comment = f"  # also reads {', '.join(inputs[i] for i in aside)}" if aside else ""
    failed = "  # raised" if isinstance(node, ExceptionNode) else ""
    return f"{name} = {expression(node.operation, inputs)}{failed}{comment}"


def to_text(graph: TraceGraph) -> str:
    """The given values, then a line for each operation, then the outputs' values in comments."""
    lines = []
    for node in graph.nodes:
        name = graph.identifier(node)
        if graph.is_operation(node):
            lines.append(code_line(node, name, [graph.identifier(parent) for parent in node.parents]))  # type: ignore[arg-type]
        else:
            lines.append(f"{name} = {literal(graph.read(node).value, 400)}")
    lines += [f"# {graph.identifier(node)}: {shortened(repr(value_text(graph, node)), 200)}" for node in graph.outputs]
    return "\n".join(lines)


def value_text(graph: TraceGraph, node: Node) -> str:
    """What a node held in the graph as text on one line."""
    return " ".join(literal(graph.read(node).value, 400).split("\n"))


def to_mermaid(graph: TraceGraph) -> str:
    """A flowchart: parameters as stadiums, given values as rounded boxes, operations as boxes, errors as hexagons."""
    shapes = {"parameter": ('(["', '"])'), "value": ('("', '")'), "operation": ('["', '"]'), "error": ('{{"', '"}}')}
    lines = ["flowchart TD"]
    lines += [
        f"  n{number}{shapes[kind][0]}{_mermaid_text(label)}{shapes[kind][1]}"
        for number, (kind, label) in enumerate(_labels(graph))
    ]
    return "\n".join(
        lines + _arrows(graph, lambda a, b, edge: f"  n{a} {_line(edge)}|{_mermaid_text(edge.argument)}| n{b}")
    )


def to_graphviz(graph: TraceGraph) -> str:
    """A digraph: parameters as filled ellipses, given values as ellipses, operations as boxes, errors as octagons."""
    styles = {
        "parameter": "shape=ellipse, style=filled",
        "value": "shape=ellipse",
        "operation": "shape=box",
        "error": "shape=octagon",
    }
    lines = ["digraph {"]
    lines += [
        f"  n{number} [label={_dot_text(label)}, {styles[kind]}];"
        for number, (kind, label) in enumerate(_labels(graph))
    ]
    lines += _arrows(graph, lambda a, b, edge: f"  n{a} -> n{b} [label={_dot_text(edge.argument)}{_style(edge)}];")
    return "\n".join([*lines, "}"])


def _labels(graph: TraceGraph) -> list[tuple[str, str]]:
    def kind(node: Node) -> str:
        if isinstance(node, ParameterNode):
            return "parameter"
        if isinstance(node, ExceptionNode):
            return "error"
        return "operation" if graph.is_operation(node) else "value"

    return [(kind(node), f"{graph.name(node)}: {shortened(value_text(graph, node), 60)}") for node in graph.nodes]


def _line(edge: Edge) -> str:
    return "-.->" if edge.kind == "control" else "-->"


def _style(edge: Edge) -> str:
    return ", style=dashed" if edge.kind == "control" else ""


def _arrows(graph: TraceGraph, arrow: Callable[[int, int, Edge], str]) -> list[str]:
    numbers = {node.id: number for number, node in enumerate(graph.nodes)}
    return [arrow(numbers[edge.source.id], numbers[edge.target.id], edge) for edge in graph.edges]


def _mermaid_text(text: str) -> str:
    # https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    return re.sub(r"[^\w .,:=+*/-]", lambda match: f"#{ord(match[0])};", text)


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=1024)
def _is_call(template: str) -> bool:
    """Whether every place stands between brackets or commas, where any expression may stand."""
    return all(
        template[: match.start()].rstrip(" ").endswith(("(", ",", "=", "[", ":", "{"))
        and template[match.end() :].lstrip(" ").startswith((")", ",", "]", ":", "}"))
        for match in _PLACE.finditer(template)
        if match[1] is not None
    )
