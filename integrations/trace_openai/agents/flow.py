"""Where the inputs of agents' calls came from: who said each item that a model was told, and which model asked.

Runs of agents are scopes; models, tools, guardrails and handoffs are nodes. A tool in which agents run is a node too,
which came from them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from trace_core.recording import Call, Flow, Ledger, Link, Origin
from trace_core.recording.searching import Search
from trace_openai.agents.items import call_id, is_answer, is_message_of_model, listed, output_of, text_of, told

_NODES = ("llm", "tool", "function", "handoff")


class AgentsFlow(Flow):
    """`Flow` with what the SDK's items say."""

    def __init__(self, calls: Sequence[Call], ledger: Ledger, earlier: Sequence[Flow] = ()) -> None:
        self._take_in([*(call for flow in earlier for call in flow.calls), *calls])
        super().__init__(calls, ledger, earlier)

    def keep_only(self, earlier: Sequence[Flow]) -> None:
        """Let go of turns that the recorder no longer keeps."""
        before = len(self.earlier)
        super().keep_only(earlier)
        if len(self.earlier) < before:
            self._take_in([*(call for flow in self.earlier for call in flow.calls), *self.calls])

    def _take_in(self, calls: Sequence[Call]) -> None:
        self._all = calls
        self._asked: dict[str, list[Call]] = defaultdict(list)
        self._answered: dict[str, list[Call]] = defaultdict(list)
        self._said: dict[Hashable, list[Call]] = defaultdict(list)
        self._given: dict[Hashable, list[tuple[Call, int]]] = defaultdict(list)
        for call in calls:
            if call.kind == "run":
                for index, item in enumerate(listed(call.inputs)):
                    self._given[told(item)].append((call, index))
            elif call.kind == "llm" and call.succeeded:
                for item in call.gave.output:
                    if (found := call_id(item)) is not None:
                        self._asked[found].append(call)
                    elif is_message_of_model(item):
                        self._said[told(item)].append(call)
            elif call.details.get("call_id") is not None:
                self._answered[call.details["call_id"]].append(call)

    def _before(self, found: Iterable[Call], call: Call) -> list[Call]:
        """Those that ended before a call, the last first; of those in the same run of an agent before others."""
        ended = [each for each in found if each.ended is not None and each.ended < call.began]
        return sorted(
            ended, key=lambda each: (self._parent_of(each) is self._parent_of(call), each.ended), reverse=True
        )

    # --- what the calls are

    def is_node(self, call: Call) -> bool:
        """Whether the call does something itself."""
        return call.kind in _NODES

    def arguments(self, call: Call, origin: Origin) -> Iterable[tuple[str, Origin]]:
        """What went in, under one name."""
        return [("messages" if call.kind == "llm" else "input", origin)]

    def links(self, call: Call) -> list[Link]:
        """What a node took in; for the first model of an agent that was handed over to, that it was."""
        links = super().links(call)
        handoff = self._handed_over(call)
        if handoff is not None:
            links = [link for link in links if link.source is not handoff]
            links.append(Link(handoff, "handed_over_by", "handoff", "control"))
        return links

    def _handed_over(self, call: Call) -> Call | None:
        before = [each for each in self.children[self.parent(call)] if each.began < call.began]
        last = [each for each in before if each.kind in ("llm", "handoff")][-1:]
        return last[0] if call.kind == "llm" and last and last[0].kind == "handoff" else None

    # --- where inputs came from

    def structural_input(self, call: Call, parent: Call | None) -> Origin | None:
        """What the items say that a call was given."""
        if call.kind == "llm" and parent is not None:
            sources: dict[Call, str] = {}
            for each in (self._kept_by_server(call, parent), *self._of_items(call, parent)):
                for source, why in each.sources.items():
                    sources.setdefault(source, why)
            return Origin(sources)
        if call.kind in ("tool", "handoff"):
            return self._asked_by(call, parent)
        if call.kind == "function" and parent is not None:
            return self._checked(call, parent)
        if parent is None and isinstance(call.inputs, list):
            return Origin(parts=dict(enumerate(self._of_items(call, call))))
        return None

    def recognised(self, value: Any) -> Origin | None:
        """Where an item came from that is sent back: a tool's call or result, by its id."""
        return self._by_id(value, None) if isinstance(value, dict) else None

    def _by_id(self, item: Any, call: Call | None) -> Origin | None:
        known = (self._answered if is_answer(item) else self._asked).get(call_id(item) or "", [])
        found = known[::-1] if call is None else self._before(known, call)
        if not found:
            return None
        is_handoff = found[0].kind == "handoff"  # which is a control edge
        return Origin() if is_handoff else self.origin_out(found[0]).because("tool_call_id")

    def _of_items(self, call: Call, root: Call) -> list[Origin]:
        """Where each item came from that a model was told, or that a program was given."""
        seen, origins = Counter[Hashable](), list[Origin]()
        for item in reversed(listed(call.inputs)):  # of what was said twice, the last is the last
            seen[told(item)] += 1
            origins.append(self._of_item(item, seen[told(item)], call, root))
        return origins[::-1]

    def _of_item(self, item: Any, nth: int, call: Call, root: Call) -> Origin:
        """Where an item came from, which is the last but so many of those that say the same."""
        if (known := self._by_id(item, call)) is not None:
            return known
        if told(item) is None:
            return Origin()
        if is_message_of_model(item) and (said := self._before(self._said.get(told(item), ()), call)):
            return self.origin_out(said[min(nth, len(said)) - 1]).because("message")
        if given := self._given_before(item, call, root):
            run, index = given[min(nth, len(given)) - 1]
            origin = self._owner.get(run, self).origin_in(run)
            return (origin if isinstance(run.inputs, str) else origin.at(index)).because("message")
        return self._put_together(item, call, root)

    def _given_before(self, item: Any, call: Call, root: Call) -> list[tuple[Call, int]]:
        """Where a run of an agent, or one that may have been a turn before it, was given the same, the last first."""
        return [
            (run, index)
            for run, index in reversed(self._given.get(told(item), ()))
            if run is not call
            and (run is root or (run.began < root.began and self._parent_of(run) is self._parent_of(root)))
        ]

    def _put_together(self, item: Any, call: Call, root: Call) -> Origin:
        """Where something came from that nobody said as it is: code made it of what there was, or it is new."""
        is_new = call is root
        beside = [each for each in self.children[None if is_new else root] if each is not call]
        given = [] if is_new else self.given_to(root)
        said = output_of(item) if is_answer(item) else text_of(item)
        found = Search(self.matcher, call.began, self.held(beside), given).find(said)
        if found:
            return Origin(found.sources)
        return Origin({self.input_of(root): "input"}) if is_new else self.origin_in(root).because("input")

    def _kept_by_server(self, call: Call, root: Call) -> Origin:
        """The model before, of whose answer the server knows: it is not sent again."""
        kept = call.details["kept_by_server"]
        if kept is None:
            return Origin()
        models = [each for each in self._all if each.kind == "llm" and each.succeeded and each.began < call.began]
        known = [each for each in models if self._parent_of(each) is root]
        if not known and kept[0] == "previous_response_id":
            known = [each for each in models if kept[1] is not None and each.gave.response_id == kept[1]]
        elif not known:
            known = [each for each in models if kept in self._conversation_of(each)]
        return Origin({known[-1]: kept[0]}) if known else Origin()

    def _conversation_of(self, model: Call) -> set[Any]:
        run = self._parent_of(model)
        return set() if run is None else run.details["conversation"]

    def _asked_by(self, call: Call, parent: Call | None) -> Origin | None:
        asked = self._before(self._asked.get(call.details.get("call_id") or "", ()), call)
        if asked:
            return self.origin_out(asked[0]).because("tool_call_id")
        before = [each for each in self.children[parent] if each.kind == "llm" and each.began < call.began]
        return self.origin_out(before[-1]).because("tool_call_id") if before else None

    def _checked(self, check: Call, root: Call) -> Origin:
        """What a guardrail was shown: what the run was given, or what it would have given."""
        models = [each for each in self.children[root] if each.kind == "llm" and each.succeeded]
        if check.details.get("of_output") and models:
            return self._ended_with(root, models[-1], None).because("guardrail")
        return self.origin_in(root)

    # --- where outputs came from

    def structural_output(self, scope: Call) -> Origin | None:
        """What a run of agents ended with: its last model's answer, or the results of tools at which it stopped.

        What a tool, or a guardrail, made of agents that failed in it came from them too.
        """
        failed = [child for child in self.children[scope] if child.error is not None]
        if scope.kind in ("tool", "function") and failed:
            return self.match_output(scope, scope.output) | self._left_in(failed)
        models = [each for each in self.children[scope] if each.kind == "llm" and each.succeeded]
        if scope.kind != "run" or not models:
            return None
        return self._ended_with(scope, models[-1], getattr(scope.gave, "final_output", None))

    def _left_in(self, failed: Iterable[Call]) -> Origin:
        """What raised in runs of agents that failed, or what was there when they did."""
        raised = {node: "inside" for run in failed for node in self.nodes_in(run) if node.error is not None}
        return Origin(raised) if raised else self.sinks([child for run in failed for child in self.children[run]])

    def _ended_with(self, run: Call, model: Call, output: Any) -> Origin:
        tools = [each for each in self.children[run] if each.kind == "tool" and each.began > (model.ended or 0)]
        for tool in tools:
            if tool.gave is output or tool.gave == output or str(tool.gave) == output:
                return Origin({tool: "identity"})
        if tools:  # code made it of their results
            return Origin(dict.fromkeys(tools, "inside"))
        text = "".join(text_of(item) for item in model.gave.output)
        if isinstance(output, str) and output != text:  # a handler of errors gave it
            return self.match_output(run, output)
        return Origin({model: "identity"})
