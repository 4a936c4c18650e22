"""Agents of the OpenAI Agents SDK pass the suite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, Runner
from trace_openai.agents import Recorder, expose, unexpose

from tests.conformance.suite import ConformanceSuite, Program
from tests.openai_agents.programs import ADDS, MULTIPLIES, Answering, add, asks, echoing, multiply
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder

TEXTS = ("Be brief.", "Be kind.")


def program(model: Answering, edges: str, **options: Any) -> Program:
    target = Agent("agent", model=model, instructions=TEXTS[0], **options)

    def hooks(recorder: BaseRecorder | None) -> Any:
        return recorder.hooks() if isinstance(recorder, Recorder) else None

    def call(value: Any, recorder: BaseRecorder | None) -> Any:
        return asyncio.run(Runner.run(target, value, hooks=hooks(recorder)))

    def acall(value: Any, recorder: BaseRecorder | None) -> Any:
        return Runner.run(target, value, hooks=hooks(recorder))

    async def stream(value: Any, recorder: BaseRecorder) -> None:
        async for _ in Runner.run_streamed(target, value, hooks=hooks(recorder)).stream_events():
            pass

    return Program(
        target,
        call,
        acall,
        lambda value, recorder: asyncio.run(stream(value, recorder)),
        "What is 1 + 2?",
        "agent.agent.system_prompt",
        TEXTS,
        lambda: str(model.told[-1]),
        edges,
    )


class OpenAIAgents:
    """Programs of the SDK."""

    def recorder(self, **options: Any) -> Recorder:
        return Recorder(**options)

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)

    def chain(self) -> Program:
        return program(echoing(), "input>llm")

    def tool(self) -> Program:
        def answer(call: Any) -> Any:
            return asks(ADDS) if len(call.input) == 1 else "It is 3."

        edges = "input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2"
        return program(Answering(answer), edges, tools=[add])

    def parallel(self) -> Program:
        def answer(call: Any) -> Any:
            return asks(ADDS, MULTIPLIES) if len(call.input) == 1 else "3 and 12."

        edges = "input>llm1 llm1>tool1 llm1>tool2 input>llm2 llm1>llm2 tool1>llm2 tool2>llm2"
        return program(Answering(answer), edges, tools=[add, multiply])

    def failing(self) -> Program:
        return program(Answering(lambda call: KeyError("gone")), "input>llm")

    def batch(self, shown: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*(shown.acall(value, recorder) for value in values)))

        return asyncio.run(all_of_them())

    def dump(self, target: Any) -> str:
        return repr(target)


class TestOpenAIAgents(ConformanceSuite):
    """The SDK's agents."""

    adapter = OpenAIAgents()
