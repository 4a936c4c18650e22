"""Small pieces that the tests of AutoGen build agents of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient

INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)


def client(*answers: str | CreateResult) -> ReplayChatCompletionClient:
    """A model that answers from a script."""
    return ReplayChatCompletionClient(list(answers), model_info=INFO)


class Answering(ReplayChatCompletionClient):
    """A model that answers with what a function makes of its messages; by default it says what it was told."""

    def __init__(self, answer: Callable[[Sequence[Any]], str | CreateResult] | None = None) -> None:
        super().__init__([], model_info=INFO)
        self.answer = answer or (lambda messages: " ".join(str(message.content) for message in messages))
        self.told: list[Sequence[Any]] = []

    async def create(self, messages: Sequence[Any], **_: Any) -> CreateResult:
        self.told.append(messages)
        answer = self.answer(messages)
        usage = RequestUsage(prompt_tokens=1, completion_tokens=1)
        return (
            answer
            if isinstance(answer, CreateResult)
            else CreateResult(finish_reason="stop", content=answer, usage=usage, cached=False)
        )

    async def create_stream(self, messages: Sequence[Any], **_: Any) -> AsyncGenerator[str | CreateResult, None]:
        result = await self.create(messages)
        if isinstance(result.content, str):
            for word in result.content.split():
                yield word
        yield result


def asks(*calls: tuple[str, str], start: int = 1) -> CreateResult:
    """An answer that calls tools, each a name and arguments as JSON."""
    content = [FunctionCall(id=f"call_{start + i}", name=n, arguments=a) for i, (n, a) in enumerate(calls)]
    usage = RequestUsage(prompt_tokens=1, completion_tokens=1)
    return CreateResult(finish_reason="function_calls", content=content, usage=usage, cached=False)


def assistant(name: str, *answers: str | CreateResult, system: str = "Be brief.", **options: Any) -> AssistantAgent:
    """An agent with a model of its own."""
    return AssistantAgent(name, client(*answers), system_message=system, **options)


def sent(agent: AssistantAgent, call: int = -1) -> Sequence[Any]:
    """The messages that an agent's model was sent."""
    return agent._model_client.create_calls[call]["messages"]  # type: ignore[attr-defined, no-any-return]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def fails(x: int) -> int:
    """Does not work."""
    raise KeyError(x)
