"""Where the inputs of LangChain's and LangGraph's calls came from.

What their structure tells is taken from the tags of the runs (`seq:step:2`, `map:key:question`) and, in a graph, from
the state's channels; what plain Python did in between is found by the values (`trace_core.recording.flow`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from langchain_core.messages import BaseMessage, ToolMessage

from trace_core.context import Read
from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.call import ParameterRead
from trace_core.recording.ledger import Found
from trace_core.recording.matching import Given
from trace_langchain import nesting, values
from trace_langchain.channels import Channels
from trace_langchain.choices import Choices
from trace_langchain.places import HISTORY, PROMPT, graph_step, is_body, is_plumbing, number, tagged
from trace_langchain.tool_calls import ToolCalls

_TELLING_TEXT = 12
_PASSING = ("RunnablePassthrough", "RunnablePick")


class LangChainFlow(Flow):
    """`Flow` with what LangChain's structure says."""

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        self._has_run_others = {call.parent for call in calls}
        calls, self._moved, self._resumed = nesting.resumed(calls, [c for flow in earlier for c in flow.by_id.values()])
        known = {call.id: call for call in calls}
        self._adopted = nesting.adopted(calls, known) | nesting.strays(calls, known)
        self.routers = {call for call in calls if _is_condition(call)}
        self._parents: dict[Call, Call | None] = {}
        self._channels = Channels(self)
        self._choices = Choices(self)
        super().__init__(calls, ledger, earlier)
        self._leave_out_routers()
        self._tool_calls = ToolCalls(self.calls, self.is_node)
        self._handed_down = self._reads_handed_down()

    def keep_only(self, earlier: Sequence[Flow]) -> None:
        """Let go of turns that the recorder no longer keeps."""
        super().keep_only(earlier)
        self._channels.forget()

    def _leave_out_routers(self) -> None:
        """Leave out what only chose the way, and called nothing for it."""
        self.routers |= {call for call in self.calls if self._is_router(call)}
        by_parent: dict[Call | None, list[Call]] = {}
        for call in self.routers:
            if not self.children[call]:
                by_parent.setdefault(self.parent(call), []).append(call)
        for parent, routers in by_parent.items():
            self.children[parent] = [child for child in self.children[parent] if child not in routers]
            if parent is not None and not self.children[parent]:
                self._has_run_others.discard(parent.id)
        silent = {call for routers in by_parent.values() for call in routers}
        self.calls = [call for call in self.calls if call not in silent]
        self.silent_routers = by_parent

    @cached_property
    def _retried(self) -> set[Call | None]:
        """The calls whose children are attempts."""
        return {self.parent(call) for call in self.calls if tagged(call, "retry:attempt:")}

    # --- what the runs are

    def parent(self, call: Call) -> Call | None:
        """The call inside which this one ran; a fallback's attempts are inside it."""
        if call not in self._parents:
            self._parents[call] = self._adopted.get(call) or self._moved.get(call) or self.by_id.get(call.parent)
        return self._parents[call]

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself; LangChain's own passing on and choosing does not."""
        if call in self.routers:
            return False
        if call.kind == "function" and (call.name.startswith(_PASSING) or is_plumbing(call)):
            return False
        if any(argument == "code" for argument, _, _ in call.reads):
            return True
        children = self.children[call]
        return all(c in self.routers for c in children) if children else call.id not in self._has_run_others

    def _is_router(self, call: Call) -> bool:
        """Whether it chooses a graph's next node: a step behind a node's body, on the state."""
        step, parent = number(call, "seq:step:"), self.parent(call)
        if parent is None or step is None or step < 2 or graph_step(parent) is None:
            return False
        before = self._step(parent, step - 1)
        return call.kind == "function" and (before is None or before.gave is not call.given)

    def reads_of(self, node: Call) -> list[ParameterRead]:
        """What a node read, and what the function around it read for it, such as an agent's system prompt."""
        return [*node.reads, *self._handed_down.get(node, ())]

    def _reads_handed_down(self) -> dict[Call, list[ParameterRead]]:
        found: dict[Call, list[ParameterRead]] = {}
        for scope in self.calls:
            for read in () if self.is_node(scope) else scope.reads:
                for node in self._readers(scope, *read):
                    if all(read[1] is not known for _, known, _ in [*node.reads, *found.get(node, ())]):
                        found.setdefault(node, []).append(read)
        return found

    def _readers(self, scope: Call, argument: str, _: Any, read: Read) -> list[Call]:
        """The nodes that saw what a scope around them, or beside them, read."""
        inside = self.nodes_in(scope) if self.children[scope] else []
        if not inside:
            around = self.parent(scope)
            nodes = [] if around is None else self.nodes_in(around)
            inside = [node for node in nodes if node.began > (scope.ended or 0)]
        models = [node for node in inside if node.kind == "llm"]
        return [node for node in models or inside if values.was_sent(node, argument, read.value)]

    # --- structure

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """What the call's tags, its tool call, or the graph's channels say."""
        if call.kind == "tool" and (caller := self._tool_calls.who_asked(call)) is not None:
            return Origin({caller: "tool_call_id"})
        if parent is None:
            return None
        if graph_step(call) is not None and not is_body(call, parent):
            return self._channels.input_of(call, parent)
        if call in self.routers and graph_step(parent) is not None:
            return self._channels.after(call, parent)
        # LangGraph does not report the function of a task, and what that calls has the tag of the function.
        step = None if self.is_called_by_code(call, parent) else number(call, "seq:step:")
        if self.is_attempt(call):
            return self._attempt_input(call, parent)
        if tagged(call, "map:key:", "branch:", "condition:", "retry:attempt:"):
            return self.origin_in(parent).because("input")
        if parent in self._retried:
            return self.origin_in(parent).because("input")
        if step is None:
            return None
        if graph_step(parent) is not None:
            before = self._step(parent, step - 1)
            return self.origin_out(before).because("sequence") if before and before.gave is call.given else None
        if step == 1:
            return self.origin_in(parent).because("input")
        before = next((found for n in range(step - 1, 0, -1) if (found := self._step(parent, n))), None)
        return self.origin_in(parent) if before is None else self.origin_out(before).because("sequence")

    def _attempt_input(self, call: Call, parent: Call) -> Origin:
        """An attempt of a fallback: it has the input of the first, and may be told the error that ended that."""
        given = self.origin_in(parent).because("input")
        if not isinstance(call.inputs, dict) or not isinstance(parent.inputs, dict):
            return given
        parts = {key: given.at(key) for key in call.inputs if key in parent.inputs}
        told = {key: error for key, error in call.inputs.items() if isinstance(error, BaseException)}
        for key, error in told.items():
            found = self.ledger.identical(error, call.began)
            parts[key] = given.at(key) if found is None else self.matcher.origin_of(found, "identity")
        return Origin(given.own, parts) if told else given

    def structural_output(self, scope: Call) -> Origin | None:
        """The last step's, each branch's, the choice's, the state's."""
        children = self.children[scope]
        if "bubbled" in scope.details:
            return None
        if scope.name.startswith(_PASSING) and not children:
            return self._passed(scope)
        if scope.name == HISTORY and is_plumbing(scope):
            return self._history(scope)
        if not children:  # LangGraph's own, or a graph whose node was interrupted
            return Origin() if scope in self.routers else None if scope.name == PROMPT else self.origin_in(scope)
        if any(graph_step(child) is not None for child in children) and not is_body(children[0], scope):
            return self._channels.output_of(scope)
        done = [child for child in children if child.succeeded and child not in self.routers]
        by_key = {key: child for child in done if (key := tagged(child, "map:key:"))}
        if by_key:
            return Origin(parts={key: self.origin_out(child) for key, child in by_key.items()})
        if done and any(
            self.is_attempt(child) or tagged(child, "retry:attempt:", "branch:", "condition:") for child in children
        ):
            return self.origin_out(max(done, key=lambda child: child.ended or 0))
        in_place = [child for child in done if not self.is_called_by_code(child, scope)]
        steps = [step for child in in_place if (step := number(child, "seq:step:")) is not None]
        if steps and graph_step(scope) is None:
            last = self._step(scope, max(steps))
            return None if last is None else self.origin_out(last)
        return None

    def _history(self, scope: Call) -> Origin:
        """Where the messages of a history came from, whose store may have made new ones of them."""
        given = self.origin_in(scope)
        parts: dict[Hashable, Origin] = {}
        for index, message in enumerate(scope.output if isinstance(scope.output, list) else ()):
            found = self._first(message, scope.began, least=1)
            parts[index] = given if found is None else self.matcher.origin_of(found, "message_id")
        return Origin(parts=parts)

    def recognised(self, value: Any) -> Origin | None:
        """The tool that a message answers for, also where it says how the tool failed; who asked for a tool call."""
        if isinstance(value, dict) and value.get("type") == "tool_call":
            caller = self._tool_calls.asked_by(value.get("id"), value.get("args"))
            return None if caller is None else Origin({caller: "tool_call_id"})
        if not isinstance(value, ToolMessage):
            return None
        called = self._tool_calls.answered(value.tool_call_id)
        if called is None:
            return None
        origin = self.origin_out(called) if called.error is None else Origin({called: ""})
        return origin.because("tool_call_id")

    def _matched_output(self, scope: Call) -> Origin:
        if scope.kind == "tool" and isinstance(scope.output, ToolMessage):  # what the tool returned is its content
            return self.match_output(scope, scope.output.content)
        return super()._matched_output(scope)

    def given_to(self, scope: Call) -> list[Given]:
        """What a scope's code was given: its input, what it was resumed with, and, to a tool, the graph's state."""
        return [*super().given_to(scope), *self.resumed_with(scope), *self._state_given_to(scope)]

    def _state_given_to(self, scope: Call) -> list[Given]:
        step = self.parent(scope)
        graph = None if step is None else self.parent(step)
        if scope.kind != "tool" or step is None or graph is None or graph_step(step) is None:
            return []
        return self._channels.given_with(step, graph)

    def resumed_with(self, call: Call) -> list[Given]:
        """What a graph was resumed with, in the node that had been interrupted and in all that runs in it."""
        inner: Call | None = call
        while inner is not None:
            graph = self.parent(inner)
            if graph is not None and inner in self._resumed:
                root = graph
                while (outer := self.parent(root)) is not None:
                    root = outer
                if values.is_command(root.inputs) and root.inputs.resume is not None:
                    return [Given(root.inputs.resume, partial(Origin, {self.input_of(root): "resume"}))]
            inner = graph
        return []

    def is_attempt(self, call: Call) -> bool:
        """Whether it is a fallback's attempt, of which LangChain says another parent."""
        return call in self._adopted and not call.details.get("strayed")

    def _step(self, parent: Call, place: int) -> Call | None:
        """The step of a sequence that succeeded last."""
        found = [c for c in self.children[parent] if c.succeeded and number(c, "seq:step:") == place]
        return max(found, key=lambda call: call.ended or 0, default=None)

    def _passed(self, call: Call) -> Origin:
        given = self.origin_in(call)
        if call.name.startswith("RunnablePick") and isinstance(call.inputs, dict):
            keys = [key for key in call.inputs if str(key) in call.name.partition("<")[2].rstrip(">").split(",")]
            if len(keys) == 1 and call.gave is call.given.get(keys[0]):
                return given.at(keys[0])
            return Origin(parts={key: given.at(key) for key in keys}) if keys else given
        return given

    # --- links

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """A prompt takes its variables, a model messages; others what they are given, by key."""
        if call.kind == "prompt" and isinstance(call.inputs, dict):
            used = _variables(call.details.get("serialized"))
            keys = [key for key in call.inputs if key in used] or list(call.inputs)
            return [(str(key), origin.at(key)) for key in keys]
        names = {"llm": "messages", "retriever": "query"}
        if call.kind in names:
            return [(names[call.kind], origin)]
        return super().arguments(call, origin)

    def links(self, call: Call) -> list[Link]:
        """Data, and control from what chose that this call should run."""
        links = super().links(call)
        links += self._more_data(call, [link.source for link in links])
        known = [link.source for link in links]
        for chosen_by in self._choices.of(call, known):
            if chosen_by not in known and chosen_by is not call:
                known.append(chosen_by)
                links.append(Link(chosen_by, "chosen_by", "route", "control"))
        return links

    def _more_data(self, call: Call, known: Sequence[Call]) -> list[Link]:
        """What a tool was resumed with, and messages that a function had kept from before."""
        found = []
        if call.kind == "tool" and call in self._resumed:
            found = [Link(source, "resume", "resume") for g in self.resumed_with(call) for source in g.origin.sources]
        elif call.kind == "function" and call.succeeded:
            messages = [part for _, part in self.ledger.parts(call.output) if isinstance(part, BaseMessage)]
            if messages:
                had = {values.key(part) or id(part) for _, part in self.ledger.parts(call.inputs)}
                before = [self._first(m, call.began) for m in messages if (values.key(m) or id(m)) not in had]
                origins = [self.matcher.origin_of(each, "kept") for each in before if each is not None]
                found = [Link(source, "kept", "message_id") for origin in origins for source in origin.sources]
        unique = {link.source: link for link in found if link.source not in known and link.source is not call}
        return list(unique.values())

    def known_before(self, call: Call) -> set[int]:
        """The ids of objects in what a call gave that were there before, also in a state that a tool was handed."""
        if isinstance(call.output, (str, ToolMessage)):
            return set()
        parts = [part for _, part in self.ledger.parts(call.output)]
        return super().known_before(call) | {id(p) for p in parts if self._channels.seen_before(p, call.began)}

    def _first(self, message: BaseMessage, before: int, least: int = _TELLING_TEXT) -> Found | None:
        """Who gave a message, or its text, which a history may have made a new message of."""
        found = self.ledger.identical(message, before)
        text = str(message.content)
        if found is None and len(text) >= least:
            found = next(iter(self.ledger.equal_texts(text, before)), None)
        return found


def _variables(serialized: Mapping[str, Any] | None) -> list[str]:
    """The variables that a prompt reads, if its serialized form tells."""
    arguments = (serialized or {}).get("kwargs") or {}
    return [*(arguments.get("input_variables") or ()), *(arguments.get("optional_variables") or ())]


def _is_condition(call: Call) -> bool:
    return tagged(call, "condition:") is not None
