"""The plain OpenAI client passes the suite, and so does the asynchronous one: a server on this machine answers.

A program is a function that asks the client. What it sends is its dump: of another thread, where no candidate is tried.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from threading import Thread
from typing import Any

import pytest
from trace_openai import Recorder, expose, trace_openai, unexpose, untrace_openai

from tests.conformance.suite import ConformanceSuite, Program
from tests.openai.answers import Reply
from tests.openai.api_server import ApiServer, asks, says
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder
from trace_core.recording.loops import OwnLoop

TEXTS = ("Be brief.", "Be kind.")
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "weather", "description": "", "strict": True, "parameters": PARAMETERS}
WEATHER = {"type": "function", "function": FUNCTION}
Steps = Callable[[Any], Iterator[list[Any]]]


class Target:
    """A client and a program that asks it: a generator of messages, each of which it gets the answer to."""

    def __init__(self, client: Any, server: ApiServer, steps: Steps) -> None:
        self.client = client
        self.server = server
        self.steps = steps
        self.loop = OwnLoop()

    @property
    def is_async(self) -> bool:
        return "Async" in type(self.client).__name__

    def __call__(self, value: Any, stream: bool = False) -> Any:
        return self.ask_async(value, stream) if self.is_async else self.ask(value, stream)

    def ask(self, value: Any, stream: bool) -> Any:
        steps, answer = self.steps(value), None
        completions = self.client.chat.completions
        try:
            while True:
                asked = {"model": "m", "messages": steps.send(answer), "tools": [WEATHER]}  # type: ignore[attr-defined]
                if stream:
                    with completions.stream(**asked) as events:
                        answer = events.get_final_completion().choices[0].message
                else:
                    answer = completions.create(**asked).choices[0].message
        except StopIteration as ended:
            return ended.value

    async def ask_async(self, value: Any, stream: bool) -> Any:
        steps, answer = self.steps(value), None
        completions = self.client.chat.completions
        while True:
            try:
                asked = {"model": "m", "messages": steps.send(answer), "tools": [WEATHER]}  # type: ignore[attr-defined]
            except StopIteration as ended:
                return ended.value
            if stream:
                async with completions.stream(**asked) as events:
                    answer = (await events.get_final_completion()).choices[0].message
            else:
                answer = (await completions.create(**asked)).choices[0].message

    def call(self, value: Any, recorder: BaseRecorder | None, stream: bool = False) -> Any:
        self.record(recorder)
        return self.loop.run(self.ask_async(value, stream)) if self.is_async else self.ask(value, stream)

    async def acall(self, value: Any, recorder: BaseRecorder | None) -> Any:
        self.record(recorder)
        if self.is_async:
            return await self.ask_async(value, False)
        return await asyncio.to_thread(self.ask, value, False)

    def record(self, recorder: BaseRecorder | None) -> None:
        if isinstance(recorder, Recorder):
            trace_openai(self.client, recorder)
        else:
            untrace_openai(self.client)


def spoken(value: Any) -> Iterator[list[Any]]:
    """A program that asks once."""
    answer: Any = yield [{"role": "system", "content": TEXTS[0]}, {"role": "user", "content": value}]
    return answer.content


def with_tool(value: Any) -> Iterator[list[Any]]:
    """A program that runs the tool that the model asks for."""
    messages = [{"role": "system", "content": TEXTS[0]}, {"role": "user", "content": value}]
    answer: Any = yield messages
    [call] = answer.tool_calls
    result = f"It is sunny in {json.loads(call.function.arguments)['city']}."
    answer = yield [*messages, answer, {"role": "tool", "tool_call_id": call.id, "content": result}]
    return answer.content


def joined(value: Any) -> Iterator[list[Any]]:
    """A program that asks twice, and then of both answers."""
    one: Any = yield [{"role": "system", "content": TEXTS[0]}, {"role": "user", "content": f"How large are {value}?"}]
    two: Any = yield [{"role": "user", "content": f"How old are {value}?"}]
    answer: Any = yield [{"role": "user", "content": f"{one.content}\n{two.content}"}]
    return answer.content


def heard(body: dict[str, Any]) -> Reply:
    """The model answers with what it was told."""
    return says(" / ".join(str(message["content"]) for message in body["messages"]))


def asking_first(body: dict[str, Any]) -> Reply:
    """The model asks for a tool first."""
    return says("Sunny.") if body["messages"][-1]["role"] == "tool" else asks(("weather", {"city": "Paris"}))


def no_key() -> str:
    raise KeyError("gone")


class OpenAIPrograms:
    """Programs that ask a client; each test has its servers."""

    is_async = False

    def __init__(self) -> None:
        self.stack = ExitStack()

    def recorder(self, **options: Any) -> Recorder:
        return Recorder(**options)

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target.client, prompts={"prompt": TEXTS[0]}, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)

    def program(self, steps: Steps, answer: Callable[[dict[str, Any]], Reply], edges: str, **settings: Any) -> Program:
        server = self.stack.enter_context(ApiServer(answer))
        if self.is_async:  # each request has a connection of its own, since they come from several event loops
            client: Any = server.async_client(default_headers={"Connection": "close"}, **settings)
        else:
            client = server.client(**settings)
        target = Target(client, server, steps)
        return Program(
            target,
            target.call,
            target.acall,
            lambda value, recorder: target.call(value, recorder, stream=True),
            "whales",
            "agent.prompt",
            TEXTS,
            lambda: json.dumps(server.requests[-1].body["messages"]),
            edges,
        )

    def chain(self) -> Program:
        return self.program(spoken, heard, "input>llm")

    def tool(self) -> Program:
        return self.program(with_tool, asking_first, "input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2")

    def parallel(self) -> Program:
        return self.program(joined, heard, "input1>llm1 input2>llm2 llm1>llm3 llm2>llm3")

    def failing(self) -> Program:
        async def no_key_async() -> str:
            return no_key()

        return self.program(spoken, heard, "input>llm", api_key=no_key_async if self.is_async else no_key)

    def batch(self, program: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        return [program.call(value, recorder) for value in values]

    def dump(self, target: Any) -> str:
        told: list[str] = []

        def tell() -> None:
            target.loop.run(target.ask_async("whales", False)) if target.is_async else target.ask("whales", False)
            told.append(json.dumps(target.server.requests[-1].body))

        thread = Thread(target=tell)
        thread.start()
        thread.join()
        return told[0]


class AsyncOpenAIPrograms(OpenAIPrograms):
    """The same with an asynchronous client."""

    is_async = True


class TestOpenAI(ConformanceSuite):
    """OpenAI."""

    adapter = OpenAIPrograms()

    @pytest.fixture(autouse=True)
    def servers(self) -> Iterator[None]:
        with self.adapter.stack:
            yield


class TestAsyncOpenAI(TestOpenAI):
    """AsyncOpenAI."""

    adapter = AsyncOpenAIPrograms()
