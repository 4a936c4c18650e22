"""How data goes through a LangGraph state: a node reads what the nodes of earlier steps wrote to each channel.

A channel holds the last value, or what a reducer made of all values (https://docs.langchain.com/oss/python/langgraph/graph-api#reducers).
Callbacks do not say which; the values do. Writes of a step are seen from the next step on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from trace_core.recording import Call, Flow, Origin
from trace_core.recording.ledger import equal_values
from trace_core.recording.matching import Given
from trace_core.recording.searching import Search
from trace_langchain import values
from trace_langchain.places import graph_step, is_pushed, metadata
from trace_langchain.writes import ROOT, Write, channel, fields, mark, part, untouched, updates

if TYPE_CHECKING:
    from trace_langchain.resolver import LangChainFlow


class Channels:
    """What the channels of the graphs of a run held."""

    def __init__(self, flow: LangChainFlow) -> None:
        self._flow = flow
        self._written: dict[Call, list[tuple[Hashable, Write]]] = {}
        self._from_outside: dict[tuple[Call, Hashable], Call] = {}

    def forget(self) -> None:
        """Forget what was written, which holds on to the turns in which it was; it can be worked out again."""
        self._written.clear()

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
            return Search(self._flow.matcher, node.began, earlier, [given]).find(sent) or default or given.origin
        origin = self._state(node.inputs, graph, step, node.began)
        if self._flow.is_node(node):  # in others, what it was resumed with is found by its value
            for resumed in self._flow.resumed_with(node):
                origin = Origin(origin.own, {**(origin.parts or {}), "resume": resumed.origin})
        return origin if origin else self._flow.origin_in(graph).because("input")

    def given_with(self, tools: Call, graph: Call) -> list[Given]:
        """The state that tools can be given beside their arguments, by the node of the graph that runs them."""
        state = tools.inputs
        if isinstance(state, dict):
            state = state["state"] if state.get("__type") == "tool_call_with_context" else state
            return [Given(state, partial(self._state, state, graph, graph_step(tools) or 0, tools.began))]
        # It was sent the tool call alone: the state is what the last node had, and wrote.
        last = max(_ended_nodes(self._flow, graph, graph_step(tools), tools.began), key=_when_ended, default=None)
        if last is None:
            return []
        return [
            Given(last.inputs, partial(self._flow.origin_in, last)),
            Given(last.output, partial(self._flow.origin_out, last)),
        ]

    def output_of(self, graph: Call) -> Origin:
        """Where what the graph gave came from."""
        return self._state(graph.output, graph, None, graph.ended or 0)

    def after(self, router: Call, node: Call) -> Origin:
        """Where the state came from that a node's router saw: what the node wrote, else what the node was given."""
        out, given = self._flow.origin_out(node), self._flow.origin_in(node)
        written = fields(node.output) or {}
        return Origin(parts={k: (out if k in written else given).at(k) for k in fields(router.inputs) or {}})

    def _outside(self, graph: Call, key: Hashable, value: Any) -> Origin:
        """What stands for what nobody in the graph wrote to a channel: `update_state`, or turns that were not seen."""
        given = self._from_outside.get((graph, key))
        if given is None:
            given = self._from_outside[graph, key] = Call(
                ("input", graph.id, key), None, "input", "input", None, graph.began
            )
            given.end([value] if values.key(value) else value, graph.began)
        elif isinstance(given.output, list) and all(item is not value for item in given.output):
            given.output.append(value)
        return Origin({given: "state"})

    def _state(self, state: Any, graph: Call, step: int | None, before: int) -> Origin:
        """Where a state came from that was read at a step (None: at the end)."""
        writes: dict[Hashable, list[Write]] = {}
        for flow, turn in self._turns(graph):
            nodes = _ended_nodes(flow, turn, step if turn is graph else None, before)
            for call in (turn, *nodes):
                for key, write in self._writes(flow, call, is_input=call is turn):
                    writes.setdefault(key, []).append(write)
        held = fields(state)
        if held is None:
            return channel(state, writes.get(ROOT, []), partial(self._outside, graph, ROOT))
        return Origin(
            parts={
                key: channel(value, writes.get(key, []), partial(self._outside, graph, key))
                for key, value in held.items()
            }
        )

    def _writes(self, flow: Flow, call: Call, is_input: bool) -> list[tuple[Hashable, Write]]:
        """What a graph was given, or a node of it wrote, by channel."""
        known = self._written.get(call)
        if known is None:
            known = self._written[call] = []
            made = updates(call.inputs if is_input else call.output, ())
            before = {} if is_input else fields(call.inputs) or {}
            keys = {key for key, _, _ in made}
            is_whole = keys >= set(before) and len(keys) > 1  # it may have passed some of it on
            for key, path, value in made:
                passed_on = is_whole and key in before and untouched(before[key], value)
                if not passed_on or _gave(flow, call, value):
                    origin = partial(_at, flow.origin_in if is_input else flow.origin_out, call, path)
                    had = {} if is_input else self._had(flow, call, key, value)
                    known.append((key, Write(value, origin, is_input, had)))
        return known

    def _had(self, flow: Flow, node: Call, key: Hashable, value: Any) -> dict[int, Callable[[], Origin]]:
        """Which items of a list a node had not made: messages that it was given, what stood there before its own."""
        if not isinstance(value, list):
            return {}
        given = fields(node.inputs) or {}
        known = {
            values.key(item): ((name, i), item)
            for name, items in given.items()
            for i, item in enumerate(items if isinstance(items, list) else ())
            if values.key(item)
        }
        had: dict[int, Callable[[], Origin]] = {}
        for index, item in enumerate(value):
            path, other = known.get(values.key(item), ((), None))
            if other is not None and values.says_the_same(item, other):
                had[index] = partial(_at, flow.origin_in, node, path)
            elif self._seen.get(id(item), node.began) < node.began:
                had[index] = partial(flow.origin_in, node)
        before = given.get(key)
        length = len(before) if isinstance(before, list) and len(before) < len(value) else 0
        if length and [mark(item) for item in before or ()] == [mark(item) for item in value[:length]]:
            had |= {i: partial(_at, flow.origin_in, node, (key, i)) for i in range(length) if i not in had}
        return had

    @cached_property
    def _seen(self) -> dict[int, int]:
        """When a message, by its identity, was first in the state that a node was given."""
        seen: dict[int, int] = {}
        for call in self._flow.calls:
            if graph_step(call) is not None:
                for value in (fields(call.inputs) or {}).values():
                    for item in value if isinstance(value, list) else ():
                        if values.key(item):
                            seen.setdefault(id(item), call.began)
        return seen

    def seen_before(self, message: Any, before: int) -> bool:
        """Whether a node was given this very message before."""
        return values.key(message) is not None and self._seen.get(id(message), before) < before

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


def _gave(flow: Flow, node: Call, value: Any) -> bool:
    """Whether a call within a node gave that text, be it what the node was given; equal numbers prove too little."""
    if not isinstance(value, str):
        return False
    within = flow.children[node]
    return any(equal_values(values.plain(call.output), value) or _gave(flow, call, value) for call in within)


def _at(origin_of: Callable[[Call], Origin], call: Call, path: tuple[Hashable, ...]) -> Origin:
    return part(origin_of(call), path)


def _when_ended(call: Call) -> int:
    return call.ended or 0
