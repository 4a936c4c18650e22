"""Classic AutoGen passes the suite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

pytest.importorskip("autogen")

from trace_autogen.classic import Recorder, clone, expose, trace, unexpose, untrace

from tests.autogen_classic.agents import Answering, add, answering, asks, double, user
from tests.conformance.suite import ConformanceSuite, Program
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder

TEXTS = ("Be brief.", "Be kind.")


def program(edges: str, answer: Callable[[list[Any]], Any], *tools: Any) -> Program:
    """A user that runs tools asks an agent; each call is a chat of clones, since two agents have one conversation."""
    target, told = answering("agent", answer, system_message=TEXTS[0])
    asking = user()
    for tool in tools:
        target.register_for_llm(description=tool.__doc__)(tool)
        asking.register_for_execution()(tool)
    target.register_model_client(Answering, answer=answer, told=told)  # AG2 forgot it
    turns = 2 if tools else 1

    class Chat:
        """Clones that are traced for the time of one chat."""

        def __init__(self, recorder: BaseRecorder | None) -> None:
            self.agents = clone([asking, target])
            for each in self.agents if recorder is not None else ():
                trace(each, recorder)

        def __enter__(self) -> Any:
            return self.agents

        def __exit__(self, *_: object) -> None:
            for each in self.agents:
                untrace(each)

    def call(value: Any, recorder: BaseRecorder | None) -> Any:
        with Chat(recorder) as (one, other):
            return one.initiate_chat(other, message=value, max_turns=turns, silent=True)

    async def acall(value: Any, recorder: BaseRecorder | None) -> Any:
        with Chat(recorder) as (one, other):
            return await one.a_initiate_chat(other, message=value, max_turns=turns, silent=True)

    def stream(value: Any, recorder: BaseRecorder) -> None:
        with Chat(recorder) as (one, other):
            if not hasattr(one, "run"):  # AutoGen 0.2 has no streams of events
                one.initiate_chat(other, message=value, max_turns=turns, silent=True)
                return
            for _ in one.run(other, message=value, max_turns=turns).events:
                pass

    def seen() -> str:
        return " ".join(str(message["content"]) for message in told[-1])

    return Program(target, call, acall, stream, "What is 1 + 2?", "agent.agent.system_prompt", TEXTS, seen, edges)


def echoed(messages: list[Any]) -> str:
    return " ".join(str(message["content"]) for message in messages)


class AutoGenClassic:
    """AG2's programs."""

    def recorder(self, **options: Any) -> Recorder:
        return Recorder(**options)

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)

    def chain(self) -> Program:
        return program("input>llm", echoed)

    def tool(self) -> Program:
        def answer(messages: list[Any]) -> Any:
            return "It is 3." if messages[-1]["role"] == "tool" else asks(("1", "add", {"a": 1, "b": 2}))

        return program("input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2", answer, add)

    def parallel(self) -> Program:
        def answer(messages: list[Any]) -> Any:
            asked = asks(("1", "add", {"a": 1, "b": 2}), ("2", "double", {"a": 4}))
            return "3 and 8." if messages[-1]["role"] == "tool" else asked

        tools = "llm1>tool1 llm1>tool2 tool1>llm2 tool2>llm2"
        return program(f"input>llm1 input>llm2 llm1>llm2 {tools}", answer, add, double)

    def failing(self) -> Program:
        def answer(messages: list[Any]) -> Any:
            raise KeyError("gone")

        return program("input>llm", answer)

    def batch(self, shown: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*(shown.acall(value, recorder) for value in values)))

        return asyncio.run(all_of_them())

    def dump(self, target: Any) -> str:
        """There is none: what an agent was made with, and has now."""
        shown = {"system_message": target.system_message, "description": target.description}
        return json.dumps({**shown, "tools": (target.llm_config or {}).get("tools")})


class TestAutoGenClassic(ConformanceSuite):
    """Classic AutoGen."""

    adapter = AutoGenClassic()
