"""Which of the runs that received feedback have the same shape, and what differs between them.

Outputs that share operations are one example; examples whose graphs are alike but for the values share one program.
All of it is linear in nodes and edges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trace_core.context import Read
from trace_core.nodes import MessageNode, Node
from trace_core.parameter_nodes import ParameterNode
from trace_core.propagators import Feedback, Received
from trace_core.trace_graph import TraceGraph


class Slot(NamedTuple):
    """A node as an operation read it.

    `place` is its place in the graph; `variant` is 0, or tells reads of another value than the first from it: of an
    older version of a parameter ("v0", "candidate"), or of a list that was changed between two reads (2, 3, …).
    """

    place: int
    variant: int | str
    node: Node

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and self[:2] == other[:2]

    def __hash__(self) -> int:
        return hash(self[:2])


@dataclass(slots=True)
class Example:
    """One run: its graph, its feedback as (index of the output, what was said), and what its slots held.

    `variables` are the ids of the parameters that the feedback is for; other parameters stand as values.
    """

    graph: TraceGraph
    feedback: list[tuple[int, Feedback]]
    variables: frozenset[int]
    inputs: list[list[Slot]] = field(default_factory=list)
    _held: dict[tuple[int, int | str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {node.id: place for place, node in enumerate(self.graph.nodes)}
        reads: dict[int, list[Read]] = {}
        for operation in self.graph.operations:
            slots = []
            for index, parent in enumerate(operation.parents):
                read = operation.read_of(index)
                variant = _variant(parent, read, reads.setdefault(parent.id, []))
                slot = Slot(places[parent.id], variant, parent)
                self._held.setdefault(slot[:2], read.value)
                slots.append(slot)
            self.inputs.append(slots)
        self._places = places

    _places: dict[int, int] = field(init=False, default_factory=dict)

    def value(self, slot: Slot) -> Any:
        """What a slot held in this example."""
        return self._held[slot[:2]]

    def value_of(self, node: Node) -> Any:
        """What a node held when it was first read."""
        held = self._held.get((self._places[node.id], 0), node)
        return node._made().value if held is node else held

    def shape(self) -> tuple[Any, ...]:
        """What two examples must have in common to be written as one program."""
        roots = tuple(
            (place, node.id if isinstance(node, ParameterNode) else 0, node.name)
            for place, node in enumerate(self.graph.nodes)
            if not self.graph.is_operation(node)
        )
        steps = tuple(
            (
                operation.op,
                type(operation),
                operation.operation.template,
                operation.description,
                *[s[:2] for s in slots],
            )
            for operation, slots in zip(self.graph.operations, self.inputs, strict=True)
        )
        return roots, steps, tuple(self._places[node.id] for node in self.graph.outputs)


@dataclass(slots=True)
class Shape:
    """Examples of the same shape; names and slots are those of the first."""

    examples: list[Example]

    @property
    def inputs(self) -> list[list[Slot]]:
        """The slots that each operation read, in order."""
        return self.examples[0].inputs

    @property
    def given(self) -> list[Slot]:
        """The slots that are neither a variable as it is now nor what an operation made."""
        graph, variables = self.examples[0].graph, self.parameters
        slots = dict.fromkeys(slot for slots in self.inputs for slot in slots)
        return [
            slot
            for slot in slots
            if slot.variant != 0 or not (slot.node.id in variables or graph.is_operation(slot.node))
        ]

    @property
    def parameters(self) -> frozenset[int]:
        """The ids of the parameters in it that the feedback is for."""
        return self.examples[0].variables


def shapes_of(parameters: Iterable[ParameterNode], received: Sequence[Received]) -> list[Shape]:
    """The runs behind the feedback, grouped by shape, in the order in which feedback came."""
    by_shape: dict[Any, Shape] = {}
    for example in _examples(list(parameters), received):
        by_shape.setdefault(example.shape(), Shape([])).examples.append(example)
    return list(by_shape.values())


def _examples(parameters: Sequence[ParameterNode], received: Sequence[Received]) -> list[Example]:
    blocked = _blocked(received)
    whole = TraceGraph.between(parameters, [each.output for each in received], blocked)
    leader = _components(whole)
    parts: dict[int, list[Received]] = {}
    for each in received:
        parts.setdefault(_find(leader, each.output.id), []).append(each)
    operations: dict[int, list[MessageNode]] = {}
    for operation in whole.operations:
        operations.setdefault(_find(leader, operation.id), []).append(operation)
    wanted = {parameter.id for parameter in parameters}
    names = {parameter.id: whole.identifier(parameter) for parameter in whole.parameters}
    return [_example(operations.get(key, []), part, wanted, blocked, names) for key, part in parts.items()]


def _blocked(received: Sequence[Received]) -> Collection[tuple[int, int]]:
    """The edges over which no feedback went: what blocks one feedback may let another pass."""
    blocked = set[tuple[int, int]]().union(*[each.blocked for each in received])
    for each in received:
        if blocked - each.blocked:
            passed = _passed(each)
            blocked -= {edge for edge in blocked - each.blocked if edge[0] in passed}
    return blocked


def _passed(received: Received) -> set[int]:
    """The ids of the nodes that a feedback came by."""
    passed = {received.output.id}
    to_visit = [received.output]
    while to_visit:
        node = to_visit.pop()
        for index, parent in enumerate(node.parents):
            if parent.depends and parent.id not in passed and (node.id, index) not in received.blocked:
                passed.add(parent.id)
                to_visit.append(parent)
    return passed


def _example(
    operations: Sequence[MessageNode],
    part: Sequence[Received],
    wanted: Collection[int],
    blocked: Collection[tuple[int, int]],
    names: Mapping[int, str],
) -> Example:
    outputs = list({each.output.id: each.output for each in part}.values())
    index = {output.id: i for i, output in enumerate(outputs)}
    nodes: dict[int, Node] = {}
    for node in [*operations, *outputs]:
        nodes[node.id] = node
    for operation in operations:
        for parent in operation.parents:
            nodes[parent.id] = parent
    graph = TraceGraph([nodes[id] for id in sorted(nodes)], [node.id for node in operations], outputs, names)
    variables = [output.id for output in outputs if output.id in wanted]
    for node in operations:
        variables += [p.id for i, p in enumerate(node.parents) if p.id in wanted and (node.id, i) not in blocked]
    return Example(graph, [(index[each.output.id], each.feedback) for each in part], frozenset(variables))


def _components(graph: TraceGraph) -> dict[int, int]:
    """Union-find over operations that take in one another's results."""
    leader = {node.id: node.id for node in (*graph.operations, *graph.outputs)}
    for operation in graph.operations:
        for parent in operation.parents:
            if parent.id in leader:
                leader[_find(leader, parent.id)] = _find(leader, operation.id)
    return leader


def _find(leader: dict[int, int], id: int) -> int:
    while leader[id] != id:
        leader[id] = leader[leader[id]]
        id = leader[id]
    return id


def _variant(parent: Node, read: Read, earlier: list[Read]) -> int | str:
    is_parameter = isinstance(parent, ParameterNode)
    if is_parameter and _same(read.value, parent._peek()):
        return 0
    number = next((n for n, other in enumerate(earlier) if _same(read.value, other.value)), len(earlier))
    if number == len(earlier):
        earlier.append(read)
    if not is_parameter:
        return 0 if number == 0 else number + 1
    versions = [_version_text(other) for other in earlier[: number + 1]]
    again = versions.count(versions[-1])  # a list that was changed in place is another value of the same version
    return versions[-1] if again == 1 else f"{versions[-1]}_{again}"


def _version_text(read: Read) -> str:
    # Candidates are numbered through the whole process, and the same workflow must give the same text.
    return "candidate" if isinstance(read.version, str) else f"v{read.version}"


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:  # noqa: BLE001 - any value's own comparison may raise (arrays do); then they are not the same
        return False
