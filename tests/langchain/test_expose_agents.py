"""Agents: where their system prompts stand, who uses them, and what is put back."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import SystemMessage
from langchain_core.tools import StructuredTool
from langgraph.prebuilt import create_react_agent
from trace_langchain import NotExposed, Recorder, expose, unexpose

from tests.langchain.programs import Streaming

HELLO = {"messages": [("user", "Hello")]}


def listening() -> Streaming:
    return Streaming(answer=lambda _: "heard", sent=[])


def search() -> StructuredTool:
    return StructuredTool.from_function(lambda query: str(query), name="search", description="Old.")


def first(model: Streaming) -> Any:
    return model.sent[-1]["messages"][0].content


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("prompt", ["Old.", SystemMessage("Old.")])
def test_an_older_agents_prompt_as_text_or_message(prompt: Any) -> None:
    model, recorder = listening(), Recorder()
    agent = create_react_agent(model, [], prompt=prompt)
    parameters = expose(agent)
    [(name, parameter)] = parameters.items()
    agent.invoke(HELLO, {"callbacks": [recorder]})
    assert first(model) == "Old."
    recorder.last.output.backward("be brief")
    assert parameter.feedback
    with parameters.candidate({name: "Try."}) as candidate:
        agent.invoke(HELLO, {"callbacks": [recorder]})
    assert first(model) == "Try."
    candidate.verify(recorder.last.output)
    parameter.set("New.")
    agent.invoke(HELLO)
    assert first(model) == "New."


takes_messages = pytest.mark.skipif(
    "SystemMessage" not in str(inspect.signature(create_agent).parameters["system_prompt"]),
    reason="this langchain takes only text as an agent's prompt",
)


def blocks(*texts: str) -> Any:
    image = {"type": "image", "url": "https://example.org/whale.png"}
    return SystemMessage(content=[*({"type": "text", "text": text} for text in texts), image])


@takes_messages
def test_the_only_block_of_text_is_learned() -> None:
    model = listening()
    agent = create_agent(model, [], system_prompt=blocks("Old."))
    parameters = expose(agent)
    assert parameters["model.system_prompt"].data == "Old."
    with parameters.candidate({"model.system_prompt": "Try."}):
        agent.invoke(HELLO)
    assert first(model) == blocks("Try.").content
    parameters["model.system_prompt"].set("New.")
    agent.invoke(HELLO)
    assert first(model) == blocks("New.").content


@takes_messages
def test_a_prompt_of_several_blocks_of_text_is_named() -> None:
    agent = create_agent(listening(), [search()], system_prompt=blocks("One.", "Two."))
    with pytest.warns(NotExposed, match="model.system_prompt: its content has not just one block of text") as warned:
        expose(agent, kinds=["system_prompt", "tool_description"])
    assert warned[0].filename == __file__


def test_each_of_two_sets_is_put_back_by_itself() -> None:
    model = listening()
    agent = create_agent(model, [search()], system_prompt="Old.")
    node = agent.nodes["model"].bound
    functions = node.func, node.afunc
    prompts, tools = expose(agent), expose(agent, kinds="tool_description")
    unexpose(prompts)
    assert (node.func, node.afunc) == functions
    with tools.candidate({"search.description": "Try."}):
        agent.invoke(HELLO)
    assert model.sent[-1]["tools"][0]["function"]["description"] == "Try."
    prompts = expose(agent)
    unexpose(tools)
    with prompts.candidate({"model.system_prompt": "Try."}):
        agent.invoke(HELLO)
    assert first(model) == "Try."


def test_nothing_is_done_to_an_agent_of_which_nothing_is_chosen() -> None:
    agent = create_agent(listening(), [search()], system_prompt="Old.")
    node = agent.nodes["model"].bound
    functions = node.func, node.afunc
    expose(agent, kinds="tool_description")
    assert (node.func, node.afunc) == functions


def test_an_old_set_puts_nothing_back_that_is_a_newer_ones() -> None:
    model = listening()
    agent = create_agent(model, [], system_prompt="Old.")
    old = expose(agent)
    unexpose(old)
    new = expose(agent)
    unexpose(old)
    assert expose(agent)["model.system_prompt"] is new["model.system_prompt"]
    with new.candidate({"model.system_prompt": "Try."}):
        agent.invoke(HELLO)
    assert first(model) == "Try."
