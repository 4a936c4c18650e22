"""What models were asked, and which of them asked for which tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trace_core.recording import Call, Origin
from trace_core.recording.likeness import words
from trace_core.recording.matching import Given, at
from trace_llamaindex.snapshots import Reply, Told, told
from trace_llamaindex.values import messages_text

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow

_STEPS = ("Thought: ", "Observation: ")
_STEP = re.compile(r"^(?=Thought: |Observation: )", re.MULTILINE)
"""Where a piece begins of what ReAct tells a model of its own steps, and of what tools gave (`BaseReasoningStep`)."""


class Asking:
    """The messages of models, and tools.

    Args:
        flow: the flow whose calls they are.
    """

    def __init__(self, flow: LlamaIndexFlow) -> None:
        self._flow = flow
        self._asked: dict[int, Call] = {}
        for call in flow.everything.values():
            if call.kind == "llm":
                self._asked.update((id(message), call) for message in told(call.inputs))

    # --- tools

    def asked_by(self, tool: Call) -> Origin | None:
        """The model that asked for a tool: the last in the step of the agent that gave this tool call."""
        id = tool_id(self._flow, tool)
        if id is None:
            return None
        agents = self._flow.parent(tool)
        for step in reversed([c for c in self._flow.everything.values() if (c.ended or 0) < tool.began]):
            if step.parent == (None if agents is None else agents.id) and id in step.details.get("asked", ()):
                models = [c for c in self._flow.calls if c.kind == "llm" and _is_in(self._flow, c, step)]
                return Origin({models[-1]: "tool_call_id"}) if models else None
        return None

    # --- messages

    def recognised(self, message: Any) -> Origin | None:
        """Where a message came from, by the ids of tool calls, or by how ReAct writes what a tool gave."""
        call = self._asked.get(id(message)) if isinstance(message, Told) else None
        if call is None:
            return None
        agents = self._flow.around(call, "agents")
        if message.role == "system":
            return None if agents is None else Origin()
        if message.asks and (origin := self._that_asked(message, call)) is not None:
            return origin
        if message.tool_id is not None:
            ran = [t for t in self._tools_before(call, agents) if tool_id(self._flow, t) == message.tool_id]
            return Origin({ran[-1]: "tool_call_id"}) if ran else Origin() if agents is not None else None
        return None if agents is None else self._reasoned(message, call)

    def _tools_before(self, call: Call, agents: Call | None) -> list[Call]:
        calls = self._flow.calls if agents is None else list(reversed(self._heard(call)))
        return [c for c in calls if c.kind in ("tool", "handoff") and c.ended is not None and c.ended < call.began]

    def _that_asked(self, message: Told, call: Call) -> Origin | None:
        """The model that asked for these tools, of whose message a memory made another."""
        ids = {id for id, _, _ in message.asks if id}
        for model in self._heard(call) if ids else ():
            said = model.output.message if isinstance(model.output, Reply) else None
            if said is not None and ids == {id for id, _, _ in said.asks} and said.text == message.text:
                return Origin({model: "identity" if said.of is message.of else "tool_call_id"})
        return None

    def _heard(self, call: Call) -> list[Call]:
        """The calls of a conversation before this one, the last first: in the same agent's run, and in its turns."""
        agents = self._flow.around(call, "agents", "chat")
        if agents is None:
            return [each for each in reversed(self._flow.calls) if each.ended is not None and each.ended < call.began]
        turns = [(self._flow, agents), *self._flow.turns_before(agents)]
        heard = [
            node for flow, turn in turns for child in reversed(flow.children[turn]) for node in flow.nodes_in(child)
        ]
        return [each for each in heard if each.ended is not None and each.ended < call.began]

    def _reasoned(self, message: Told, call: Call) -> Origin | None:
        """The models and tools of which ReAct tells a model: what was thought, done and observed, formatted anew."""
        pieces = [piece.strip() for piece in _STEP.split(message.text) if piece.strip()]
        if not any(piece.startswith(_STEPS) for piece in pieces):
            return None
        sources: dict[Call, str] = {}
        before = self._heard(call)
        for piece in reversed(pieces):
            for each in before:
                if each not in sources and _says(each, piece):
                    sources[each] = "reasoning"
                    break
        if len(pieces) == 1 and sources:  # one of several messages: of equal ones, that in its turn
            return Origin({self._in_turn(message, call, before): "reasoning"})
        return Origin(sources) if sources else None

    def _in_turn(self, message: Told, call: Call, before: Sequence[Call]) -> Call:
        same = [each for each in told(call.inputs) if each.text == message.text]
        gave = [each for each in reversed(before) if _says(each, message.text)]
        return gave[len(gave) - len(same) + same.index(message)] if len(gave) >= len(same) else gave[-1]

    def answered_by_tools(self, predict: Call) -> Origin | None:
        """The tools whose results a model's call gave that also runs what the model asks for."""
        ran = [call for call in self._flow.children[predict] if call.kind == "tool" and call.succeeded]
        said = predict.output.text if isinstance(predict.output, Reply) else ""
        shown = [call for call in ran if _said_by(call) in said]
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
        if not self._has_context(call, parts):
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

    def _synthesized(self, call: Call) -> Origin:
        """The nodes that a synthesizer was given, where their texts were not found: they were cut, or formatted."""
        synthesis = self._flow.around(call, "synthesize")
        return Origin() if synthesis is None else self._flow.origin_in(synthesis).at("nodes").because("synthesis")


def tool_id(flow: LlamaIndexFlow, tool: Call) -> str | None:
    """The id of the tool call for which a tool ran: that of the event of the agent's step around it."""
    step = flow.everything.get(tool.parent)
    events = () if step is None else step.details.get("events", ())
    return next((id for event in events if (id := getattr(event, "tool_id", None))), None)


def _says(call: Call, piece: str) -> bool:
    """Whether a piece of ReAct's reasoning is what a model said, or a tool gave."""
    if piece.startswith("Observation: "):
        return call.kind in ("tool", "handoff") and piece == f"Observation: {_said_by(call)}".strip()
    said = call.output.text if call.kind == "llm" and isinstance(call.output, Reply) else ""
    return bool(said) and words(said) == words(piece)


def _said_by(tool: Call) -> str:
    if tool.error is not None:
        return str(tool.error)
    return tool.output.text if isinstance(tool.output, Reply) else str(tool.output)


def _is_in(flow: LlamaIndexFlow, call: Call, step: Call) -> bool:
    """Whether a call ran in a step, however deep."""
    at: Call | None = call
    while at is not None and at is not step:
        at = flow.everything.get(at.parent)
    return at is step
