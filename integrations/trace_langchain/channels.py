"""How data goes through a LangGraph state: a node reads what the nodes of earlier steps wrote to each channel.

A channel holds the last value, or what a reducer made of all values (https://docs.langchain.com/oss/python/langgraph/graph-api#reducers).
Callbacks do not say which; the values do. Writes of a step are seen from the next step on.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trace_core.recording import Call, Origin
from trace_core.recording.ledger import equal_values
from trace_langchain import values

if TYPE_CHECKING:
    from trace_langchain.resolver import LangChainFlow

_ROOT = "__root__"


class Write(NamedTuple):
    """What a node wrote to a channel: the value, and where it stands in the node's output."""

    node: Call
    path: tuple[Hashable, ...]
    value: Any


def graph_step(call: Call) -> int | None:
    """The step of the graph in which a node ran; None for what is no node of a graph."""
    for tag in call.details.get("tags", ()):
        if tag.startswith("graph:step:"):
            return int(tag[len("graph:step:") :])
    return None


def is_pushed(call: Call) -> bool:
    """Whether the node was sent an input of its own (`Send`), instead of the state."""
    path = call.details.get("langgraph_path") or ()
    return bool(path) and path[0] == "__pregel_push"


class Channels:
    """What the channels of the graphs of a run held."""

    def __init__(self, flow: LangChainFlow) -> None:
        self._flow = flow

    def input_of(self, node: Call, graph: Call) -> Origin:
        """Where the state, or what it was sent, came from."""
        earlier = self._earlier(graph, graph_step(node) or 0, node.began)
        if is_pushed(node):
            senders = [call for call in earlier if graph_step(call) == graph_step(earlier[-1])] if earlier else []
            default = Origin()
            for sender in senders:
                default = default | self._flow.origin_out(sender).because("send")
            given = (graph.inputs, self._flow.origin_in(graph))
            return self._flow.match(node.inputs, node.began, earlier, given, default or given[1])
        return self._state(node.inputs, earlier, graph)

    def output_of(self, graph: Call) -> Origin:
        """Where what the graph gave came from."""
        return self._state(graph.output, self._earlier(graph, None, graph.ended or 0), graph)

    def after(self, router: Call, node: Call) -> Origin:
        """Where the state came from that a node's router saw: what the node wrote, else what the node was given."""
        out, given = self._flow.origin_out(node), self._flow.origin_in(node)
        written = _fields(node.output) or {}
        return Origin(parts={k: (out if k in written else given).at(k) for k in _fields(router.inputs) or {}})

    def chosen_by(self, node: Call, graph: Call, routers: Iterable[Call]) -> list[Call]:
        """The nodes that the router's choice of this node depended on."""
        step = graph_step(node) or 0
        return [
            source
            for router in routers
            if (parent := self._flow.parent(router)) is not None
            and self._flow.parent(parent) is graph
            and graph_step(parent) == step - 1
            and node.name in str(router.output)
            for source in self._flow.sinks([router]).sources
            if source is not None
        ]

    def _earlier(self, graph: Call, step: int | None, before: int) -> list[Call]:
        """The nodes whose writes are seen at a step (None: at the end)."""
        return [
            call
            for call in self._flow.children[graph]
            if call.succeeded
            and graph_step(call) is not None
            and (call.ended or 0) < before
            and (step is None or (graph_step(call) or 0) < step)
        ]

    def _state(self, state: Any, earlier: Sequence[Call], graph: Call) -> Origin:
        fields = _fields(state)
        given, start = self._flow.origin_in(graph), _fields(graph.inputs)
        writes = _writes(earlier)
        if fields is None:
            return self._channel(state, writes.get(_ROOT, []), graph.inputs, given)
        return Origin(
            parts={
                key: self._channel(
                    value,
                    writes.get(key, []),
                    start.get(key) if start is not None else graph.inputs,
                    given.at(key) if start is None or key in start else Origin(),
                )
                for key, value in fields.items()
            }
        )

    def _channel(self, value: Any, writes: Sequence[Write], start: Any, given: Origin) -> Origin:
        if not writes:
            return given.because("state")
        for write in reversed(writes):
            if _is_same(write.value, value):
                return self._of(write).because("state")
        if isinstance(value, list):
            return Origin(parts={i: self._item(item, writes, start, given) for i, item in enumerate(value)})
        origin = given.because("state")
        for write in writes:
            origin = origin | self._of(write).because("state")
        return origin

    def _item(self, item: Any, writes: Sequence[Write], start: Any, given: Origin) -> Origin:
        """The origin of an item of a list that a reducer made."""
        for write in reversed(writes):
            listed = write.value if isinstance(write.value, (list, tuple)) else [write.value]
            for index, other in enumerate(listed):
                if _is_same(other, item):
                    whole = self._of(write)
                    return (whole.at(index) if isinstance(write.value, (list, tuple)) else whole).because("state")
        if isinstance(start, (list, tuple)):
            for index, other in enumerate(start):
                if _is_same(other, item):
                    return given.at(index).because("state")
        return given.because("state")

    def _of(self, write: Write) -> Origin:
        origin = self._flow.origin_out(write.node)
        for key in write.path:
            origin = origin.at(key)
        return origin


def _fields(state: Any) -> Mapping[Hashable, Any] | None:
    if isinstance(state, dict):
        return state
    return None if isinstance(state, (list, tuple, str)) or values.key(state) else values.opened(state)


def _writes(nodes: Iterable[Call]) -> dict[Hashable, list[Write]]:
    """What nodes wrote, by channel, in order; a value that was there already is none."""
    found: dict[Hashable, list[Write]] = {}
    for node in nodes:
        before = _fields(node.inputs) or {}
        for key, path, value in _updates(node.output, ()):
            if key not in before or not _untouched(before[key], value):
                found.setdefault(key, []).append(Write(node, path, value))
    return found


def _updates(output: Any, path: tuple[Hashable, ...]) -> list[tuple[Hashable, tuple[Hashable, ...], Any]]:
    if output is None:
        return []
    if values.is_command(output):
        update = values.opened(output)["update"]  # type: ignore[index]
        return _updates(update, (*path, "update"))
    if isinstance(output, (list, tuple)) and any(values.is_command(item) for item in output):
        return [each for i, item in enumerate(output) for each in _updates(item, (*path, i))]
    fields = _fields(output)
    if fields is None:
        return [(_ROOT, path, output)]
    return [(key, (*path, key), value) for key, value in fields.items()]


def _untouched(before: Any, value: Any) -> bool:
    """Whether a node gave back what it was given; of small values that says little, and they count if they are equal."""
    return before is value or (isinstance(value, (str, int, float)) and equal_values(before, value))


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    key = values.key(one)
    if key is not None:
        return key == values.key(other)
    return not values.key(other) and one is not None and (equal_values(one, other) or (one == other and type(one) is bool))
