"""How data goes through a LangGraph state: a node reads what the nodes of earlier steps wrote to each channel.

A channel holds the last value, or what a reducer made of all values (https://docs.langchain.com/oss/python/langgraph/graph-api#reducers).
Callbacks do not say which; the values do. Writes of a step are seen from the next step on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from trace_core.recording import Call, Flow, Origin
from trace_core.recording.ledger import equal_values
from trace_core.recording.matching import Given
from trace_langchain import values

if TYPE_CHECKING:
    from trace_langchain.resolver import LangChainFlow

_ROOT = "__root__"
_LONGEST_WORD = 40
PROMPT = "Prompt"
"""What `create_react_agent` calls the run that puts its system prompt before the messages."""


@dataclass(frozen=True, slots=True)
class Write:
    """A value that a channel was given, and where that came from."""

    value: Any
    origin: Callable[[], Origin]
    is_input: bool
    passed_on: frozenset[int] = frozenset()
    """Which items of a list were there already."""


def graph_step(call: Call) -> int | None:
    """The step of the graph in which a node ran; None for what is no node of a graph."""
    text = places(call).get("graph:step:")
    return int(text) if text is not None else None


def metadata(call: Call, key: str) -> Any:
    """What LangGraph says of a call, such as its `langgraph_checkpoint_ns`."""
    return (call.details.get("metadata") or {}).get(key)


_PREFIXES = ("seq:step:", "map:key:", "branch:", "condition:", "retry:attempt:", "graph:step:")


def places(call: Call) -> dict[str, str]:
    """Where a call stands in its parent, by the tags that LangChain gives: `{"seq:step:": "2"}`."""
    known: dict[str, str] | None = call.details.get("places")
    if known is None:
        known = call.details["places"] = {
            prefix: tag[len(prefix) :]
            for tag in call.details.get("tags") or ()
            for prefix in _PREFIXES
            if tag.startswith(prefix)
        }
    return known


def is_pushed(call: Call) -> bool:
    """Whether the node was sent an input of its own (`Send`), instead of the state."""
    path: Sequence[Any] = metadata(call, "langgraph_path") or ()
    return len(path) > 0 and path[0] == "__pregel_push"


def is_plumbing(call: Call) -> bool:
    """Whether LangGraph made the run for itself: a graph's entry, an older agent's prompt."""
    if call.name == "__start__":
        return graph_step(call) == 0
    return call.name == PROMPT and metadata(call, "langgraph_node") is not None and isinstance(call.output, list)


class Channels:
    """What the channels of the graphs of a run held."""

    def __init__(self, flow: LangChainFlow) -> None:
        self._flow = flow
        self._written: dict[Call, list[tuple[Hashable, Write]]] = {}

    def input_of(self, node: Call, graph: Call) -> Origin:
        """Where the state, or what it was sent, came from."""
        step = graph_step(node) or 0
        if is_pushed(node):
            sent = node.inputs
            if isinstance(sent, dict) and sent.get("__type") == "tool_call_with_context":
                sent = sent["tool_call"]  # the state beside it is for what a tool asks to be injected
            earlier = _ended_nodes(self._flow, graph, step, node.began)
            default = Origin()
            for sender in earlier:
                if graph_step(sender) == graph_step(earlier[-1]):
                    default = default | self._flow.origin_out(sender).because("send")
            given = Given(graph.inputs, lambda: self._flow.origin_in(graph))
            return self._flow.matcher.search(node.began, earlier, [given]).find(sent) or default or given.origin
        origin = self._state(node.inputs, graph, step, node.began)
        if self._flow.is_node(node):  # in others, what it was resumed with is found by its value
            for resumed in self._flow.resumed_with(node):
                origin = Origin(origin.own, {**(origin.parts or {}), "resume": resumed.origin})
        return origin if origin else self._flow.origin_in(graph).because("input")

    def output_of(self, graph: Call) -> Origin:
        """Where what the graph gave came from."""
        return self._state(graph.output, graph, None, graph.ended or 0)

    def after(self, router: Call, node: Call) -> Origin:
        """Where the state came from that a node's router saw: what the node wrote, else what the node was given."""
        out, given = self._flow.origin_out(node), self._flow.origin_in(node)
        written = _fields(node.output) or {}
        return Origin(parts={k: (out if k in written else given).at(k) for k in _fields(router.inputs) or {}})

    def chosen_by(
        self, node: Call, graph: Call, routers: Iterable[Call], silent: Mapping[Call | None, Sequence[Call]]
    ) -> list[Call]:
        """The nodes that the choice of this node depended on.

        Those in a router; those that wrote a word or number, which a router that called nothing may have read; those
        in a node that named it as the next (`Command(goto=...)`).
        """
        origins = []
        for before in self._flow.children[graph]:
            if graph_step(before) != (graph_step(node) or 0) - 1 or not before.succeeded:
                continue
            mine = [r for r in routers if self._flow.parent(r) is before and node.name in str(r.output)]
            origins += [self._flow.sinks([router]) for router in mine]
            if any(node.name in str(router.output) for router in silent.get(before, ())):
                origins += self._deciding(before)
            if node.name in values.goes_to(before.gave):
                origins.append(self._flow.sinks(self._flow.nodes_in(before)))
        return [source for origin in origins for source in origin.sources if source.kind != "input"]

    def _deciding(self, node: Call) -> list[Origin]:
        """Where the words and numbers came from that a node wrote: what a router behind it is likely to read."""
        out = self._flow.origin_out(node)
        written = _updates(node.output, ())
        return [_part(out, path) for _, path, value in written if _is_word(value)]

    def _state(self, state: Any, graph: Call, step: int | None, before: int) -> Origin:
        """Where a state came from that was read at a step (None: at the end)."""
        writes: dict[Hashable, list[Write]] = {}
        for flow, turn in self._turns(graph):
            nodes = _ended_nodes(flow, turn, step if turn is graph else None, before)
            for call in (turn, *nodes):
                for key, write in self._writes(flow, call, is_input=call is turn):
                    writes.setdefault(key, []).append(write)
        fields = _fields(state)
        if fields is None:
            return _channel(state, writes.get(_ROOT, []))
        return Origin(parts={key: _channel(value, writes.get(key, [])) for key, value in fields.items()})

    def _writes(self, flow: Flow, call: Call, is_input: bool) -> list[tuple[Hashable, Write]]:
        """What a graph was given, or a node of it wrote, by channel."""
        known = self._written.get(call)
        if known is None:
            known = self._written[call] = []
            updates = _updates(call.inputs if is_input else call.output, ())
            before = {} if is_input else _fields(call.inputs) or {}
            keys = {key for key, _, _ in updates}
            is_whole = keys >= set(before) and len(keys) > 1  # it may have passed some of it on
            for key, path, value in updates:
                if not (is_whole and key in before and _untouched(before[key], value)):
                    origin = partial(_at, flow.origin_in if is_input else flow.origin_out, call, path)
                    passed_on = frozenset() if is_input else self._passed_on(call, before.get(key), value)
                    known.append((key, Write(value, origin, is_input, passed_on)))
        return known

    def _passed_on(self, node: Call, before: Any, value: Any) -> frozenset[int]:
        """Which items of a list a node had not made: those it was given, with its own behind them, and old messages."""
        if not isinstance(value, list):
            return frozenset()
        known = {i for i, item in enumerate(value) if self._seen.get(id(item), node.began) < node.began}
        had = [_mark(item) for item in before] if isinstance(before, list) and len(before) < len(value) else []
        if had == [_mark(item) for item in value[: len(had)]]:
            known |= set(range(len(had)))
        return frozenset(known)

    @cached_property
    def _seen(self) -> dict[int, int]:
        """When a message, by its identity, was first in the state that a node was given."""
        seen: dict[int, int] = {}
        for call in self._flow.calls:
            if graph_step(call) is not None:
                for value in (_fields(call.inputs) or {}).values():
                    for item in value if isinstance(value, list) else ():
                        if values.key(item):
                            seen.setdefault(id(item), call.began)
        return seen

    def _turns(self, graph: Call) -> list[tuple[Flow, Call]]:
        """The graph's invocations so far on the same thread of its checkpointer, this one last."""
        thread = metadata(graph, "thread_id")
        if thread is None or self._flow.parent(graph) is not None:
            return [(self._flow, graph)]
        return [
            (flow, call)
            for flow in (*self._flow.earlier, self._flow)
            for call in flow.children[None]
            if metadata(call, "thread_id") == thread and call.name == graph.name and call.began <= graph.began
        ]


def _ended_nodes(flow: Flow, graph: Call, step: int | None, before: int) -> list[Call]:
    """The nodes whose writes are seen at a step (None: at the end)."""
    return [
        call
        for call in flow.children[graph]
        if call.succeeded
        and (at := graph_step(call)) is not None
        and (call.ended or 0) < before
        and (step is None or at < step)
    ]


def _channel(value: Any, writes: Sequence[Write]) -> Origin:
    """Where a channel's value came from: its last write, or, where a reducer made it, its items' or all writes."""
    for write in reversed(writes):
        if _is_same(write.value, value) and not write.passed_on:
            return write.origin().because("state")
    if isinstance(value, list) and writes:
        return Origin(parts=dict(enumerate(_items(value, writes))))
    origin = Origin()
    for write in writes:
        origin = origin | write.origin().because("state")
    return origin


_Written = tuple[Write, int | None]


def _items(items: Sequence[Any], writes: Sequence[Write]) -> list[Origin]:
    """Where the items of a list came from that a reducer made; equal ones are taken in order."""
    written: dict[Hashable, list[_Written]] = {}
    for write in writes:
        listed = isinstance(write.value, (list, tuple))
        for index, item in enumerate(write.value if listed else [write.value]):
            if index in write.passed_on:
                continue
            written.setdefault(_mark(item), []).append((write, index if listed else None))
    marks = [_mark(item) for item in items]
    origins = []
    for place, (item, mark) in enumerate(zip(items, marks, strict=True)):
        found = written.get(mark, [])
        if len(found) > 1 and not values.key(item) and marks[place:].count(mark) == len(found):
            origins.append(_origin_of(found.pop(0)))
        elif found:
            same = [each for each in found if _written_item(each) is item]
            origins.append(_origin_of(same[0] if same and values.key(item) else found[-1]))
        else:
            origins.append(_given(item, writes))
    return origins


def _written_item(written: _Written) -> Any:
    write, index = written
    return write.value if index is None else write.value[index]


def _mark(item: Any) -> Hashable:
    """What two writings of an item have in common: a message's id, a text, or that it is the very same object."""
    return values.key(item) or ((type(item), item) if isinstance(item, (str, int, float, bool)) else id(item))


def _origin_of(written: _Written) -> Origin:
    write, index = written
    return (write.origin() if index is None else write.origin().at(index)).because("state")


def _given(item: Any, writes: Sequence[Write]) -> Origin:
    """The origin of an item that is not as anybody wrote it: an equal one's, else it was given, in another form."""
    for write in reversed(writes):
        for index, other in enumerate(write.value if isinstance(write.value, (list, tuple)) else ()):
            if _is_same(other, item):
                return _origin_of((write, index))
    given = [write for write in writes if write.is_input] or writes[:1]
    alike = [write for write in given if _holds_text(write.value, values.plain(item))]
    return (alike or given)[-1].origin().because("state")


def _holds_text(value: Any, text: Any) -> bool:
    """Whether a text is in what was given: `("user", "Hello")`, `{"role": "user", "content": "Hello"}`."""
    if isinstance(value, (list, tuple, dict)):
        return any(_holds_text(item, text) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(text, str) and value == text


def _is_word(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= _LONGEST_WORD)


def _part(origin: Origin, path: tuple[Hashable, ...]) -> Origin:
    for key in path:
        origin = origin.at(key)
    return origin


def _at(origin_of: Callable[[Call], Origin], call: Call, path: tuple[Hashable, ...]) -> Origin:
    return _part(origin_of(call), path)


def _fields(state: Any) -> Mapping[Hashable, Any] | None:
    if isinstance(state, dict):
        return state
    return None if isinstance(state, (list, tuple, str)) or values.key(state) else values.opened(state)


def _updates(output: Any, path: tuple[Hashable, ...]) -> list[tuple[Hashable, tuple[Hashable, ...], Any]]:
    if output is None:
        return []
    if values.is_command(output):
        update = values.opened(output)["update"]  # type: ignore[index]
        return _updates(update, (*path, "update"))
    if isinstance(output, (list, tuple)) and any(values.is_command(item) for item in output):
        return [each for i, item in enumerate(output) for each in _updates(item, (*path, i))]
    if type(output).__name__ == "final" and type(output).__module__.startswith("langgraph"):
        return [(_ROOT, (*path, "value"), output.value)]
    fields = _fields(output)
    if fields is None:
        return [(_ROOT, path, output)]
    return [(key, (*path, key), value) for key, value in fields.items()]


def _untouched(before: Any, value: Any) -> bool:
    """Whether a node gave back what it was given."""
    return before is value or (isinstance(value, (str, int, float)) and equal_values(before, value))


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    key = values.key(one)
    if key is not None:
        return key == values.key(other)
    return (
        not values.key(other) and one is not None and (equal_values(one, other) or (one == other and type(one) is bool))
    )
