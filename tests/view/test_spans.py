"""A trace as spans: parents are scopes, links are edges, ids are those of the run, and nothing in it can do harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trace_core import MessageNode, TraceGraph, bundle, node
from trace_core.context import Read
from trace_core.errors import ExecutionError
from trace_core.nodes import ExceptionNode, message
from trace_core.operators import Argument, Operation
from trace_view.attributes import Said
from trace_view.spans import About, Span, Trace, trace_of

ENDED = 1_800_000_000.0


Given = dict[str, tuple[Any, str]]


def called(
    op: str, data: Any, given: Given | None = None, cls: type[MessageNode] = MessageNode, **info: Any
) -> MessageNode:
    """A call as an adapter makes its node: `given` are its arguments, each with the node and its why."""
    given = given or {}
    arguments = tuple(Argument(name, why) for name, (_, why) in given.items())
    operation = Operation(op, arguments, op, None)
    sources = tuple(each for each, _ in given.values())
    return message(data, operation, sources, [each._read()[1] for each in sources], info, cls)


def agent() -> TraceGraph:
    """A model is asked in one scope, calls a tool in another, and is asked again."""
    question = called("input", "How is Paris?")
    prompt = node("Be brief.", trainable=True, name="prompt")
    asks = {"tool_calls": [{"name": "weather", "args": {"city": "Paris"}}]}
    first = called(
        "llm", asks, {"messages": (question, "input"), "system_prompt": (prompt, "parameter")},
        name="gpt", scope=["agent", "model"], start=ENDED + 1, seconds=2.0,
        usage={"prompt_tokens": 30, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 20}},
    )  # fmt: skip
    tool = called(
        "tool", "sunny", {"input": (first, "tool_call_id")},
        name="weather", scope=["agent", "tools"], start=ENDED + 4, seconds=1.0,
    )  # fmt: skip
    last = called(
        "llm", "It is sunny.", {"messages[0]": (first, "identity"), "messages[1]": (tool, "tool_call_id")},
        name="gpt", scope=["agent", "model[1]"], start=ENDED + 5, seconds=1.0,
    )  # fmt: skip
    return TraceGraph.from_json(json.loads(json.dumps(TraceGraph.of(last).to_json())))


def traced(graph: TraceGraph | None, **about: Any) -> Trace:
    known = {"key": "the-run", "name": "run", "ended": ENDED, "parameters": ["prompt"]}
    return trace_of(graph, About(**{**known, **about}))


def tree(trace: Trace) -> list[tuple[str, str | None]]:
    """The names of spans, each with its parent's."""
    names = {span.id: span.name for span in trace.spans}
    return [(span.name, None if span.parent is None else names[span.parent]) for span in trace.spans]


def named(trace: Trace, name: str) -> Span:
    return next(span for span in trace.spans if span.name == name)


def test_parents_are_the_scopes_in_which_a_call_ran() -> None:
    assert tree(traced(agent())) == [
        ("run", None),
        ("agent", "run"),
        ("model", "agent"),
        ("tools", "agent"),
        ("model[1]", "agent"),
        ("gpt", "model"),
        ("weather", "tools"),
        ("gpt", "model[1]"),
    ]


def test_links_are_the_edges_of_the_graph_with_their_why() -> None:
    trace = traced(agent())
    first, tool, last = trace.spans[-3:]
    assert first.links == []  # what it was given, nothing that ran
    assert tool.links == [(first.id, {"argument": "input", "why": "tool_call_id", "kind": "data"})]
    assert [(id, about["why"]) for id, about in last.links] == [(first.id, "identity"), (tool.id, "tool_call_id")]


def test_a_run_has_the_same_ids_every_time_and_another_one_others() -> None:
    one, again, other = traced(agent()), traced(agent()), traced(agent(), key="another")
    assert one == again
    assert one.id != other.id
    assert {span.id for span in one.spans}.isdisjoint(span.id for span in other.spans)
    assert len({span.id for span in one.spans}) == len(one.spans)
    assert 0 < one.id < 2**128
    assert all(0 < span.id < 2**64 for span in one.spans)


def test_a_scope_lasts_from_when_its_first_call_began_to_when_its_last_one_ended() -> None:
    trace = traced(agent())
    assert named(trace, "model").times == (ENDED + 1, ENDED + 3)
    assert named(trace, "agent").times == named(trace, "run").times == (ENDED + 1, ENDED + 6)


def test_what_does_not_say_when_it_ran_did_so_when_its_inputs_were_there() -> None:
    x = node(2, trainable=True, name="x")
    trace = traced(TraceGraph.of((x + 1) * 2), seconds=3.0)
    assert [span.times for span in trace.spans] == [(ENDED - 3, ENDED)] + [(ENDED - 3, ENDED - 3)] * 2


def test_a_call_of_a_model_has_what_openinference_says_of_one() -> None:
    first, _, last = (span.attributes for span in traced(agent()).spans[-3:])
    assert {name: value for name, value in first.items() if name != "input.value"} == {
        "openinference.span.kind": "LLM",
        "input.mime_type": "application/json",
        "output.value": '{"tool_calls": [{"name": "weather", "args": {"city": "Paris"}}]}',
        "output.mime_type": "application/json",
        "llm.model_name": "gpt",
        "llm.token_count.prompt": 30,
        "llm.token_count.completion": 4,
        "llm.token_count.total": 34,
        "llm.token_count.prompt_details.cache_read": 20,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
        "metadata": '{"parameters": {"prompt": 0}}',
    }
    assert json.loads(str(first["input.value"])) == {"messages": "How is Paris?", "system_prompt": "Be brief."}
    assert last["llm.output_messages.0.message.content"] == last["output.value"] == "It is sunny."
    assert last["output.mime_type"] == "text/plain"


def test_messages_are_shown_as_messages() -> None:
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "ai", "content": {"text": "let me look", "tool_calls": [{"name": "look", "args": {"at": 1}}]}},
    ]
    given = traced(TraceGraph.of(called("llm", "yes", {"messages": (node(said), "identity")}))).spans[-1].attributes
    prefix = "llm.input_messages.1.message"
    assert given["llm.input_messages.0.message.content"] == "Be brief."
    assert (given[f"{prefix}.role"], given[f"{prefix}.content"]) == ("ai", "let me look")
    assert given[f"{prefix}.tool_calls.0.tool_call.function.name"] == "look"


@pytest.mark.parametrize(
    ("op", "kind"),
    [("prompt", "PROMPT"), ("tool", "TOOL"), ("retriever", "RETRIEVER"), ("postprocessor", "RERANKER"),
     ("embedding", "EMBEDDING"), ("parser", "CHAIN"), ("anything", "CHAIN")],
)  # fmt: skip
def test_kinds(op: str, kind: str) -> None:
    assert traced(TraceGraph.of(called(op, "x"))).spans[-1].attributes["openinference.span.kind"] == kind


def test_documents_have_their_text_and_score() -> None:
    found = [{"text": "one", "score": 0.5}, "two"]
    attributes = traced(TraceGraph.of(called("retriever", found))).spans[-1].attributes
    assert {name: value for name, value in attributes.items() if "document" in name} == {
        "retrieval.documents.0.document.content": "one",
        "retrieval.documents.0.document.score": 0.5,
        "retrieval.documents.1.document.content": "two",
    }


def test_an_error_is_an_exception_event_and_the_state_of_its_span_and_of_the_outermost_one() -> None:
    @bundle()
    def fails(x: int) -> int:
        raise KeyError("gone")

    with pytest.raises(ExecutionError) as raised:
        fails(node(1, name="x"))
    trace = traced(TraceGraph.of(raised.value.node))
    failed = trace.spans[-1]
    [event] = failed.events
    assert (event.name, event.attributes["exception.type"]) == ("exception", "KeyError")
    assert "gone" in str(event.attributes["exception.message"])
    assert failed.error is not None
    assert trace.spans[0].error == failed.error
    assert "output.value" not in failed.attributes


def test_what_was_said_is_an_evaluation_in_both_forms() -> None:
    said = [Said("score", 0.5, "too long", "LLM", ENDED + 9), Said("tone", 1.0)]
    root = traced(agent(), said=said, metadata={"candidate": "abc"}, session="a-training").spans[0]
    assert {name: value for name, value in root.attributes.items() if name.startswith("evaluations.")} == {
        "evaluations.0.evaluation.name": "score",
        "evaluations.0.evaluation.score": 0.5,
        "evaluations.0.evaluation.explanation": "too long",
        "evaluations.0.evaluation.annotator_kind": "LLM",
        "evaluations.1.evaluation.name": "tone",
        "evaluations.1.evaluation.score": 1.0,
        "evaluations.1.evaluation.annotator_kind": "HUMAN",
    }
    first, second = root.events
    assert (first.name, first.at) == ("gen_ai.evaluation.result", ENDED + 9)
    assert first.attributes["gen_ai.evaluation.explanation"] == "too long"
    assert second.attributes == {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": 1.0}
    assert root.attributes["session.id"] == "a-training"
    assert root.attributes["metadata"] == '{"candidate": "abc"}'


def test_the_outermost_span_has_what_went_in_and_came_out() -> None:
    root = traced(agent()).spans[0].attributes
    assert (root["input.value"], root["output.value"]) == ("How is Paris?", "It is sunny.")
    plain = traced(TraceGraph.of(node(2, name="x") * 3)).spans[0].attributes
    assert (plain["input.value"], plain["output.value"]) == ('{"x": 2, "y": 3}', "6")


def test_a_run_without_a_graph_is_one_span() -> None:
    [span] = traced(None, output={"answer": 42}, error="(TimeoutError) late", seconds=1.0).spans
    assert (span.times, span.error) == ((ENDED - 1, ENDED), "(TimeoutError) late")
    assert span.attributes["output.value"] == '{"answer": 42}'


@pytest.mark.parametrize("start", [float("nan"), float("inf"), -1.0, 10**400, "noon", None, [1]])
def test_a_time_that_is_none_is_not_believed(start: Any) -> None:
    trace = traced(TraceGraph.of(called("tool", 1, start=start, seconds=start)))
    assert trace.spans[-1].times == (ENDED, ENDED)


def test_hostile_values_are_cut_and_can_be_sent() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    hostile = {"long": "x" * 10_000_000, "half": "\ud800", "zero": "a\0b", "deep": deep, "opaque": object(), 1: {2}}
    told = {"scope": ["a\nb\ud800", 7], "name": "n\0\n" * 1000, "usage": {"prompt_tokens": 10**30}, "model": {"a": 1}}
    asked = called("llm", hostile, {"\ud800": (node(hostile, name="\ud800"), "\ud800")}, **told)
    error = called("tool", "\ud800" * 9, {"x": (asked, "\ud800")}, ExceptionNode)
    trace = traced(TraceGraph.of(error), said=[Said("\ud800", float("nan"), "\ud800\0")])
    assert [span.name for span in trace.spans[:3]] == ["run", "a b?", "7"]
    for span in trace.spans:
        events = [event.attributes for event in span.events]
        for attributes in (span.attributes, *(about for _, about in span.links), *events, {"name": span.name}):
            for name, value in attributes.items():
                name.encode()
                assert not isinstance(value, int) or abs(value) < 2**63
                if isinstance(value, str):
                    value.encode()
                    assert "\0" not in value
                    assert len(value) < 33_000


def test_values_are_what_was_read_then() -> None:
    held = node([1], name="held")
    made = MessageNode(1, Operation("first", (Argument("x"),), "first({0})", None), (held,), (Read([1]),), False)
    held.data.append(2)
    assert traced(TraceGraph.of(made)).spans[-1].attributes["input.value"] == "[1]"
