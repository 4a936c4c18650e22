"""What is private to LangChain and LangGraph and is relied upon: each test fails when one of it is gone or moved."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import create_react_agent
from trace_langchain import Recorder, agents
from trace_langchain.places import tagged

from tests.langchain.programs import Answering, model


def test_the_config_for_calls_inside_a_call_has_its_id_and_handlers() -> None:
    seen = []

    def looks(_: Any) -> None:
        seen.append(var_child_runnable_config.get()["callbacks"])  # type: ignore[index]

    recorder = Recorder()
    RunnableLambda(looks).invoke("x", {"callbacks": [recorder]})
    assert recorder in seen[0].handlers
    assert seen[0].parent_run_id == recorder.last.calls[0].id


def test_objects_remember_their_serialized_form_under_this_name() -> None:
    prompt = PromptTemplate.from_template("{x}")
    prompt.invoke({"x": "y"}, {"callbacks": [Recorder()]})
    speaks = model("x")
    speaks.invoke("x", {"callbacks": [Recorder()]})
    newer = "_serialized" in vars(prompt)
    assert newer == ("_serialized" in vars(speaks))
    assert newer == hasattr(Answering, "_serialized")


def test_the_cells_of_an_agent() -> None:
    node = create_agent(model("x"), [lambda_tool], system_prompt="Be brief.").nodes["model"].bound
    for function in (node.func, node.afunc):
        cells = agents.cells_of(function)
        assert any(name in cells for name in agents.SYSTEM_CELLS)


def lambda_tool(city: str) -> str:
    """A tool."""
    return city


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_cell_of_an_older_agent() -> None:
    agent = create_react_agent(model("x"), [], prompt="Be brief.")
    prompt = agents.cells_of(agent.nodes["agent"].bound.func)["static_model"].cell_contents.steps[0]
    assert agents.agent_cell(prompt) is not None


def test_a_graphs_node_holds_its_function_twice() -> None:
    def step(state: dict[str, Any]) -> dict[str, Any]:
        return state

    graph = StateGraph(dict)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    bound = graph.compile().nodes["step"].bound
    assert bound.func is step
    assert isinstance(bound.afunc, functools.partial)
    assert step in bound.afunc.args


def test_the_parts_of_compositions() -> None:
    f = RunnableLambda(str)
    assert (f | f).steps == [f, f]
    assert RunnableParallel(a=f).steps__ == {"a": f}
    assert RunnableBranch((f, f), f).branches == [(f, f)]
    assert RunnablePassthrough.assign(a=f).mapper.steps__ == {"a": f}


def test_the_tags_of_steps() -> None:
    recorder = Recorder()
    (RunnableLambda(str) | RunnableParallel(a=RunnableLambda(str))).invoke("x", {"callbacks": [recorder]})
    tags = [tagged(call, "seq:step:", "map:key:") for call in recorder.last.calls]
    assert tags == [None, "1", "2", "a"]
