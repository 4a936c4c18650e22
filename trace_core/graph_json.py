"""Graphs as JSON, both ways, without pickle and without running anything.

A file from elsewhere is untrusted: each field is checked, an operation's text must be a single line, and what is not
as expected is an `InvalidTrace` that says where.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from trace_core.context import Read
from trace_core.errors import InvalidTrace
from trace_core.graph_text import places
from trace_core.nodes import ExceptionNode, MessageNode, Node
from trace_core.operators import Argument, Operation
from trace_core.parameter_nodes import ParameterNode
from trace_core.rendering import Opaque, opaque
from trace_core.trace_graph import TraceGraph

FORMAT = "trace-graph"
_TAG = "$"
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f\x85\u2028\u2029]*")
_LONGEST = 4_000
_DEEPEST = 50
_MOST_BITS = 10_000
_MOST_REPEATED = 100_000
_CONTAINERS: dict[str, type[Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def encode(value: Any) -> Any:
    """A value as JSON data; tuples, sets, bytes, other numbers and dicts with other keys are tagged, others opaque.

    Opaque is also a container that stands in itself, 50 deep, or again after too much was written more than once.
    """
    return value if value is None or type(value) in (str, bool) else _Encoder().encode(value)


class _Encoder:
    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._repeated = 0

    def encode(self, value: Any, *around: int) -> Any:
        """`around` are the ids of the containers that the value stands in."""
        kind = type(value)
        if value is None or kind in (bool, str) or (kind is int and value.bit_length() <= _MOST_BITS):
            return value
        if kind is float:
            return value if math.isfinite(value) else {_TAG: "float", "text": str(value)}
        if kind is int:  # json writes no more than some thousand digits
            return {_TAG: "int", "text": hex(value)}
        if kind is bytes:
            return {_TAG: "bytes", "hex": value.hex()}
        if isinstance(value, (list, dict, *_CONTAINERS.values())):
            if len(around) <= _DEEPEST and id(value) not in around and self._may_repeat(value):
                return self._container(value, *around, id(value))
            return {_TAG: "opaque", "type": opaque(value).type_name}
        for plain in (str, bool, int, float):
            if isinstance(value, plain):
                return self.encode(plain(value) if plain is not str else str.__str__(value))
        return {_TAG: "opaque", "type": opaque(value).type_name}

    def _may_repeat(self, container: Any) -> bool:
        if id(container) in self._seen:
            self._repeated += len(container)
        self._seen.add(id(container))
        return self._repeated <= _MOST_REPEATED

    def _container(self, value: Any, *around: int) -> Any:
        if isinstance(value, list):
            return [self.encode(item, *around) for item in value]
        if isinstance(value, dict):
            if all(type(key) is str for key in value) and _TAG not in value:
                return {key: self.encode(item, *around) for key, item in value.items()}
            pairs = [[self.encode(key, *around), self.encode(item, *around)] for key, item in value.items()]
            return {_TAG: "dict", "items": pairs}
        name = next(name for name, container in _CONTAINERS.items() if isinstance(value, container))
        items = [self.encode(item, *around) for item in value]
        return {_TAG: name, "items": items if name == "tuple" else sorted(items, key=repr)}


def decode(data: Any) -> Any:
    """The value of `encode`.

    Raises:
        InvalidTrace: a tag is not known or does not have what it needs.
    """
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = data.get(_TAG)
    if tag is None:
        return {key: decode(item) for key, item in data.items()}
    try:
        if tag in _CONTAINERS:
            return _CONTAINERS[tag](decode(item) for item in data["items"])
        if tag == "dict":
            return {decode(key): decode(item) for key, item in data["items"]}
        if tag == "float":
            return float(data["text"])
        if tag == "int":
            return int(data["text"], 16)
        if tag == "bytes":
            return bytes.fromhex(data["hex"])
        if tag == "opaque":
            return Opaque(_line(data["type"], "the type of an opaque value"))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidTrace(f"a value tagged {tag!r} cannot be read: {error}") from error
    raise InvalidTrace(f"a value is tagged {tag!r}, which is not known")


def to_json(graph: TraceGraph) -> dict[str, Any]:
    """The graph as JSON data, the same for the same workflow: nodes are numbered in order."""
    numbers = {node.id: number for number, node in enumerate(graph.nodes)}
    return {
        "format": FORMAT,
        "version": 1,
        "nodes": [_node_to_json(node, graph, numbers) for node in graph.nodes],
        "outputs": [numbers[node.id] for node in graph.outputs],
    }


def _node_to_json(node: Node, graph: TraceGraph, numbers: Mapping[int, int]) -> dict[str, Any]:
    read = graph.read(node)
    data: dict[str, Any] = {"name": node.name, "data": encode(read.value)}
    if node.description:
        data["description"] = node.description
    if isinstance(node, ParameterNode):
        return data | {"name": graph.name(node), "kind": "parameter", "role": node.kind, "version": read.version}
    if not isinstance(node, MessageNode):
        return data | {"kind": "value"}
    data |= {"kind": "exception" if isinstance(node, ExceptionNode) else "operation", "op": node.op}
    if node._info:
        data["info"] = encode(node._info)
    if graph.is_operation(node):
        data["template"] = node.operation.template
        reads = node.reads or (None,) * len(node.parents)  # and, last, what came out
        data["inputs"] = [
            {"node": numbers[parent.id], "argument": a.name, "why": a.why, "kind": a.kind, **_read_to_json(read)}
            for a, parent, read in zip(node.operation.arguments, node.parents, reads, strict=False)
        ]
    return data


def _read_to_json(read: Read | None) -> dict[str, Any]:
    if read is None:
        return {}
    return {"read": encode(read.value), "version": read.version} | ({"by_reference": True} if read.by_reference else {})


def from_json(data: Mapping[str, Any], parameters: Mapping[str, ParameterNode]) -> TraceGraph:
    """The graph of `to_json`; see `TraceGraph.from_json`."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT or data.get("version") != 1:
        raise InvalidTrace(f'expected an object with "format": "{FORMAT}" and "version": 1')
    nodes: list[Node] = []
    operations: list[int] = []
    for number, entry in enumerate(_list(data.get("nodes"), "nodes")):
        try:
            node = _node_from_json(entry, nodes, parameters)
        except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise InvalidTrace(f"node {number} cannot be read: {type(error).__name__}: {error}") from error
        nodes.append(node)
        if node.parents:
            operations.append(node.id)
    outputs = [nodes[_index(number, nodes)] for number in _list(data.get("outputs"), "outputs")]
    return TraceGraph({node.id: node for node in nodes}.values(), operations, outputs)


def _node_from_json(entry: Any, nodes: list[Node], parameters: Mapping[str, ParameterNode]) -> Node:
    name = None if entry["name"] is None else _line(entry["name"], "a name")
    description = _optional(entry.get("description"), str, "a description")
    value = decode(entry["data"])
    kind = entry["kind"]
    if kind == "parameter":
        known = parameters.get(name or "")
        return Node(value, name, description) if known is None else known
    if kind == "value":
        return Node(value, name, description)
    if kind not in ("operation", "exception"):
        raise InvalidTrace(f"a node is of kind {kind!r}, which is not known")
    inputs = _list(entry.get("inputs", []), "inputs")
    arguments = tuple(
        Argument(_line(i["argument"], "an argument"), _line(i["why"], "why"), _line(i["kind"], "a kind"))
        for i in inputs
    )
    parents = tuple(nodes[_index(i["node"], nodes)] for i in inputs)
    reads = tuple(
        Read(decode(i["read"]), _optional(i["version"], int | str, "a version"), i.get("by_reference") is True)
        if "read" in i
        else None
        for i in inputs
    )
    template = _line(entry.get("template", entry["op"]), "a template", _LONGEST * (1 + len(inputs)))
    if any(place >= len(inputs) for place in places(template)):
        raise InvalidTrace(f"the template {template!r} names an input that is not there")
    operation = Operation(_line(entry["op"], "an op"), arguments, template, description)
    cls = ExceptionNode if kind == "exception" else MessageNode
    kept = reads if any(read is not None for read in reads) else None
    info = _optional(decode(entry.get("info")), dict, "info")
    made = cls(value, operation, parents, kept, any(p.depends for p in parents), info)
    made.name = name
    return made


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidTrace(f"{what}: expected a list, not {type(value).__name__}")
    return value


def _optional(value: Any, kind: Any, what: str) -> Any:
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise InvalidTrace(f"{what} cannot be a {type(value).__name__}")
    return value


def _index(value: Any, nodes: list[Node]) -> int:
    if type(value) is not int or not 0 <= value < len(nodes):
        raise InvalidTrace(f"{value!r} is not the number of an earlier node")
    return value


def _line(value: Any, what: str, longest: int = _LONGEST) -> str:
    if not isinstance(value, str) or len(value) > longest or not _ONE_LINE.fullmatch(value):
        raise InvalidTrace(f"{what}: expected a text of one line, not {str(value)[:60]!r}")
    return value
