"""With `fresh=True` each run starts from what was there when an agent or a team was traced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from autogen_agentchat.agents import CodeExecutorAgent, SocietyOfMindAgent
from autogen_agentchat.base import ChatAgent
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core import SingleThreadedAgentRuntime
from trace_autogen import ConcurrentTurns, TracedAgent, TracedTeam, expose, trace, untrace

from tests.autogen.drawing import drawn
from tests.autogen.programs import Answering, asks, assistant, sent
from tests.autogen.test_own_history import Keeper
from tests.autogen.test_told import Printing, coder

TASKS = ("first", "second", "third")


class Seeing(Answering):
    """A model that says what it is told, and keeps the tasks that it was told of in each call."""

    def __init__(self) -> None:
        super().__init__(lambda messages: "a")

    def tasks(self) -> list[set[str]]:
        texts = [" ".join(str(message.content) for message in messages) for messages in self.told]
        return [{task for task in TASKS if task in text} for text in texts]


def member(model: Seeing, name: str = "a", **options: Any) -> ChatAgent:
    made = assistant(name, **options)
    vars(made)["_model_client"] = model
    return made


def society(model: Seeing) -> SocietyOfMindAgent:
    return SocietyOfMindAgent("society", RoundRobinGroupChat([member(model)], max_turns=1), model)


def coding(model: Seeing) -> CodeExecutorAgent:
    made = coder(Printing(), "unused")
    vars(made)["_model_client"] = model
    return made


def round_robin(model: Seeing, runtime: Any = None) -> RoundRobinGroupChat:
    inner = RoundRobinGroupChat([member(model, "b")], name="inner", max_turns=1)
    return RoundRobinGroupChat([member(model), coding(model), inner], max_turns=3, runtime=runtime)


def selector(model: Seeing) -> SelectorGroupChat:
    return SelectorGroupChat([member(model), member(model, "other")], model, max_turns=2)


PROGRAMS = [member, society, coding, round_robin, selector]


@pytest.mark.parametrize("make", PROGRAMS)
async def test_a_run_knows_nothing_of_the_runs_before(make: Callable[[Seeing], Any]) -> None:
    model = Seeing()
    program = make(model)
    recorder = trace(program, fresh=True)
    for task in TASKS:
        model.told.clear()
        await program.run(task=task)
        assert set().union(*model.tasks()) == {task}
    assert len({tuple(sorted(drawn(run)["edges"])) for run in recorder.runs}) == 1


@pytest.mark.parametrize("make", PROGRAMS)
async def test_without_it_or_no_longer_traced_a_run_goes_on(make: Callable[[Seeing], Any]) -> None:
    model = Seeing()
    program = make(model)
    trace(program, fresh=True)
    await program.run(task="first")
    untrace(program)
    await program.run(task="second")
    assert {"first", "second"} in model.tasks()


async def test_what_was_said_before_it_was_traced_stays() -> None:
    agent = assistant("writer", "one", "two", "three", "four")
    await agent.run(task="before")
    traced = TracedAgent(agent, fresh=True)
    for task in TASKS:
        _ = [each async for each in traced.run_stream(task=task)]
        assert [message.content for message in sent(agent)] == ["Be brief.", "before", "one", task]


async def test_a_team_that_had_run_goes_on_from_there() -> None:
    model = Seeing()
    team = round_robin(model)
    await team.run(task="first")
    traced = TracedTeam(team, fresh=True)
    for task in TASKS[1:]:
        model.told.clear()
        await traced.run(task=task)
        assert set().union(*model.tasks()) == {"first", task}


async def test_an_agent_that_is_a_tool_starts_anew_with_the_agent_that_uses_it() -> None:
    helper = assistant("helper", "one", "two")
    asked = [asks(("helper", f'{{"task": "{task}"}}')) for task in TASKS[:2]]
    agent = TracedAgent(assistant("asker", *asked, tools=[AgentTool(helper)]), fresh=True)
    for task in TASKS[:2]:
        await agent.run(task=task)
        assert [message.content for message in sent(helper)] == ["Be brief.", task]


async def test_an_agent_that_keeps_its_history_itself_forgets_it() -> None:
    agent = TracedAgent(Keeper(), fresh=True)
    for task in TASKS:
        assert (await agent.run(task=task)).messages[-1].to_model_text() == task


async def test_in_a_runtime_of_the_users() -> None:
    runtime, model = SingleThreadedAgentRuntime(), Seeing()
    runtime.start()
    team = round_robin(model, runtime)
    trace(team, fresh=True)
    for task in TASKS:
        model.told.clear()
        await team.run(task=task)
        assert set().union(*model.tasks()) == {task}
    await runtime.stop()


async def test_learned_values_stay() -> None:
    agent = TracedAgent(assistant("writer", "one", "two"), fresh=True)
    parameters = expose(agent)
    await agent.run(task="first")
    parameters["writer.system_prompt"].set("Rhyme.")
    await agent.run(task="second")
    assert [message.content for message in sent(agent.agent)] == ["Rhyme.", "second"]


async def test_a_run_while_it_runs_is_refused_and_takes_nothing_away() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    class Slow(Seeing):
        async def create(self, messages: Sequence[Any], **options: Any) -> Any:
            asked.set()
            await answer.wait()
            return await super().create(messages, **options)

    agent = member(Slow())
    trace(agent, fresh=True)
    running = asyncio.create_task(agent.run(task="first"))
    await asked.wait()
    with pytest.raises(ConcurrentTurns):
        await agent.run(task="second")
    assert [m.content for m in await agent.model_context.get_messages()] == ["first"]  # type: ignore[attr-defined]
    answer.set()
    await running
