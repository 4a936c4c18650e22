"""AutoGen passes the suite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("autogen_agentchat")

from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import FunctionExecutionResultMessage
from trace_autogen import Recorder, clone, expose, trace, unexpose, untrace

from tests.autogen.programs import Answering, add, asks, multiply
from tests.conformance.suite import ConformanceSuite, Program
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder

TEXTS = ("Be brief.", "Be kind.")


async def run(target: Any, value: Any, recorder: BaseRecorder | None) -> Any:
    """Run a clone, since an agent has one conversation, with which each call would go on."""
    if recorder is None:
        return await target.run(task=value)
    copy = clone(target)
    trace(copy, recorder)
    try:
        return await copy.run(task=value)
    finally:
        untrace(copy)


async def stream(target: Any, value: Any, recorder: BaseRecorder) -> None:
    copy = clone(target)
    trace(copy, recorder)
    async for _ in copy.run_stream(task=value):
        pass


def program(model: Answering, edges: str, **options: Any) -> Program:
    target = AssistantAgent("agent", model, system_message=TEXTS[0], **options)
    return Program(
        target,
        lambda value, recorder: asyncio.run(run(target, value, recorder)),
        lambda value, recorder: run(target, value, recorder),
        lambda value, recorder: asyncio.run(stream(target, value, recorder)),
        "What is 1 + 2?",
        "agent.agent.system_prompt",
        TEXTS,
        lambda: " ".join(str(message.content) for message in model.told[-1]),
        edges,
    )


class AutoGen:
    """AutoGen's programs."""

    def recorder(self, **options: Any) -> Recorder:
        return Recorder(**options)

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)

    def chain(self) -> Program:
        return program(Answering(), "input>llm", model_client_stream=True)

    def tool(self) -> Program:
        def answer(messages: Sequence[Any]) -> Any:
            done = isinstance(messages[-1], FunctionExecutionResultMessage)
            return "It is 3." if done else asks(("add", '{"a": 1, "b": 2}'))

        edges = "input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2"
        return program(Answering(answer), edges, tools=[add], reflect_on_tool_use=True)

    def parallel(self) -> Program:
        calls = (("add", '{"a": 1, "b": 2}'), ("multiply", '{"a": 3, "b": 4}'))
        edges = "input>llm llm>tool1 llm>tool2 tool1>function tool2>function"
        return program(Answering(lambda messages: asks(*calls)), edges, tools=[add, multiply])

    def failing(self) -> Program:
        def answer(messages: Sequence[Any]) -> Any:
            raise KeyError("gone")

        return program(Answering(answer), "input>llm")

    def batch(self, shown: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*(run(shown.target, value, recorder) for value in values)))

        return asyncio.run(all_of_them())

    def dump(self, target: Any) -> str:
        return str(target.dump_component().model_dump_json())


class TestAutoGen(ConformanceSuite):
    """AutoGen."""

    adapter = AutoGen()
