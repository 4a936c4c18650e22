"""A trace graph as the data that a page draws."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trace_core import bundle, node, template
from trace_core.errors import ExecutionError
from trace_core.nodes import MessageNode
from trace_core.operators import Argument, Operation
from trace_core.trace_graph import TraceGraph
from trace_view.graphs import graph_data, value_text


@bundle()
def answer(asked: str) -> str:
    """Answer it."""
    return f"the answer to {asked}"


def asked(question: str = "why?") -> tuple[Any, Any]:
    prompt = node("Be brief.", trainable=True, name="support.prompt")
    aside = answer(node("nothing", name="aside"))
    return prompt, template("{a} {b}", a=answer(template("{p} {q}", p=prompt, q=question)), b=aside)


def by_name(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in data["nodes"]}


def test_nodes_have_what_they_took_in_and_what_came_out() -> None:
    _, output = asked()
    nodes = by_name(graph_data(output.graph(), "too long"))
    assert nodes["support.prompt"]["kind"] == "parameter"
    assert nodes["support.prompt"]["output"] == {"text": "Be brief.", "version": 0}
    assert nodes["answer1"]["op"] == "answer"
    assert nodes["answer1"]["description"] == "Answer it."
    assert nodes["answer1"]["inputs"] == [{"text": "Be brief. why?"}]
    assert nodes["answer1"]["output"] == {"text": "the answer to Be brief. why?"}


def test_edges_say_how_they_are_known() -> None:
    _, output = asked()
    data = graph_data(output.graph())
    names = [each["name"] for each in data["nodes"]]
    edges = {(names[a], names[b]): rest for a, b, *rest in data["edges"]}
    assert edges["format0", "answer1"] == ["asked", "argument", "data"]


def test_the_way_of_the_feedback_is_marked_and_what_it_reaches_is_named() -> None:
    _, output = asked()
    data = graph_data(output.graph(), "too long")
    assert data["feedback"] == "too long"
    assert data["reached"] == ["support.prompt"]
    on_path = {each["name"] for each in data["nodes"] if each["path"]}
    assert on_path == {"support.prompt", "format0", "answer1", "format1"}
    assert [data["nodes"][number]["name"] for number in data["outputs"]] == ["format1"]


def test_a_graph_from_a_store_has_the_parameters_that_are_named() -> None:
    _, output = asked()
    read = TraceGraph.from_json(json.loads(json.dumps(output.graph().to_json())))
    assert graph_data(read)["reached"] == []
    data = graph_data(read, parameters=["support.prompt"])
    assert data["reached"] == ["support.prompt"]
    assert by_name(data)["support.prompt"]["kind"] == "parameter"


def test_an_error_is_marked() -> None:
    @bundle()
    def failing(text: str) -> str:
        raise ValueError("no such page")

    with pytest.raises(ExecutionError) as raised:
        failing("a")
    nodes = by_name(graph_data(raised.value.node.graph()))
    assert nodes["failing0"]["kind"] == "error"
    assert "no such page" in nodes["failing0"]["output"]["text"]


def call(info: dict[str, Any], *parents: Any) -> MessageNode:
    arguments = tuple(Argument(f"input{number}", "identity") for number in range(len(parents)))
    return MessageNode("done", Operation("llm", arguments, "llm", None), parents, None, False, info)


def test_scopes_are_told_from_the_outermost_and_other_information_is_kept() -> None:
    first = call({"name": "model", "seconds": 0.5, "scope": ["agent", "turn"], "usage": {"tokens": 3}}, node("hi"))
    second = call({"scope": ["agent"], "seconds": float("inf"), "tags": []}, first)
    data = graph_data(second.graph())
    assert data["scopes"] == [{"name": "agent", "parent": None}, {"name": "turn", "parent": 0}]
    nodes = by_name(data)
    assert (nodes["llm0"]["scope"], nodes["llm1"]["scope"]) == (1, 0)
    assert (nodes["llm0"]["called"], nodes["llm0"]["seconds"]) == ("model", 0.5)
    assert nodes["llm0"]["info"] == "usage:\n  tokens: 3"
    assert "seconds" not in nodes["llm1"]
    assert "info" not in nodes["llm1"]


@pytest.mark.parametrize("scope", [None, [], {}, 3, "agent", [{"a": 1}, None]])
def test_a_scope_may_be_anything(scope: Any) -> None:
    json.dumps(graph_data(call({"scope": scope}, node("hi")).graph()), allow_nan=False)


def test_long_values_are_cut_and_the_whole_is_there_on_demand() -> None:
    text = "x" * 10_000_000
    output = answer(node(text, name="page"))
    graph = output.graph()
    data = graph_data(graph)
    assert len(json.dumps(data)) < 50_000
    assert data["nodes"][0]["output"]["cut"]
    assert data["nodes"][1]["inputs"][0]["cut"]
    assert value_text(graph, 0) == text
    assert value_text(graph, 1, 0) == text
    assert value_text(graph, 1) == f"the answer to {text}"


@pytest.mark.parametrize("place", [(9,), (0, 0), (1, 1)])
def test_a_value_that_is_not_there_is_an_index_error(place: tuple[int, ...]) -> None:
    with pytest.raises(IndexError):
        value_text(answer("why?").graph(), *place)


def test_hostile_values_are_plain_json() -> None:
    _, output = asked("</script><script>alert(1)</script>\x00\ud800\u202e")
    text = json.dumps(graph_data(output.graph(), "\ud800"), allow_nan=False)
    assert "\\ud800" not in text.replace("\\\\ud800", "")
    assert json.loads(text)["feedback"] == "\\ud800"
