"""A trace graph as the data that a page draws."""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite
from typing import Any

from trace_core.context import Read
from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.trace_graph import TraceGraph
from trace_view.graphs.scopes import Scopes
from trace_view.graphs.values import label, shown, visible

_ALL_VALUES = 2_000_000
_SHORTEST, _LONGEST = 200, 4_000

Data = dict[str, Any]


def graph_data(graph: TraceGraph, feedback: str | None = None, parameters: Collection[str] = ()) -> Data:
    """A graph as JSON data for `static/graph.js`; long values are cut (`value_text` has the whole).

    Args:
        graph: the graph.
        feedback: what was said about its outputs.
        parameters: the names of parameters, for a graph from a store, where they stand as values.

    Returns:
        nodes: each with its `name`, `kind` (parameter, value, operation or error), `label`, `output`, and, as far as
            they are known, `inputs`, `op`, `scope`, `description`, `info`, …; `path` is true of what leads from a
            parameter to an output. They are in topological order.
        edges: source, target, argument, why, kind; sources and targets are places in `nodes`, and a node's edges are
            in the order of its `inputs`.
        scopes: each with its `name` and `parent`, a place in `scopes`.
        outputs, reached: the outputs, and the parameters that feedback on them reaches.

    Example:
        json.dumps(graph_data(run.graph, "cite the page you used"))
    """
    return _Drawn(graph, frozenset(parameters)).data(feedback)


def value_text(graph: TraceGraph, number: int, index: int | None = None) -> str:
    """The whole value of a node, or of one of its inputs, as text.

    Args:
        graph: the graph that `graph_data` was made of.
        number: the node's place in `nodes`.
        index: an input's place in the node's `inputs`; None for what came out.

    Raises:
        IndexError: the graph has no such node, or the node no such input.

    Example:
        value_text(run.graph, 4, 0)
    """
    node = graph.nodes[number]
    if index is None:
        return shown(graph.read(node).value).text
    if not isinstance(node, MessageNode) or index >= len(node.parents):
        raise IndexError(f"node {number} has no input {index}")
    return shown(node.read_of(index).value).text


class _Drawn:
    """One graph being turned into data."""

    def __init__(self, graph: TraceGraph, parameters: frozenset[str]) -> None:
        self.graph = graph
        self.parameters = parameters
        self.numbers = {node.id: number for number, node in enumerate(graph.nodes)}
        self.sources = [
            [self.numbers[parent.id] for parent in node.parents] if graph.is_operation(node) else []
            for node in graph.nodes
        ]
        values = len(graph.nodes) + sum(map(len, self.sources))
        self.limit = max(_SHORTEST, min(_LONGEST, _ALL_VALUES // max(1, values)))
        self.scopes = Scopes()

    def data(self, feedback: str | None) -> Data:
        """All of it."""
        on_path = self._on_path()
        nodes = [self._node(node) | {"path": number in on_path} for number, node in enumerate(self.graph.nodes)]
        return {
            "nodes": nodes,
            "edges": [
                [self.numbers[source.id], self.numbers[target.id], visible(argument), visible(why), visible(kind)]
                for source, target, argument, why, kind in self.graph.edges
            ],
            "scopes": self.scopes.data(),
            "outputs": [self.numbers[node.id] for node in self.graph.outputs],
            "reached": [
                node["name"] for number, node in enumerate(nodes) if number in on_path and node["kind"] == "parameter"
            ],
            "feedback": None if feedback is None else shown(feedback, _LONGEST).text,
        }

    def _kind(self, node: Node) -> str:
        if isinstance(node, ParameterNode) or (not node.parents and node.name in self.parameters):
            return "parameter"
        if isinstance(node, ExceptionNode):
            return "error"
        return "operation" if self.graph.is_operation(node) else "value"

    def _on_path(self) -> set[int]:
        """What depends on a parameter, and an output on it; ends included."""
        below = {number for number, node in enumerate(self.graph.nodes) if self._kind(node) == "parameter"}
        for number, sources in enumerate(self.sources):
            if not below.isdisjoint(sources):
                below.add(number)
        above = {self.numbers[node.id] for node in self.graph.outputs}
        for number in reversed(range(len(self.sources))):
            if number in above:
                above.update(self.sources[number])
        return below & above

    def _node(self, node: Node) -> Data:
        read = self.graph.read(node)
        kind = self._kind(node)
        name = node.name if kind == "parameter" and node.name else self.graph.name(node)
        data: Data = {"name": visible(name), "kind": kind, "label": label(read.value), "output": self._read(read)}
        if node.description:
            data["description"] = shown(node.description, self.limit).text
        if not isinstance(node, MessageNode):
            return data
        info = dict(node._info or {})
        times = {key: info.pop(key, None) for key in ("start", "seconds")}
        scope, called = self.scopes.of(info.pop("scope", None)), info.pop("name", None)
        data |= {"op": visible(node.op)} | ({} if scope is None else {"scope": scope})
        data |= {"called": label(called)} if called else {}
        data |= {key: time for key, time in times.items() if isinstance(time, float) and isfinite(time) and time}
        if known := {key: value for key, value in info.items() if not _is_nothing(value)}:
            data["info"] = shown(known, self.limit).text
        if self.graph.is_operation(node):
            data["inputs"] = [self._read(node.read_of(index)) for index in range(len(node.parents))]
        return data

    def _read(self, read: Read) -> Data:
        """A value as it was read: its text, whether that is cut, and of a parameter its version."""
        value = shown(read.value, self.limit)
        data: Data = {"text": value.text}
        if value.is_cut:
            data["cut"] = True
        if read.version is not None:
            data["version"] = read.version if isinstance(read.version, int) else label(read.version)
        if read.by_reference:
            data["by_reference"] = True
        return data


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (str, dict, list, tuple)) and not value)
