"""The node of an error: whose it is, and what it came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autogen_agentchat.teams import RoundRobinGroupChat
from trace_autogen import TracedAgent, TracedTeam, expose

from tests.autogen.found_scenarios import Raising
from tests.autogen.programs import add, asks, assistant, fails


@pytest.mark.parametrize("tool", ["add", "fails"])
async def test_feedback_on_an_error_reaches_the_prompt_also_if_a_tool_failed_before(tool: str) -> None:
    ask = asks(("add", '{"a": 1, "b": 2}') if tool == "add" else ("fails", '{"x": 1}'))
    agent = TracedAgent(assistant("writer", ask, ask, tools=[add, fails], reflect_on_tool_use=True))
    parameters = expose(agent)
    with pytest.raises(RuntimeError, match="no valid text response") as caught:
        await agent.run(task="go")
    node = agent.recorder.error(caught.value)
    assert [parent.op for parent in node.parents] == ["llm"]  # type: ignore[attr-defined]
    node.backward("answer in words")
    assert len(parameters["writer.system_prompt"].feedback) == 1


async def test_feedback_on_a_run_that_was_cancelled_reaches_the_prompt() -> None:
    started = asyncio.Event()

    async def slow(x: int) -> int:
        """Takes its time."""
        started.set()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    agent = TracedAgent(assistant("writer", asks(("slow", '{"x": 1}')), tools=[slow]))
    parameters = expose(agent)
    running: asyncio.Task[Any] = asyncio.create_task(agent.run(task="go"))
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await running
    agent.recorder.error(caught.value).backward("do not use the slow tool")
    assert len(parameters["writer.system_prompt"].feedback) == 1


@pytest.mark.parametrize("nested", [False, True])
async def test_the_error_of_a_team_is_that_of_the_member_that_raised(nested: bool) -> None:
    inner: Any = RoundRobinGroupChat([Raising()], name="inner", max_turns=1)
    team = TracedTeam(RoundRobinGroupChat([inner, assistant("a")], max_turns=1) if nested else inner)
    with pytest.raises(RuntimeError) as caught:
        await team.run(task="go")
    node = team.recorder.error(caught.value)
    assert (node.info["name"], node.data) == ("raising", "(KeyError) 'mine'")
    assert node is team.recorder.last.error
