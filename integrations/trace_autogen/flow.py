"""Where the inputs of AutoGen's calls came from.

Runs, turns and the steps of a team's manager are scopes; models, tools, memories, hand-overs, selections and what
plain code of an agent makes are nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import BaseChatMessage

from trace_autogen import choosing, values
from trace_autogen.contexts import Contexts
from trace_autogen.rendered import contains, rendered, texts_in
from trace_autogen.results import of_result
from trace_autogen.said import Said, answer, is_a, latest, requests
from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.call import ParameterRead
from trace_core.recording.run import causes

_NODES = ("llm", "tool", "memory", "handoff", "select")
_ARGUMENTS = {
    "llm": "messages",
    "tool": "input",
    "handoff": "results",
    "summary": "results",
    "select": "answer",
    "message": "parts",
    "turn": "messages",
}


class AutoGenFlow(Flow):
    """`Flow` with what AutoGen's messages say."""

    def __init__(self, calls: Sequence[Call], earlier: Sequence[Flow] = ()) -> None:
        self.said = Said(calls)
        before = [flow for flow in reversed(earlier) if isinstance(flow, AutoGenFlow)]
        self._all_said = [self.said, *(flow.said for flow in before)]
        self.before: Sequence[AutoGenFlow] = before
        """The earlier turns of the conversation, the latest first."""
        self._contexts = Contexts(self, self._all_said)
        self._tasks: dict[int, Call] = {}
        self.tasks: list[tuple[BaseChatMessage, Call]] = []
        """The messages that no call made, each with the run that was given it."""
        self._passing: dict[Call, Call | None] = {}
        super().__init__(calls, Ledger(self._opened, values.key), earlier)
        self._enter_tasks()
        for call in calls:  # in order, so that a context's message is known from the first request that had it
            if call.kind == "llm":
                self.origin_in(call)
        self._handed_down = self._reads_handed_down()

    def keep_only(self, earlier: Sequence[Flow]) -> None:
        """Let go of turns that the recorder keeps no more: else each turn would keep the one before, for ever."""
        super().keep_only(earlier)
        self.before = [flow for flow in self.before if any(flow is kept for kept in earlier)]
        self._all_said[1:] = [flow.said for flow in self.before]

    def _enter_tasks(self) -> None:
        """Which run was given the messages that no call made."""
        turns = [(call, call.given) for call in self.calls if is_a(call, "turn")]
        runs = [(call, getattr(call.gave, "messages", ())) for call in self.calls if is_a(call, "run")]
        for call, seen in [*turns, *runs]:  # in this order: a run's result has what agents in tools were asked, too
            for message in seen:
                known = id(message) in self._tasks or id(message) in self.said.chat
                if not known and not self._is_earlier(message):
                    self._tasks[id(message)] = self._given_in(call)
                    self.tasks.append((message, self._tasks[id(message)]))

    def _is_earlier(self, message: Any) -> bool:
        return any(id(message) in flow.said.chat or id(message) in flow._tasks for flow in self.before)

    def _is_said(self, message: Any) -> bool:
        return any(id(message) in said.chat for said in self._all_said)

    def _opened(self, value: Any) -> Mapping[Hashable, Any] | None:
        """The parts of a value; of a run's result what was said in it, since the task is among its messages too."""
        if not isinstance(value, TaskResult):
            return values.opened(value)
        messages = enumerate(value.messages)
        return {i: each for i, each in messages if not isinstance(each, BaseChatMessage) or self._is_said(each)}

    def _given_in(self, call: Call) -> Call:
        """The outermost run, inside the same tool."""
        while (parent := self.parent(call)) is not None and parent.kind != "tool":
            call = parent
        return call

    # --- what the calls are

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself."""
        if call.kind in _NODES or is_a(call, "summary"):
            return True
        if is_a(call, "turn", "step") and self.raised_itself(call):
            return True
        if is_a(call, "run", "step"):
            return False
        if is_a(call, "message"):
            return self._passed_on(call) is None
        return not any(self.nodes_in(child) for child in self.children[call])

    def raised_itself(self, scope: Call) -> bool:
        """Whether the code of a turn or a step raised, and nothing that it called."""
        if not isinstance(scope.error, Exception):
            return False
        raised = causes(scope.error)
        inside = [node for child in self.children[scope] for node in self.nodes_in(child)]
        return all(node.error is not error for node in inside for error in raised)

    def _passed_on(self, message: Call) -> Call | None:
        """The model whose words a manager passed on, as they are or out of what it said as JSON."""
        if message not in self._passing:
            text = str(getattr(message.gave, "content", ""))
            models = [m for m in self.children[self.parent(message)] if m.kind == "llm" and m.began < message.began]
            said = [(model, answer(model) or "") for model in reversed(models)]
            found = [model for model, words in said if text == words or text in texts_in(words)]
            self._passing[message] = found[0] if found else None
        return self._passing[message]

    def models(self) -> list[Call]:
        """The calls of models here and in earlier turns, in order."""
        calls = [call for flow in [*reversed(self.before), self] for call in flow.calls]
        return [call for call in calls if call.kind == "llm"]

    def is_of_this_run(self, call: Call) -> bool:
        """Whether a call is none of an earlier turn."""
        return call not in self._owner

    def speaker(self, call: Call) -> str | None:
        """The agent in whose turn, or manager in whose step, a call was made."""
        owner: Any = self._owner.get(call, self)
        parent = owner.parent(call)
        return None if parent is None else parent.name

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """What a node read, and what the turn or step around it read for it."""
        return [*node.reads, *self._handed_down.get(node, ())]

    def _reads_handed_down(self) -> dict[Call, list[ParameterRead]]:
        found: dict[Call, list[ParameterRead]] = {}
        for scope in self.calls:
            for read in () if self.is_node(scope) else scope.reads:
                for node in self._readers(scope, read[0]):
                    if all(read[1] is not known for _, known, _ in [*node.reads, *found.get(node, ())]):
                        found.setdefault(node, []).append(read)
        return found

    def _readers(self, scope: Call, argument: str) -> list[Call]:
        """The nodes that a setting of a turn concerns: summaries, or what the turn ended with; models, in a step."""
        inside = self.nodes_in(scope)
        if is_a(scope, "step"):
            return [node for node in inside if node.kind == "llm"]
        if "summary" in argument:
            return [node for node in inside if is_a(node, "summary")]
        ends = self.origin_out(scope).sources if scope.succeeded else self.sinks(self.children[scope]).sources
        return [node for node in inside if node in ends]

    # --- where inputs came from

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """What messages, requests and results say by their identity."""
        if call.kind == "llm":
            return self._contexts.origin(call, parent)
        if call.kind == "tool" and not is_a(call, "code"):
            return self._asked_by(call, parent)
        if call.kind == "memory":
            return self._query(call, parent)
        if call.kind == "handoff" or is_a(call, "summary"):
            sources = [latest(self.said.results.get(id(each), ()), call.began) for each in call.inputs]
            return Origin({source: "identity" for source in sources if source is not None})
        if call.kind == "select":
            return self._selected_by(call, parent)
        if is_a(call, "message"):
            return rendered(self, str(getattr(call.gave, "content", "")), call, parent)
        if is_a(call, "step"):
            return Origin() if call.inputs is None else self._of_messages(call.inputs, call)
        if is_a(call, "turn"):
            given = Origin() if call.kind == "input" else self._of_messages(call.inputs, call)
            return Origin(parts={**self._contexts.kept(call), **(given.parts or {})})
        if is_a(call, "run") and parent is not None and isinstance(call.inputs, (list, tuple)):
            return self._of_messages(call.inputs, call)
        return None

    def _of_messages(self, messages: Iterable[Any], call: Call) -> Origin:
        return Origin(parts={index: self.of_chat(message, call) for index, message in enumerate(messages)})

    def of_chat(self, message: Any, scope: Call | None) -> Origin:
        """Where a message of the chat came from: who said it, or what the run was given."""
        maker = self.maker(message)
        if maker is not None and maker is not scope:
            return self.origin_out(maker).because("identity")
        for flow in [self, *self.before]:
            if (given := flow.given(message)) is not None:
                return given
        return Origin() if scope is None else self._task_origin(self._given_in(scope))

    def maker(self, message: Any) -> Call | None:
        """The call that made a message of the chat."""
        return next((maker for said in self._all_said if (maker := said.maker(message)) is not None), None)

    def tasks_of(self, flows: Iterable[AutoGenFlow]) -> list[tuple[BaseChatMessage, Callable[[], Origin]]]:
        """What runs of these turns of the conversation were given, the latest first."""
        told = [(flow, message, run) for flow in flows for message, run in reversed(flow.tasks)]
        return [(message, partial(flow._task_origin, run)) for flow, message, run in told]

    def given(self, message: Any) -> Origin | None:
        """Where a message came from that no call made: what the run was given."""
        run = self._tasks.get(id(message))
        return None if run is None else self._task_origin(run)

    def _task_origin(self, run: Call) -> Origin:
        if is_a(run, "run") or self.parent(run) is not None:
            return self.origin_in(run)
        return Origin({self.input_of(run): "input"})

    def _asked_by(self, tool: Call, parent: Call | None) -> Origin | None:
        """The model that asked for a tool: the latest that named its id, else its name."""
        models = [m for m in self.children[parent] if m.kind == "llm" and (m.ended or 0) < tool.began and requests(m)]
        id_of = tool.details["tool_call_id"]
        for model in reversed(models):
            if any(asked.id == id_of and asked.name == tool.name for asked in requests(model)):
                return Origin({model: "tool_call_id"})
        named = [model for model in models if any(asked.name == tool.name for asked in requests(model))]
        return Origin({named[-1]: "name"}) if named else None

    def _query(self, memory: Call, parent: Call | None) -> Origin:
        """What a memory was asked, if it was: some give all that they hold."""
        query = memory.inputs.get("query") if isinstance(memory.inputs, dict) else None
        text = getattr(query, "content", query)
        if not isinstance(text, str) or parent is None:
            return Origin()
        told = [each for each in parent.inputs if isinstance(each, BaseChatMessage)]
        for message in reversed(told):
            if contains(text, message.to_model_text()) or contains(message.to_model_text(), text):
                return self.of_chat(message, parent)
        return Origin()

    def _selected_by(self, select: Call, step: Call | None) -> Origin:
        model = latest((call for call in self.children[step] if call.kind == "llm"), select.began)
        if model is not None:
            return Origin({model: "identity"})
        messages = [each for each in select.inputs or () if isinstance(each, BaseChatMessage)]
        return self._of_messages(messages, select)

    # --- where outputs came from

    def structural_output(self, scope: Call) -> Origin | None:
        """Whose words a turn or a run ended with."""
        if is_a(scope, "step"):
            return Origin()
        if is_a(scope, "message"):
            model = self._passed_on(scope)
            return None if model is None else Origin({model: "identity"})
        message = values.chat_message(scope.gave)
        if message is None:
            return None
        if is_a(scope, "run"):
            return of_result(self, scope.gave, message, scope)
        maker = self.said.chat.get(id(message))
        if maker is not None and maker is not scope:
            return self.origin_out(maker)
        said = getattr(message, "content", None)
        models = [call for call in self.nodes_in(scope) if call.kind == "llm" and call.succeeded]
        same = [call for call in models if call.output is said or answer(call) == said]
        return Origin({same[-1]: "identity"}) if same else None

    # --- links

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """A model takes messages, a summary results."""
        name = _ARGUMENTS.get(call.kind) or _ARGUMENTS.get(call.details.get("is", ""))
        return super().arguments(call, origin) if name is None else [(name, origin)]

    def links(self, call: Call) -> list[Link]:
        """Data, and control from what selected the speaker, or decided that a manager's model is asked."""
        links = super().links(call)
        if is_a(call, "turn", "step") and self.children[call]:  # it raised: what was left in it led to that
            links = [link for link in links if link.why == "inside"] or links
        known = {link.source for link in links}
        for chosen_by in choosing.chosen_by(self, call, known):
            if chosen_by not in known and chosen_by is not call:
                links.append(Link(chosen_by, "chosen_by", "route", "control"))
        return links
