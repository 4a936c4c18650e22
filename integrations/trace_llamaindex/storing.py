"""What went through the store of a workflow's context: one step or tool kept it, and a later one read it.

Nothing is told of the store (`ctx.store.get`), so that only the texts show it
(https://docs.llamaindex.ai/en/stable/module_guides/workflow/#adding-context).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trace_core.recording import Call, Origin
from trace_core.recording.callers import constants
from trace_core.recording.ledger import Found
from trace_core.recording.likeness import LEAST_TEXT, longest_within
from trace_core.recording.matching import Given, at
from trace_llamaindex.spans import code_of

if TYPE_CHECKING:
    from trace_llamaindex.flow import LlamaIndexFlow


class Store:
    """The stores of a flow's workflows.

    Args:
        flow: the flow.
    """

    def __init__(self, flow: LlamaIndexFlow) -> None:
        self._flow = flow
        self._texts: dict[tuple[Call, str], list[Found]] = {}
        self._nodes: dict[Call, list[Call]] = {}

    def read_by(self, call: Call) -> Origin:
        """The calls of whose texts some stand in what a step or tool with the context gave.

        A text that it was given, that calls in it gave, or that stands in its own code, was not read in the store; nor
        is what it gave before.
        """
        workflow = self._flow.parent(call)
        if workflow is None or call.kind == "handoff" or not _has_context(call) or not call.succeeded:
            return Origin()
        before = self._before(call, workflow)
        told = [text for node in before if _has_context(node) for text in self._of(node, "inputs")]
        gave = [text for node in before if node.name != call.name for text in self._of(node, "output")]
        began = [] if call.kind == "tool" else self._of(workflow, "inputs")
        origin = Origin()
        for each in self._of(call, "output"):
            for found in longest_within(each.value, [self._own(call, workflow), told, gave, began]):
                if found.call is workflow:
                    origin = origin | at(self._flow.origin_in(workflow), found.path).because("store")
                elif found.call is not call:
                    origin = origin | Origin({found.call: "store"})
        return origin

    def open_to(self, scope: Call) -> list[Given]:
        """What a step or tool with the context, whose code calls others, may have read."""
        workflow = self._flow.parent(scope)
        if workflow is None or not _has_context(scope):
            return []
        began = [] if scope.kind == "tool" else [Given(workflow.inputs, lambda: self._of_start(scope, workflow))]
        nodes = self._before(scope, workflow)
        origin = Origin(parts={i: Origin({node: "store"}) for i, node in enumerate(nodes)})
        held = [[node.output, *([node.inputs] if _has_context(node) else [])] for node in nodes]
        return [*began, Given(held, lambda: origin)]

    def _before(self, call: Call, workflow: Call) -> list[Call]:
        """What ended before a call and may have been kept: in an agent's run, only by tools with the context."""
        nodes = self._nodes.get(workflow)
        if nodes is None:
            inner = [node for child in self._flow.children[workflow] for node in self._flow.nodes_in(child)]
            nodes = self._nodes[workflow] = [node for node in reversed(inner) if node.succeeded]
        before = [node for node in nodes if (node.ended or 0) < call.began]
        if call.kind == "tool":
            return [node for node in before if node.kind == "tool" and _has_context(node)]
        return before

    def _of_start(self, step: Call, workflow: Call) -> Origin:
        """Where a later step has from what a workflow was given: the step that was told it kept it, if it is a node."""
        start = {id(event) for event in workflow.details.get("events", ())}
        first = [each for each in self._before(step, workflow) if _has_context(each)]
        first = [each for each in first if any(id(event) in start for event in each.details.get("events", ()))]
        return Origin({first[0]: "store"}) if first else self._flow.origin_in(workflow)

    def _own(self, call: Call, workflow: Call) -> list[Found]:
        """The texts that a call did not read in the store: of its arguments or events, of calls in it, in its code."""
        known = self._texts.get((call, "own"))
        if known is None:
            given = [call.details.get("events") or call.inputs, call.details.get("waited")]
            inner = [node.output for child in self._flow.children[call] for node in self._flow.nodes_in(child)]
            code = call.details.get("code") or code_of(getattr(workflow.details.get("class"), call.name, None))
            known = [text for value in (*given, *inner) for text in self._in(call, value)]
            known += [Found(call, (), text) for text in (constants([code]) if code else ()) if _is_telling(text)]
            self._texts[call, "own"] = known
        return known

    def _of(self, call: Call, which: str) -> list[Found]:
        """The texts in a call's inputs or output."""
        known = self._texts.get((call, which))
        if known is None:
            known = self._texts[call, which] = self._in(call, getattr(call, which))
        return known

    def _in(self, call: Call, value: Any) -> list[Found]:
        texts = self._flow.matcher.parts_of(value).texts
        return [Found(call, path, text) for path, text in texts if _is_telling(text)]


def _has_context(call: Call) -> bool:
    return bool(call.details.get("has_context"))


def _is_telling(text: str) -> bool:
    return len(text.strip()) >= LEAST_TEXT
