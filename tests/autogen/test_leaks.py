"""Nothing leaks: no context variable, no open generator, no hook, no memory."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import logging
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, SocietyOfMindAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core.memory import ListMemory
from trace_autogen import Recorder, trace, untrace
from trace_autogen.frames import FRAME
from trace_autogen.hooks import ATTRIBUTE

from tests.autogen.known_scenarios import ADDS
from tests.autogen.programs import Answering, add, asks, assistant, client
from tests.autogen.team_scenarios import two


async def settled() -> None:
    """Let what was scheduled run."""
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)


def state(*objects: Any) -> list[dict[str, Any]]:
    return [dict(vars(each)) for each in objects]


async def test_an_early_break_leaves_no_context_variable_and_nothing_running(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    raised: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context))
    agent = assistant("a", "It is a tree.", model_client_stream=True)
    recorder, before = trace(agent), dict(contextvars.copy_context())
    async for message in agent.run_stream(task="What is an oak?"):
        if isinstance(message, ModelClientStreamingChunkEvent):
            break
    assert dict(contextvars.copy_context()) == before
    await settled()
    assert not recorder.last.is_active
    assert not raised
    assert "detach" not in caplog.text
    assert len(asyncio.all_tasks()) == 1
    assert (await agent.run(task="Where?")).messages[-1].to_text() == "It is a tree."


async def test_after_an_early_break_the_agent_can_run_at_once() -> None:
    agent = assistant("a", "It is a tree.", model_client_stream=True)
    recorder = trace(agent)
    async for message in agent.run_stream(task="What is an oak?"):
        if isinstance(message, ModelClientStreamingChunkEvent):
            break
    result = await agent.run(task="Where?")
    assert recorder.output(result).data == "It is a tree."


@pytest.mark.parametrize("steps", [1, 2, 3])
async def test_a_team_that_is_left_early_can_run_again(steps: int) -> None:
    team = two()
    recorder = trace(team)
    async for _ in team.run_stream(task="Write."):
        steps -= 1
        if not steps:
            break
    await settled()
    for _ in range(200):
        await asyncio.sleep(0)
    assert not recorder.last.is_active
    assert FRAME.get() is None


async def test_a_run_leaves_no_context_variable() -> None:
    agent = assistant("a", "It is a tree.")
    trace(agent)
    await agent.run(task="What is an oak?")
    assert FRAME.get() is None


async def test_everything_is_put_back() -> None:
    helper = assistant("helper", "bonjour")
    memory = ListMemory()
    agent = assistant(
        "a", asks(("helper", '{"task": "x"}'), ADDS), tools=[AgentTool(helper), add], memory=[memory], handoffs=["b"]
    )
    inner = RoundRobinGroupChat([agent, assistant("b")], max_turns=1)
    society = SocietyOfMindAgent("som", inner, client("done"))
    [workbench], [handoff] = agent._workbench, agent._handoff_tools
    parts = (society, inner, agent, helper, memory, workbench, handoff, agent._model_client, society._model_client)
    before = [set(each) for each in state(*parts)]
    trace(society)
    assert all(ATTRIBUTE in each for each in state(*parts))
    await society.run(task="Do it.")
    untrace(society)
    after = [{name for name in each if not name.startswith("_trace")} for each in state(*parts)]
    assert after == before
    assert not any(ATTRIBUTE in each for each in state(*parts))
    untrace(society)


async def test_a_client_stays_hooked_for_the_other_agent() -> None:
    model = Answering(lambda messages: "yes")
    one, other = (AssistantAgent(name, model) for name in "ab")
    recorder = trace(one)
    trace(other, recorder)
    untrace(one)
    await other.run(task="Hello?")
    assert recorder.last.output.data == "yes"
    untrace(other)
    assert "create" not in vars(model)


async def test_untraced_nothing_is_recorded() -> None:
    team = two()
    recorder = trace(team)
    untrace(team)
    await team.run(task="Write.")
    assert recorder.runs == ()


async def test_a_copy_of_a_traced_agent_has_no_hooks() -> None:
    agent = assistant("a", "One.", "Two.")
    recorder = trace(agent)
    copied = copy.copy(agent)
    vars(agent)[ATTRIBUTE].clean(copied)
    await copied.run(task="Count.")
    assert recorder.runs == ()


async def test_memory_stays_flat() -> None:
    agent = AssistantAgent("a", Answering(lambda messages: "yes"), system_message="Be brief.")
    recorder = trace(agent, Recorder(max_runs=2))

    async def runs(number: int) -> int:
        for _ in range(number):
            await agent.run(task="Hello?")
            await agent._model_context.clear()
            agent._model_client.told.clear()
            assert recorder.last.output.data == "yes"
            await asyncio.sleep(0)  # AutoGen leaves generators, which the loop closes
        gc.collect()
        return len(gc.get_objects())

    await runs(20)
    assert abs(await runs(200) - await runs(50)) < 200


@pytest.mark.long
async def test_no_growth_over_two_thousand_runs() -> None:
    team = RoundRobinGroupChat([AssistantAgent(n, Answering(lambda m: "yes")) for n in "ab"], max_turns=2)
    trace(team, Recorder(max_runs=5))

    async def runs(number: int) -> int:
        for _ in range(number):
            await team.run(task="Hello?")
            await team.reset()
            for each in team._participants:
                each._model_client.told.clear()
        gc.collect()
        return len(gc.get_objects())

    before = await runs(100)
    assert abs(await runs(2000) - before) < 500
