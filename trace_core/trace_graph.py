"""A graph as a value: which operations led from parameters to outputs, in order, with names.

`TraceGraph.between(parameters, outputs)` is the minimal subgraph of arXiv 2406.16218, section 3.3: every operation
that depends on one of the parameters and that an output depends on, with what else those operations took in as inputs.
Extraction is linear in nodes and edges, whatever the number of parameters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from itertools import count
from typing import Any, NamedTuple

from trace_core.context import Read
from trace_core.nodes import MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import dependent_ancestors
from trace_core.rendering import Opaque, identifier

_CALLED = re.compile(r"(?<![\w.}])([A-Za-z_]\w*)(?=[(.])")
_CALLED_IN_LITERALS = ("float", "frozenset", "set")


class Edge(NamedTuple):
    """From an input to the operation that took it in.

    `why` says how it is known ("argument", "implicit", "code", an adapter's "identity", …); `kind` is "data" or
    "control".
    """

    source: Node
    target: MessageNode
    argument: str
    why: str
    kind: str


class TraceGraph:
    """Nodes in topological order, some of them operations whose inputs are in the graph too, the others given.

    Args:
        nodes: the nodes, in topological order.
        operations: the ids of those that are shown as operations; the others stand as values.
        outputs: what feedback is about.
        identifiers: names in code that are given, by node id.

    Example:
        >>> x, y = node(2, trainable=True, name="x"), node(3, name="y")
        >>> graph = TraceGraph.between([x], [(x + y) * 2])
        >>> [graph.name(n) for n in graph.nodes]
        ['x', 'y', 'add0', 'int0', 'multiply0']
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        operations: Iterable[int],
        outputs: Sequence[Node],
        identifiers: Mapping[int, str] | None = None,
    ) -> None:
        self.nodes = tuple(nodes)
        self.outputs = tuple(outputs)
        self._operations = frozenset(operations)
        self.operations: tuple[MessageNode, ...] = tuple([node for node in self.nodes if node.id in self._operations])  # type: ignore[misc]
        """The operations in order."""
        self._given_identifiers = identifiers or {}

    @classmethod
    def between(
        cls, parameters: Iterable[Node], outputs: Iterable[Node], blocked: Collection[tuple[int, int]] = frozenset()
    ) -> TraceGraph:
        """The minimal subgraph between parameters and outputs.

        Args:
            parameters: those of interest; what does not depend on them stands as a value.
            outputs: where the feedback is.
            blocked: edges, as (id of the operation, index of its input), over which no feedback goes.
        """
        ends = tuple({node.id: node for node in outputs}.values())
        wanted = {node.id for node in parameters}
        found = dependent_ancestors(ends)
        reached: dict[int, Node] = {}
        given: dict[int, Node] = {}
        operations: list[int] = []
        for id in sorted(found):
            node = found[id]
            parents = node.parents
            if not parents:
                if id in wanted:
                    reached[id] = node
                continue
            for index, parent in enumerate(parents):
                if parent.id in reached and (id, index) not in blocked:
                    reached[id] = node
                    operations.append(id)
                    break
        if blocked:
            operations = _leading_to(ends, found, operations, blocked)
        for id in operations:
            for parent in found[id].parents:
                given[parent.id] = parent
        for node in ends:
            given[node.id] = node
        # Ids grow, so ascending ids are Kahn's order with ties by creation.
        return cls([given[id] for id in sorted(given)], operations, ends)

    @classmethod
    def of(cls, *outputs: Node) -> TraceGraph:
        """All that the outputs came from."""
        found = {node.id: node for node in outputs}
        to_visit = list(outputs)
        while to_visit:
            for parent in to_visit.pop().parents:
                if parent.id not in found:
                    found[parent.id] = parent
                    to_visit.append(parent)
        operations = [node.id for node in found.values() if isinstance(node, MessageNode) and node.parents]
        return cls([found[id] for id in sorted(found)], operations, tuple({node.id: node for node in outputs}.values()))

    # --- what is in it

    def __len__(self) -> int:
        return len(self.nodes)

    def is_operation(self, node: Node) -> bool:
        """Whether the node stands as an operation here, its inputs in the graph too, and not as a value."""
        return node.id in self._operations

    @property
    def parameters(self) -> tuple[ParameterNode, ...]:
        """The parameters that are in the graph."""
        return tuple([node for node in self.nodes if isinstance(node, ParameterNode)])

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by target in order and then by argument."""
        return tuple(
            [
                Edge(parent, node, argument.name, argument.why, argument.kind)
                for node in self.operations
                for argument, parent in zip(node.operation.arguments, node.parents, strict=True)
            ]
        )

    def read(self, node: Node) -> Read:
        """What a node held when an operation of the graph first read it; where none did, what it holds now."""
        return self._first_reads.get(node.id) or node._made()

    @cached_property
    def _first_reads(self) -> dict[int, Read]:
        reads: dict[int, Read] = {}
        for operation in self.operations:
            for parent, read in zip(operation.parents, operation.reads or (), strict=False):
                if read is not None:
                    reads.setdefault(parent.id, read)
        return reads

    # --- names

    def name(self, node: Node) -> str:
        """The node's name in this graph: a parameter's and an input's own, else `<op><n>` or `<type><n>`.

        Raises:
            KeyError: the node is not in the graph.
        """
        named = self._parameter_names.get(node.id)
        return self._identifiers[node.id] if named is None else named

    def identifier(self, node: Node) -> str:
        """The node's name where it stands in code: the name with everything but letters, digits and `_` replaced."""
        return self._identifiers[node.id]

    @cached_property
    def _parameter_names(self) -> Mapping[int, str]:
        names: dict[int, str] = {}
        taken: set[str] = set()
        for node in self.parameters:  # two may have one name, where no set holds them both
            numbered = (f"{node.name}[{number}]" for number in count(1))
            names[node.id] = node.name if node.name not in taken else next(n for n in numbered if n not in taken)
            taken.add(names[node.id])
        return names

    @cached_property
    def _identifiers(self) -> dict[int, str]:
        # Names that were given come first, parameters' before others', so that a counted one gives way to them;
        # functions keep theirs.
        taken = {called for operation in self.operations for called in _called_in(operation.operation.template)}
        taken.update(_CALLED_IN_LITERALS, self._given_identifiers.values())
        named: dict[int, str] = dict(self._given_identifiers)
        counts: dict[str, int] = {}
        given = [(node, identifier(node.name)) for node in self.nodes if node.name and node.id not in named]
        given.sort(key=lambda each: (not isinstance(each[0], ParameterNode), each[0].name != each[1]))  # a_b before a.b
        for node, name in given:
            named[node.id] = free_name(name + "_" if name in taken else name, taken, counts)
        for node in self.nodes:
            if node.id not in named:
                base = identifier(node.op if isinstance(node, MessageNode) else _type_name(node._peek()))
                named[node.id] = _numbered(base, 0, taken, counts)
        return named

    # --- text and files

    def to_json(self) -> dict[str, Any]:
        """The graph as JSON data; what is not plain data becomes an opaque value with its type's name."""
        from trace_core.graph_json import to_json

        return to_json(self)

    @staticmethod
    def from_json(data: Mapping[str, Any], parameters: Mapping[str, ParameterNode] | None = None) -> TraceGraph:
        """A graph from `to_json`; its parameters are taken by name from `parameters`, the others stand as values.

        Raises:
            InvalidTrace: the data is not such a graph.
        """
        from trace_core.graph_json import from_json

        return from_json(data, parameters or {})

    def to_text(self) -> str:
        """The graph as Python: the given values, then a line for each operation."""
        from trace_core.graph_text import to_text

        return to_text(self)

    def to_mermaid(self) -> str:
        """The graph as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
        from trace_core.graph_text import to_mermaid

        return to_mermaid(self)

    def to_graphviz(self) -> str:
        """The graph in Graphviz's DOT language (https://graphviz.org/doc/info/lang.html)."""
        from trace_core.graph_text import to_graphviz

        return to_graphviz(self)

    def to_html(self, feedback: str | None = None) -> str:
        """The graph as a page in one file, to fold, search and look into (extra `view`); a notebook shows it.

        Args:
            feedback: what was said about its outputs.

        Raises:
            MissingExtra: the extra is not installed.

        Example:
            Path("graph.html").write_text(run.graph.to_html())
        """
        html: str = import_module("trace_view").to_html(self, feedback)  # by name: the core depends on no viewer
        return html

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the drawing where Mermaid is known, else the code."""
        from html import escape

        text = self.to_text()
        return {"text/vnd.mermaid": self.to_mermaid(), "text/html": f"<pre>{escape(text)}</pre>", "text/plain": text}


def _type_name(value: Any) -> str:
    return value.type_name.rpartition(".")[2] if isinstance(value, Opaque) else type(value).__name__


def _leading_to(
    ends: Sequence[Node], found: Mapping[int, Node], operations: Sequence[int], blocked: Collection[tuple[int, int]]
) -> list[int]:
    """Those of the operations from which an end can be reached without a blocked edge."""
    leading = {node.id for node in ends}
    kept = []
    for id in reversed(operations):
        if id in leading:
            kept.append(id)
            leading.update(p.id for i, p in enumerate(found[id].parents) if (id, i) not in blocked)
    return kept[::-1]


def _called_in(template: str) -> list[str]:
    return _CALLED.findall(template)


def free_name(name: str, taken: set[str], counts: dict[str, int] | None = None) -> str:
    """The name, or with the first number that makes it free; it is taken then. `counts` are the next to try."""
    if name in taken:
        return _numbered(f"{name}_", 1, taken, {} if counts is None else counts)
    taken.add(name)
    return name


def _numbered(beginning: str, first: int, taken: set[str], counts: dict[str, int]) -> str:
    number = counts.get(beginning, first)
    while (name := f"{beginning}{number}") in taken:
        number += 1
    counts[beginning] = number + 1
    taken.add(name)
    return name
