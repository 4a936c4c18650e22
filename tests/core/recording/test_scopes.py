"""Nodes say within which calls they ran, and when."""

from __future__ import annotations

from typing import Any

from trace_core.nodes import MessageNode
from trace_core.recording import BaseRecorder, Call, Flow, Ledger
from trace_core.recording.run import Run


class Recorder(BaseRecorder):
    def _flow(self, calls: list[Call], earlier: Any) -> Flow:
        return Flow(calls, Ledger(lambda value: None, lambda value: None), earlier)

    def call(self, id: str, parent: str | None, given: Any, gives: Any, *inner: tuple[str, Any, Any]) -> None:
        """A call, and within it others that hold none."""
        self._begin(id, parent, "function", id.partition("#")[0], given, {})
        for number, (name, taken, gave) in enumerate(inner):
            self.call(f"{name}#{id}{number}", id, taken, gave)
        self._end(id, gives)


def scopes(run: Run) -> list[tuple[str, list[str]]]:
    nodes = [node for node in run.graph.nodes if isinstance(node, MessageNode) and node.op != "input"]
    return [(node.info["name"], node.info["scope"]) for node in nodes]


def recorded() -> Run:
    recorder = Recorder()
    with recorder.run() as run:
        recorder._begin("agent", None, "function", "agent", "a question", {})
        recorder.call("step#1", "agent", "a question", "a draft", ("ask", "a question", "a draft"))
        recorder.call(
            "step#2", "agent", "a draft", "an answer", ("ask", "a draft", "a text"), ("ask", "a text", "an answer")
        )
        recorder._end("agent", "an answer")
    return run


def test_a_scope_is_the_calls_around_that_hold_others_and_further_ones_of_a_name_are_numbered() -> None:
    assert scopes(recorded()) == [
        ("ask", ["agent", "step"]),
        ("ask", ["agent", "step[1]"]),
        ("ask", ["agent", "step[1]"]),
    ]


def test_a_call_that_nothing_is_around_has_an_empty_scope() -> None:
    recorder = Recorder()
    with recorder.run() as run:
        recorder.call("alone", None, "a question", "an answer")
    assert scopes(run) == [("alone", [])]


def test_a_node_says_when_it_began() -> None:
    starts = [node.info["start"] for node in recorded().graph.nodes if isinstance(node, MessageNode) and node.parents]
    assert starts == sorted(starts)
    assert starts[0] > 1_700_000_000
