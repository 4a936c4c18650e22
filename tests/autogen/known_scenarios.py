"""Programs of agents and their exact graphs: what one agent does, with tools, memories and contexts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_agentchat.tools import AgentTool
from autogen_core.memory import ListMemory, MemoryContent
from autogen_core.model_context import (
    BufferedChatCompletionContext,
    ChatCompletionContext,
    HeadAndTailChatCompletionContext,
)
from autogen_core.tools import FunctionTool
from pydantic import BaseModel
from trace_autogen import Recorder, trace

from tests.autogen.programs import add, asks, assistant, client, fails, multiply
from tests.autogen.scenario import Scenario

ADDS = ("add", '{"a": 1, "b": 2}')
MULTIPLIES = ("multiply", '{"a": 3, "b": 4}')


def running(agent: Any, *tasks: str) -> Callable[[Recorder], Any]:
    """A program that gives an agent or a team these tasks, one after the other."""

    async def run(recorder: Recorder) -> Any:
        trace(agent, recorder)
        for task in tasks:
            result = await agent.run(task=task)
        return result

    return run


def single_turn() -> Scenario:
    agent = assistant("a", "It is a tree.")
    return Scenario(running(agent, "What is an oak?"), nodes="I llm", edges="I>llm", outputs="llm")


def second_turn() -> Scenario:
    agent = assistant("a", "It is a tree.", "In forests.")
    return Scenario(
        running(agent, "What is an oak?", "Where are they?"),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def streamed() -> Scenario:
    agent = assistant("a", "It is a tree.", model_client_stream=True)

    async def run(recorder: Recorder) -> None:
        trace(agent, recorder)
        async for _ in agent.run_stream(task="What is an oak?"):
            pass

    return Scenario(run, nodes="I llm", edges="I>llm", outputs="llm")


def left_early() -> Scenario:
    agent = assistant("a", "It is a tree.", model_client_stream=True)

    async def run(recorder: Recorder) -> None:
        trace(agent, recorder)
        async for message in agent.run_stream(task="What is an oak?"):
            if isinstance(message, ModelClientStreamingChunkEvent):
                break
        for _ in range(10):
            await asyncio.sleep(0)

    return Scenario(run, nodes="I llm", edges="I>llm", outputs="")


def two_tools_summed_up() -> Scenario:
    agent = assistant("a", asks(ADDS, MULTIPLIES), tools=[add, multiply])
    return Scenario(
        running(agent, "1 + 2 and 3 * 4?"),
        nodes="I llm add multiply summary",
        edges="I>llm llm>add llm>multiply add>summary multiply>summary",
        outputs="summary",
    )


def reflecting() -> Scenario:
    agent = assistant("a", asks(ADDS, MULTIPLIES), "3 and 12", tools=[add, multiply], reflect_on_tool_use=True)
    return Scenario(
        running(agent, "1 + 2 and 3 * 4?"),
        nodes="I llm1 add multiply llm2",
        edges="I>llm1 llm1>add llm1>multiply I>llm2 llm1>llm2 add>llm2 multiply>llm2",
        outputs="llm2",
    )


def tool_loop() -> Scenario:
    agent = assistant("a", asks(ADDS), asks(MULTIPLIES, start=2), "12", tools=[add, multiply], max_tool_iterations=5)
    return Scenario(
        running(agent, "(1 + 2) * 4?"),
        nodes="I llm1 add llm2 multiply llm3",
        edges="I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2 llm2>multiply "
        "I>llm3 llm1>llm3 add>llm3 llm2>llm3 multiply>llm3",
        outputs="llm3",
    )


def exhausted_loop() -> Scenario:
    agent = assistant("a", asks(ADDS), asks(MULTIPLIES, start=2), tools=[add, multiply], max_tool_iterations=2)
    return Scenario(
        running(agent, "(1 + 2) * 4?"),
        nodes="I llm1 add llm2 multiply summary",
        edges="I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2 llm2>multiply multiply>summary",
        outputs="summary",
    )


def failing_tools() -> Scenario:
    answer = asks(("fails", '{"x": 1}'), ("add", "{no json"), ("missing", "{}"))
    agent = assistant("a", answer, tools=[add, fails])
    return Scenario(
        running(agent, "Do it."),
        nodes="I llm fails add missing summary",
        edges="I>llm llm>fails llm>add llm>missing fails>summary add>summary missing>summary",
        failed="fails add missing",
        outputs="summary",
    )


def rewritten_tool() -> Scenario:
    def add_more(a: int, b: int) -> int:
        return a + b + 1

    tool = FunctionTool(add, "Add two numbers.")
    agent = assistant("a", asks(ADDS), asks(ADDS, start=2), tools=[tool])

    async def run(recorder: Recorder) -> None:
        trace(agent, recorder)
        await agent.run(task="1 + 2?")
        tool._func = add_more
        await agent.run(task="Once more.")

    return Scenario(
        run,
        nodes="I1 llm1 add1 I2 llm2 add2 summary",
        edges="I1>llm1 llm1>add1 I1>llm2 llm1>llm2 add1>llm2 I2>llm2 llm2>add2 add2>summary",
        outputs="summary",
    )


def remembering() -> Scenario:
    memory = ListMemory("facts", [MemoryContent(content="Oaks grow old.", mime_type="text/plain")])
    agent = assistant("a", "A thousand years.", memory=[memory])
    return Scenario(running(agent, "How old is an oak?"), nodes="I facts llm", edges="I>llm facts>llm", outputs="llm")


def with_context(context: ChatCompletionContext) -> AssistantAgent:
    return assistant("a", "It is a tree.", "In forests.", model_context=context)


def short_context() -> Scenario:
    agent = with_context(BufferedChatCompletionContext(2))
    return Scenario(
        running(agent, "What is an oak?", "Where are they?"),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def head_and_tail() -> Scenario:
    agent = with_context(HeadAndTailChatCompletionContext(1, 1))
    return Scenario(
        running(agent, "What is an oak?", "Where are they?"),
        nodes="I1 I2 I3 llm",  # I2 is "Skipped 1 messages."
        edges="I1>llm I2>llm I3>llm",
        outputs="llm",
    )


class Tree(BaseModel):
    """A tree."""

    name: str
    age: int


def structured() -> Scenario:
    agent = assistant("a", '{"name": "oak", "age": 900}', output_content_type=Tree)
    return Scenario(running(agent, "Name a tree."), nodes="I llm", edges="I>llm", outputs="llm")


def agent_as_tool() -> Scenario:
    helper = assistant("helper", "bonjour")
    call = asks(("helper", '{"task": "Translate hello"}'))
    agent = assistant("a", call, "It is bonjour.", tools=[AgentTool(helper)], reflect_on_tool_use=True)
    return Scenario(
        running(agent, "How do the French greet?"),
        nodes="I llm1 helper llm2 llm3",
        edges="I>llm1 llm1>helper llm1>llm2 llm2>helper I>llm3 llm1>llm3 helper>llm3",
        outputs="llm3",
    )


def shared_client() -> Scenario:
    model = client("one", "two", "three")
    agents = [AssistantAgent(name, model, system_message="Be brief.") for name in "abc"]

    async def run(recorder: Recorder) -> None:
        for agent in agents:
            trace(agent, recorder)
        await asyncio.gather(*(agent.run(task=f"I am {agent.name}") for agent in agents))

    return Scenario(run, nodes="I llm", edges="I>llm", outputs="llm", runs=3)


AGENTS: list[Callable[[], Scenario]] = [
    single_turn,
    second_turn,
    streamed,
    left_early,
    two_tools_summed_up,
    reflecting,
    tool_loop,
    exhausted_loop,
    failing_tools,
    rewritten_tool,
    remembering,
    short_context,
    head_and_tail,
    structured,
    agent_as_tool,
    shared_client,
]
