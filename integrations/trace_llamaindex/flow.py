"""Where the inputs of LlamaIndex's calls came from.

Models, retrievers, postprocessors and tools are nodes; engines, synthesizers, agents and workflows are scopes. Their
structure says where a template's variables, a tool's arguments and a step's event came from; the rest is found by the
values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from llama_index.core.workflow import Event

from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.call import ParameterRead
from trace_core.recording.matching import Given
from trace_llamaindex.asking import Asking
from trace_llamaindex.choosing import SELECTING, Choosing
from trace_llamaindex.handing import handed_down
from trace_llamaindex.routing import Routing, superseded
from trace_llamaindex.snapshots import Streamed, original
from trace_llamaindex.storing import Store
from trace_llamaindex.values import fields

NODES = ("llm", "tool", "handoff", "retriever", "postprocessor")
_NEVER = ("predict", "program", "workflow", "agents")
_SWALLOWING = ("query", "synthesize")
"""A synthesizer goes on without the answer of a model that raised, and an engine without that of an engine in it."""
_ARGUMENTS = {"llm": "messages", "retriever": "query", "postprocessor": "nodes"}


class LlamaIndexFlow(Flow):
    """`Flow` with what LlamaIndex's structure says."""

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        self.everything = {call.id: call for call in calls}
        self._again = superseded(calls)
        self._parents: dict[Call, Call | None] = {}
        self.asking = Asking(self)
        self.routing = Routing(self)
        self._choosing = Choosing(self)
        self._store = Store(self)
        self._data: dict[Call, list[Link]] = {}
        kept = [call for call in calls if not is_a(call, "agent_step") and call not in self._again]
        super().__init__(kept, ledger, earlier)
        self._reads = handed_down(self)

    # --- what the calls are

    def parent(self, call: Call) -> Call | None:
        """The call inside which this one ran; steps of agents, and steps that ran again, do not count."""
        if call not in self._parents:
            parent = self.everything.get(call.parent)
            while parent is not None and is_a(parent, "agent_step"):
                parent = self.everything.get(parent.parent)
            self._parents[call] = parent if parent is None else self._again.get(parent, parent)
        return self._parents[call]

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself."""
        if call.kind in NODES:
            return True
        if is_a(call, *_NEVER) or any(self.nodes_in(child) for child in self.children[call]):
            return False
        if is_a(call, "step"):
            return call.error is not None or call.output is not None
        return call.kind == "select" or not call.details.get("own")

    def around(self, call: Call, *what: str) -> Call | None:
        """The innermost call of a kind around this one."""
        parent = self.parent(call)
        while parent is not None and not is_a(parent, *what):
            parent = self.parent(parent)
        return parent

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """What a node read, and what the engine, agent or step around it read for it."""
        return self._reads.get(node, [])

    # --- where inputs came from

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """What templates, tool calls and events say."""
        if parent is None:
            return None
        if call.kind == "llm" and is_a(parent, "predict"):
            return self.asking.predicted(call, parent)
        if call.kind in ("tool", "handoff") and is_a(parent, "agents"):
            asked = self.asking.asked_by(call)
            return asked and asked | self.routing.waited_for(call) | self._store.read_by(call)
        if is_a(call, "step"):
            events = self.routing.input_of(call, parent)
            kept = self._store.read_by(call) if self.is_node(call) else None
            return events | kept if kept else events
        if not is_a(call, "synthesize", "postprocess"):
            return None
        return self._of_nothing(call, parent) or self._ranked(call, parent)

    def _of_nothing(self, call: Call, parent: Call) -> Origin | None:
        """Where an empty list of nodes came from: the last call beside that found, or left, none."""
        if not isinstance(call.inputs, dict) or call.inputs.get("nodes") != []:
            return None
        before = [other for other in self.children[parent] if other.ended is not None and other.ended < call.began]
        empty = [other for other in before if other.kind in ("retriever", "postprocessor") and other.output == []]
        known = self._matched_input(call, parent)
        return Origin(known.own, {**(known.parts or {}), "nodes": Origin({empty[-1]: "empty"})}) if empty else known

    def _ranked(self, call: Call, parent: Call) -> Origin | None:
        """Where nodes came from that models chose in a postprocessor of which nothing is told.

        Those that are awaited in a way of their own, as `LLMRerank` is, have no span: their models seem the engine's.
        """
        if not (is_a(parent, "query", "chat") and parent.details["own"]):
            return None
        before = [each for each in self.children[parent] if each.ended is not None and each.ended < call.began]
        asked = {node for each in before if is_a(each, "predict", "llm") for node in self.nodes_in(each)}
        left = {source: "nodes" for source in self.sinks(before).sources if source in asked} if asked else {}
        if not left:
            return None
        known = self._matched_input(call, parent)
        found = known.at("nodes")
        nodes = Origin({**found.own, **left}, {key: part | Origin(left) for key, part in (found.parts or {}).items()})
        return Origin(known.own, {**(known.parts or {}), "nodes": nodes})

    def recognised(self, value: Any) -> Origin | None:
        """Where a message came from that says so itself."""
        return self.asking.recognised(value)

    def given_to(self, scope: Call) -> list[Given]:
        """What a scope's code was given: its input; of a step, its events; of a conversation, what was said before.

        A program that reads what a model wrote is made by the code around it, which fills in some of its template.
        """
        given = self.routing.given_to(scope) if is_a(scope, "step") else super().given_to(scope)
        around = self.parent(scope) if is_a(scope, "program") else None
        more = [*self.said_before(scope), *self._store.open_to(scope)]
        return [*given, *more, *([] if around is None else [*self.given_to(around), self._held_around(scope, around)])]

    def _held_around(self, program: Call, around: Call) -> Given:
        """What the code around a program had of calls before it, the last first: an answer that is to be refined."""
        before = [each for each in self.children[around] if each.succeeded and (each.ended or 0) < program.began][::-1]
        outputs = [each.output for each in before]
        return Given(outputs, lambda: Origin(parts={i: self.origin_out(each) for i, each in enumerate(before)}))

    def held(self, calls: Iterable[Call]) -> list[Call]:
        """What code got of calls; of a stream, what the models in it gave, of which it is made."""
        calls = list(calls)
        streams = [call for call in calls if isinstance(call.output, Streamed)]
        read = [node for call in streams for node in self.nodes_in(call)]
        return super().held([*(call for call in calls if call not in streams), *read])

    def said_before(self, scope: Call) -> list[Given]:
        """What was said in earlier turns of a conversation, the last first."""
        turns = self.turns_before(scope)
        if not turns:
            return []
        said = [value for flow, turn in turns for value in (turn.inputs, flow.answer_of(turn))]

        def origin() -> Origin:
            each = [o for flow, turn in turns for o in (flow.origin_in(turn), flow.origin_out(turn))]
            return Origin(parts=dict(enumerate(each)))

        return [Given(said, origin)]

    def answer_of(self, turn: Call) -> Any:
        """What a call gave; of a stream, what the models in it gave, of which it is made."""
        if not isinstance(turn.output, Streamed):
            return turn.output
        return [node.output for node in self.origin_out(turn).sources]

    def turns_before(self, scope: Call) -> list[tuple[LlamaIndexFlow, Call]]:
        """The earlier turns of a conversation, the last first: what had the same memory."""
        memory = scope.details.get("memory")
        flows = [flow for flow in (*self.earlier, self) if isinstance(flow, LlamaIndexFlow) and memory is not None]
        turns = [(flow, turn) for flow in flows for turn in flow.calls if turn.details.get("memory") is memory]
        return [(flow, turn) for flow, turn in reversed(turns) if turn.began < scope.began]

    # --- where outputs came from

    def structural_output(self, scope: Call) -> Origin | None:
        """What a stream will give is what the models in it give; a workflow's result is its last step's."""
        if isinstance(scope.output, Streamed):
            is_read = any(node.kind == "llm" for node in self.nodes_in(scope))
            return self.sinks(self.children[scope]).because("stream" if is_read else "inside")
        if is_a(scope, "workflow", "agents") and scope.output is None and not self.routing.last_step(scope):
            return self.sinks(self.children[scope])  # it was cancelled
        if is_a(scope, "workflow"):
            last = self.routing.last_step(scope)
            return None if last is None else self.origin_out(last)
        if is_a(scope, "synthesize") and not self.nodes_in(
            scope
        ):  # it answers without a model where there are no nodes
            return self.origin_in(scope).because("inside")
        if is_a(scope, "step") and isinstance(scope.output, Event) and not fields(scope.output):
            return Origin()  # that it came says all
        if is_a(scope, "predict"):
            return self.asking.answered_by_tools(scope)
        return self._passed_on(scope) if is_a(scope, "query") else None

    def _scope_output(self, scope: Call) -> Origin:
        """And from calls whose errors were swallowed: by LlamaIndex, or by code in which no other call succeeded."""
        origin = super()._scope_output(scope)
        failed = [call for call in self.held(self.children[scope]) if call.error is not None] if scope.succeeded else []
        if not failed:
            return origin
        is_own = is_a(scope, *_SWALLOWING) and scope.details["own"]
        swallowed = is_own or not any(node.succeeded for node in self.nodes_in(scope))
        return origin | Origin(dict.fromkeys(failed, "inside")) if swallowed else origin

    def _passed_on(self, engine: Call) -> Origin | None:
        """Where the response came from that an engine gave as a synthesizer, or another engine, gave it."""
        response = original(engine.gave)
        gave = [child for child in self.children[engine] if child.succeeded and original(child.gave) is response]
        return self.origin_out(gave[-1]) if gave else None

    # --- links

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """A model takes its template's variables, or messages; a retriever a query; a postprocessor nodes."""
        if call.kind == "llm" and origin.parts is not None:
            return [(key if isinstance(key, str) else "messages", part) for key, part in origin.parts.items()]
        if call.kind == "postprocessor" and origin.parts is not None:
            return [("nodes", origin.at("nodes"))]
        if call.kind in _ARGUMENTS:
            return [(_ARGUMENTS[call.kind], origin)]
        if is_a(call, "step"):
            return [("event", origin)]
        return super().arguments(call, origin)

    def data_links(self, call: Call) -> list[Link]:
        """The links by which data went, worked out once."""
        if call not in self._data:
            self._data[call] = []
            self._data[call] = super().links(call)
        return self._data[call]

    def links(self, call: Call) -> list[Link]:
        """Data, and control from what chose that this call should run."""
        links = self.data_links(call)
        known = {link.source for link in links}
        chosen_by = [each for each in self._choosing.of(call) if each not in known and each is not call]
        return [*links, *(Link(each, "chosen_by", "route", "control") for each in dict.fromkeys(chosen_by))]

    def _sources(self, node: Call) -> list[Call]:
        return [link.source for link in self.data_links(node)]

    def _inside(self, node: Call) -> list[Call]:
        """What calls in a node gave it; one that chooses among what was found had that of all."""
        found = super()._inside(node)
        if found and node.kind not in ("retriever", "postprocessor"):
            return found
        working = [child for child in self.children[node] if child.details["what"] not in SELECTING]
        left = [source for source in self.sinks(working).sources if source.kind != "input"]
        return list(dict.fromkeys([*found, *left]))


def is_a(call: Call, *what: str) -> bool:
    """Whether a call is one of these."""
    return call.details.get("what") in what
