"""What models were asked, and which of them asked for which tool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from trace_core.recording import Call, Origin
from trace_core.recording.likeness import words
from trace_core.recording.matching import Given, at
from trace_llamaindex.reasoning import reasoned, said_by
from trace_llamaindex.snapshots import Reply, Told, told
from trace_llamaindex.values import as_data, messages_text

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow

Item = TypeVar("Item")


class Asking:
    """The messages of models, and tools.

    Args:
        flow: the flow whose calls they are.
    """

    def __init__(self, flow: LlamaIndexFlow) -> None:
        self._flow = flow
        self._heard_by: dict[Call, list[Call]] = {}
        self._asked: dict[int, Call] = {}
        self._first: dict[int, tuple[Call, int]] = {}
        """The model that was sent a message first, by the message's identity, and its place among those sent."""
        for call in flow.everything.values():
            for index, message in enumerate(told(call.inputs) if call.kind == "llm" else ()):
                self._asked[id(message)] = call
                self._first.setdefault(id(message.of), (call, index))

    # --- tools

    def asked_by(self, tool: Call) -> Origin | None:
        """The model that asked for a tool: the last in the step of the agent that gave this tool call."""
        id, agents = tool_id(self._flow, tool), self._flow.parent(tool)
        steps = [step for step in self._asking_steps.get(id or "", ()) if (step.ended or 0) < tool.began]
        steps = [step for step in steps if agents is not None and step.parent == agents.id]
        models = [call for call in self._flow.children[agents] if call.kind == "llm"] if steps else []
        models = [model for model in models if _is_in(self._flow, model, steps[-1])]
        return Origin({models[-1]: "tool_call_id"}) if models else None

    @cached_property
    def _asking_steps(self) -> dict[str, list[Call]]:
        """The steps of agents that gave a tool call, by its id."""
        return _listed((id, c) for c in self._flow.everything.values() for id in c.details.get("asked", ()))

    @cached_property
    def _ran(self) -> dict[str, list[Call]]:
        """The tools that ran for a tool call, by its id."""
        tools = [call for call in self._flow.calls if call.kind in ("tool", "handoff") and call.ended is not None]
        return _listed((id, tool) for tool in tools if (id := tool_id(self._flow, tool)))

    @cached_property
    def _askers(self) -> dict[str, list[tuple[Call, str, Any]]]:
        """The models that asked for a tool call, by its id, with the tool's name and arguments."""
        said = [(call, call.output.message) for call in self._flow.calls if isinstance(call.output, Reply)]
        asked = [(call, ask) for call, message in said if message is not None for ask in message.asks]
        return _listed((id, (call, name, given)) for call, (id, name, given) in asked if id)

    # --- messages

    def recognised(self, message: Any) -> Origin | None:
        """Where a message came from, by the ids of tool calls, or by how ReAct writes what a tool gave."""
        call = self._asked.get(id(message)) if isinstance(message, Told) else None
        if call is None:
            return None
        agents = self._flow.around(call, "agents")
        if message.role == "system":  # the first is the agent's own; what a memory has beside the talk is another
            return None if agents is None or told(call.inputs)[0] is not message else Origin()
        if message.asks:
            found = self._flow.ledger.identical(message, call.began)
            return self._that_asked(message, call) if found is None else self._flow.matcher.origin_of(found, "identity")
        if message.tool_id is not None:
            return self._answered(message.tool_id, call, agents)
        if agents is not None and (origin := reasoned(message, call, self._heard(call))) is not None:
            return origin
        return self._sent_before(message, call)

    def _sent_before(self, message: Told, call: Call) -> Origin | None:
        """Where a message came from that was sent once already, and is kept by the program."""
        first, index = self._first[id(message.of)]
        parts = None if first is call else self._flow.origin_in(first).parts
        if parts is None or self._flow.around(first, "predict") is not None:  # there, it is a template's
            return None
        return parts.get(index, Origin())

    def _answered(self, id: str, call: Call, agents: Call | None) -> Origin | None:
        """The tool for whose call a message answers: in the same agent's run or its turns, or with these arguments."""
        turns = [] if agents is None else [(self._flow, agents), *self._flow.turns_before(agents)]
        for flow, turn in turns:
            ran = [t for t in flow.asking._ran.get(id, ()) if flow.parent(t) is turn and (t.ended or 0) < call.began]
            if ran:
                return Origin({ran[-1]: "tool_call_id"})
        if agents is not None:
            return Origin()  # the agent's own words: there is no such tool
        asked = [ask for ask in self._askers.get(id, ()) if (ask[0].ended or 0) < call.began]
        for model, name, given in asked[-1:]:
            ran = [t for t in self._flow.calls if t.kind == "tool" and t.name == name and t.inputs == as_data(given)]
            ran = [t for t in ran if (model.ended or 0) < t.began and (t.ended or call.began) < call.began]
            return Origin({ran[-1]: "tool_call_id"}) if ran else None
        return None

    def _that_asked(self, message: Told, call: Call) -> Origin | None:
        """The model that asked for these tools, of whose message a memory made another."""
        ids = {id for id, _, _ in message.asks if id}
        for model in self._heard(call) if ids else ():
            said = model.output.message if isinstance(model.output, Reply) else None
            if said is not None and ids == {id for id, _, _ in said.asks} and said.text == message.text:
                return Origin({model: "tool_call_id"})
        return None

    def _heard(self, call: Call) -> list[Call]:
        """The calls of a conversation before this one, the last first: in the same agent's run, and in its turns."""
        known = self._heard_by.get(call)
        if known is None:
            agents = self._flow.around(call, "agents", "chat")
            turns = [] if agents is None else [(self._flow, agents), *self._flow.turns_before(agents)]
            children = [(flow, child) for flow, turn in turns for child in reversed(flow.children[turn])]
            heard = [node for flow, child in children for node in flow.nodes_in(child)]
            heard = heard if turns else list(reversed(self._flow.calls))
            known = [each for each in heard if each.ended is not None and each.ended < call.began]
            self._heard_by[call] = known
        return known

    def answered_by_tools(self, predict: Call) -> Origin | None:
        """The tools whose results a model's call gave that also runs what the model asks for."""
        ran = [call for call in self._flow.children[predict] if call.kind == "tool" and call.succeeded]
        said = predict.output.text if isinstance(predict.output, Reply) else ""
        shown = [call for call in ran if said_by(call) in said]
        return Origin(dict.fromkeys(shown, "contains")) if shown else None

    # --- templates

    def predicted(self, call: Call, predict: Call) -> Origin:
        """Where a rendered template's messages came from: its variables, and messages of a conversation in it."""
        parts: dict[Any, Origin] = {}
        variables = self._flow.origin_in(predict)
        text = messages_text(call)
        for key, value in predict.inputs.items() if isinstance(predict.inputs, dict) else ():
            if not isinstance(value, str) or value in text or words(value) in words(text):
                part = variables.at(key) if variables.parts is not None else variables
                parts[str(key)] = part.because("argument")
        for index, message in enumerate(told(call.inputs)):
            if (origin := self._of_conversation(message, call)) is not None:
                parts[index] = origin
        if not self._has_context(call, parts) and self._tells_more(call, predict):
            parts["nodes"] = self._synthesized(call)
        return Origin(parts=parts)

    def _of_conversation(self, message: Told, call: Call) -> Origin | None:
        """Where a message of a conversation in a template came from: who said just this before."""
        found = self._flow.ledger.identical(message, call.began)
        if found is not None:
            return self._flow.matcher.origin_of(found, "identity")
        chat = self._flow.around(call, "chat", "agents")
        if message.role not in ("user", "assistant") or chat is None:
            return None
        for given in [*self._history_given(chat), *self._flow.said_before(chat)]:
            for path, text in self._flow.matcher.parts_of(given.value).texts:
                if text.strip() == message.text.strip():
                    return at(given.origin, path).because("equal")
        return None

    def _history_given(self, chat: Call) -> Iterator[Given]:
        """The conversation that a caller handed over with its message."""
        if isinstance(chat.inputs, dict) and chat.inputs.get("chat_history"):
            yield Given(chat.inputs, lambda: self._flow.origin_in(chat))

    def _has_context(self, call: Call, parts: dict[Any, Origin]) -> bool:
        """Whether something is known of what a synthesizer told the model beside the question."""
        synthesis = self._flow.around(call, "synthesize")
        if synthesis is None:
            return True
        question = self._flow.origin_in(synthesis).at("query").sources
        return any(source not in question for part in parts.values() for source in part.sources)

    def _tells_more(self, call: Call, predict: Call) -> bool:
        """Whether a synthesizer's template was filled with more than the question: it may leave out the nodes."""
        synthesis = self._flow.around(call, "synthesize")
        if synthesis is None or not isinstance(synthesis.inputs, dict) or not isinstance(predict.inputs, dict):
            return True
        asked = {text.strip() for _, text in self._flow.matcher.parts_of(synthesis.inputs.get("query")).texts}
        return any(not isinstance(value, str) or value.strip() not in asked for value in predict.inputs.values())

    def _synthesized(self, call: Call) -> Origin:
        """The nodes that a synthesizer was given, where their texts were not found: they were cut, or formatted."""
        synthesis = self._flow.around(call, "synthesize")
        return Origin() if synthesis is None else self._flow.origin_in(synthesis).at("nodes").because("synthesis")


def _listed(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    listed: dict[str, list[Item]] = {}
    for key, item in pairs:
        listed.setdefault(key, []).append(item)
    return listed


def tool_id(flow: LlamaIndexFlow, tool: Call) -> str | None:
    """The id of the tool call for which a tool ran: that of the event of the agent's step around it."""
    step = flow.everything.get(tool.parent)
    events = () if step is None else step.details.get("events", ())
    return next((id for event in events if (id := getattr(event, "tool_id", None))), None)


def _is_in(flow: LlamaIndexFlow, call: Call, step: Call) -> bool:
    """Whether a call ran in a step, however deep."""
    at: Call | None = call
    while at is not None and at is not step:
        at = flow.everything.get(at.parent)
    return at is step
