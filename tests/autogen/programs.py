"""Small pieces that the tests of AutoGen build agents of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient

INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)


def client(*answers: str | CreateResult) -> ReplayChatCompletionClient:
    """A model that answers from a script."""
    return ReplayChatCompletionClient(list(answers), model_info=INFO)


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
