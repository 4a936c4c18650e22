"""Several programs in one block: what one said goes to the next, what it was asked does not."""

from __future__ import annotations

import pytest
from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import ToolCallExecutionEvent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import TeamTool
from autogen_core import CancellationToken
from trace_autogen import expose, trace

from tests.autogen.drawing import drawn
from tests.autogen.programs import add, asks, assistant, multiply

ALIKE = ("Translate the following sentence into French: {}", "What is {}?")


@pytest.mark.parametrize("question", ALIKE)
@pytest.mark.parametrize("second", ["a tree", "a house"])
async def test_a_task_like_an_earlier_one_is_an_input_of_its_own(question: str, second: str) -> None:
    one, other = assistant("one", "Oak."), assistant("other", "Elm.")
    recorder = trace(one)
    trace(other, recorder)
    parameters = expose([one, other])
    with recorder.run() as run:
        await one.run(task=question.format("a tree"))
        await other.run(task=question.format(second))
    assert drawn(run)["edges"] == {"I1>llm1", "I2>llm2"}
    run.output.backward("wrong")
    assert [len(parameter.feedback) for parameter in parameters.values()] == [0, 1]


async def test_one_task_that_two_were_given_is_one_input() -> None:
    one, other, question = assistant("one", "Oak."), assistant("other", "Elm."), "What is the tallest tree?"
    recorder = trace(one)
    trace(other, recorder)
    with recorder.run() as run:
        await one.run(task=question)
        await other.run(task=question)
    assert drawn(run)["edges"] == {"I>llm1", "I>llm2"}


async def test_a_task_that_is_given_again_after_a_reset_is_an_input_of_its_own() -> None:
    agent = assistant("writer", "Oak.", "Elm.")
    recorder = trace(agent)
    with recorder.run() as run:
        for place in ("here", "there"):
            await agent.run(task=f"Name the tallest tree that grows {place}.")
            await agent.on_reset(CancellationToken())
    assert drawn(run)["edges"] == {"I1>llm1", "I2>llm2"}


def said(result: TaskResult, index: int) -> str:
    return f"Shorten: {result.messages[index].to_model_text()}"  # type: ignore[union-attr]


@pytest.mark.parametrize(("index", "edge"), [(1, "llm1>llm3"), (2, "llm2>llm3"), (-1, "llm2>llm3")])
async def test_any_message_of_a_team_may_go_on(index: int, edge: str) -> None:
    writer, critic = assistant("writer", "An oak stood by the river."), assistant("critic", "Which river was it?")
    team, last = RoundRobinGroupChat([writer, critic], max_turns=2), assistant("last", "Short.")
    recorder = trace(team)
    trace(last, recorder)
    with recorder.run() as run:
        await last.run(task=said(await team.run(task="Write a line."), index))
    assert {each for each in drawn(run)["edges"] if each.endswith("llm3")} == {edge}


async def test_what_an_event_tells_of_may_go_on() -> None:
    ask = asks(("add", '{"a": 20, "b": 22}'), ("multiply", '{"a": 20, "b": 22}'))
    agent = assistant("one", ask, "It is done.", tools=[add, multiply], reflect_on_tool_use=True)
    last = assistant("last", "So it is.")
    recorder = trace(agent)
    trace(last, recorder)
    with recorder.run() as run:
        result = await agent.run(task="Compute.")
        [event] = [each for each in result.messages if isinstance(each, ToolCallExecutionEvent)]
        await last.run(task=f"Check the number {event.content[1].content}")
    assert {each for each in drawn(run)["edges"] if each.endswith("llm3")} == {"multiply>llm3"}


async def test_the_result_of_a_team_as_a_tool_comes_from_all_that_it_has_in_it() -> None:
    crew = TeamTool(
        RoundRobinGroupChat([assistant("one", "words of one"), assistant("other", "words of the other")], max_turns=2),
        name="crew",
        description="a crew",
    )
    agent = assistant("asker", asks(("crew", '{"task": "go"}')), tools=[crew])
    recorder = trace(agent)
    await agent.run(task="Ask them.")
    edges = {"I>llm1", "llm1>crew", "llm1>llm2", "llm1>llm3", "llm2>llm3", "llm2>crew", "llm3>crew", "crew>summary"}
    assert drawn(recorder.last)["edges"] == edges
