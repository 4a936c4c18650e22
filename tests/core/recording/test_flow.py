"""Edges are a pure function of what was recorded: here calls come from JSON, and no framework is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from trace_core.recording import MISSING, Call, Flow, Ledger

ONE_AFTER_THE_OTHER = """
[{"id": "f", "kind": "function", "in": "Who wrote Emma?", "out": "By Jane Austen.", "from": 1, "to": 8},
 {"id": "a", "in": "Who wrote Emma?", "out": "Jane Austen", "inside": "f", "from": 2, "to": 3},
 {"id": "b", "in": "Say it politely: Jane Austen", "out": "By Jane Austen.", "inside": "f", "from": 4, "to": 5}]
"""
BOTH_FROM_THE_INPUT = """
[{"id": "f", "kind": "function", "in": "whales", "out": ["large", "kind"], "from": 1, "to": 8},
 {"id": "a", "in": "How large are whales?", "out": "large", "inside": "f", "from": 2, "to": 4},
 {"id": "b", "in": "How kind are whales?", "out": "kind", "inside": "f", "from": 3, "to": 5}]
"""
PARTS_OF_A_DICT = """
[{"id": "f", "kind": "function", "in": {"q": "Who is she?", "n": 7}, "out": "x", "from": 1, "to": 9},
 {"id": "a", "in": {"text": "Who is she?"}, "out": {"name": "Emma Woodhouse"}, "inside": "f", "from": 2, "to": 3},
 {"id": "b", "in": {"name": "Emma Woodhouse", "times": 7}, "out": "x", "inside": "f", "from": 4, "to": 5}]
"""
EQUAL_ANSWERS = """
[{"id": "f", "kind": "function", "in": "go", "out": ["yes", "yes"], "from": 1, "to": 9},
 {"id": "a", "in": "first", "out": "yes", "inside": "f", "from": 2, "to": 3},
 {"id": "b", "in": "second", "out": "yes", "inside": "f", "from": 4, "to": 5}]
"""
NEVER_ENDED = """
[{"id": "f", "kind": "function", "in": "Hello there", "from": 1},
 {"id": "a", "in": "Hello there", "inside": "f", "from": 2}]
"""
WITHIN_A_WORD_PROVES_NOTHING = """
[{"id": "f", "kind": "function", "in": "start", "out": "caterpillar soup", "from": 1, "to": 9},
 {"id": "a", "in": "start", "out": "cater", "inside": "f", "from": 2, "to": 3},
 {"id": "b", "in": "start", "out": "caterpillar soup", "inside": "f", "from": 4, "to": 5}]
"""


def flow(recorded: str) -> Flow:
    calls = [call(entry) for entry in json.loads(recorded)]
    return Flow(calls, Ledger(lambda value: None, lambda value: None))


def call(entry: Mapping[str, Any]) -> Call:
    made = Call(entry["id"], entry.get("inside"), entry.get("kind", "llm"), entry["id"], entry["in"], entry["from"])
    if "failed" in entry:
        made.error = ValueError(entry["failed"])
    if "to" in entry:
        made.end(entry.get("out", MISSING), entry["to"])
    return made


def edges(of: Flow) -> set[str]:
    return {
        f"{'I' if link.source.kind == 'input' else link.source.id}>{node.id}"
        for node in of.calls
        if of.is_node(node)
        for link in of.links(node)
    }


@pytest.mark.parametrize(
    ("recorded", "expected", "outputs"),
    [
        (ONE_AFTER_THE_OTHER, "I>a a>b", "b"),
        (BOTH_FROM_THE_INPUT, "I>a I>b", "a b"),
        (PARTS_OF_A_DICT, "I>a a>b I>b", "b"),
        (EQUAL_ANSWERS, "I>a I>b", "a b"),
        (NEVER_ENDED, "I>a", ""),
        (WITHIN_A_WORD_PROVES_NOTHING, "I>a I>b", "b"),
    ],
)
def test_edges_and_outputs(recorded: str, expected: str, outputs: str) -> None:
    worked_out = flow(recorded)
    assert edges(worked_out) == set(expected.split())
    root = worked_out.calls[0]
    if root.succeeded:
        assert {source.id for source in worked_out.origin_out(root).sources} == set(outputs.split())


def test_every_link_says_how_it_is_known() -> None:
    worked_out = flow(ONE_AFTER_THE_OTHER)
    assert [[link.why for link in worked_out.links(node)] for node in worked_out.calls[1:]] == [["equal"], ["contains"]]


def test_an_output_without_the_white_space_of_an_answer_is_another_value() -> None:
    scope = {"id": "f", "kind": "function", "in": "go", "out": "Emma", "from": 1, "to": 9}
    for answer, why in (("Emma", "equal"), ("Emma\n", "contains")):
        asked = {"id": "a", "in": "go", "out": answer, "inside": "f", "from": 2, "to": 3}
        worked_out = flow(json.dumps([scope, asked]))
        assert list(worked_out.origin_out(worked_out.calls[0]).sources.values()) == [why]


@pytest.mark.parametrize("given", ["a", "?", "go", "Who?"])
def test_the_very_text_that_a_scope_was_given_is_its_input(given: str) -> None:
    scope = Call("f", None, "function", "f", given, 1)
    inner = Call("a", "f", "llm", "a", given, 2)
    inner.end("So it is.", 3)
    scope.end("So it is.", 4)
    worked_out = Flow([scope, inner], Ledger(lambda value: None, lambda value: None))
    assert [link.why for link in worked_out.links(inner)] == ["input"]


def test_an_earlier_turn_of_the_conversation_counts() -> None:
    first = flow('[{"id": "a", "in": "Who?", "out": "It was Jane Austen who wrote it.", "from": 1, "to": 2}]')
    later = call({"id": "b", "in": "Repeat: It was Jane Austen who wrote it.", "out": "so", "from": 3, "to": 4})
    second = Flow([later], Ledger(lambda value: None, lambda value: None), [first])
    assert [link.source.id for link in second.links(later)] == ["a"]


ASKED = {"id": "a", "in": "start", "out": "asked for it", "inside": "f", "from": 2, "to": 3}
UNFINISHED = {"id": "b", "kind": "tool", "in": "asked for it", "inside": "f", "from": 4}
FAILED = {**UNFINISHED, "to": 5, "failed": "no disk"}
TOLD = {"id": "c", "in": ["asked for it", "no disk"], "out": "so it is", "inside": "f", "from": 6, "to": 7}


@pytest.mark.parametrize(
    ("calls", "left"), [([ASKED, FAILED], "b"), ([ASKED, UNFINISHED], "a"), ([ASKED, FAILED, TOLD], "c")]
)
def test_an_error_comes_from_what_was_left_over(calls: list[dict[str, Any]], left: str) -> None:
    scope = {"id": "f", "kind": "function", "in": "start", "from": 1, "to": 9, "failed": "its own"}
    worked_out = flow(json.dumps([scope, *calls]))
    assert {source.id for source in worked_out.sinks(worked_out.calls[:1]).sources} == {left}
