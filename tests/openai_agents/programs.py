"""Agents of the openai-agents SDK whose model answers from a script, and tools."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call

set_tracing_disabled(True)

_COUNT = itertools.count()

Answer = Callable[[ModelCall], Any]


def said(text: str) -> Any:
    """A message of a model."""
    return assistant_message(text, item_id=f"msg_{next(_COUNT)}")


def asks(*calls: tuple[str, str], text: str = "") -> list[Any]:
    """An answer that asks for tools, by name and arguments."""
    numbered = [(name, arguments, next(_COUNT)) for name, arguments in calls]
    asked = [function_call(name, arguments, call_id=f"call_{i}", item_id=f"fc_{i}") for name, arguments, i in numbered]
    return [said(text), *asked] if text else asked


class Answering(ScriptedModel):
    """A model that answers as a function says; `told` is what it was told: system, items, and tools by name."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self.told: list[tuple[str | None, Any, dict[str, str]]] = []

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        self.enqueue(ModelStep.respond(self._reply))
        return await super().get_response(*args, **kwargs)

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self.enqueue(ModelStep.respond(self._reply))
        return super().stream_response(*args, **kwargs)

    def _reply(self, call: ModelCall) -> Any:
        tools = {tool.name: getattr(tool, "description", "") for tool in call.tools}
        handoffs = {each.tool_name: each.tool_description for each in call.handoffs}
        self.told.append((call.system_instructions, call.input, {**tools, **handoffs}))
        answer = self.answer(call)
        if isinstance(answer, BaseException):
            raise answer
        output = [said(answer)] if isinstance(answer, str) else answer
        return ModelStep(output=output, response_id=f"resp_{next(_COUNT)}")


def scripted(*answers: Any) -> Answering:
    """A model that gives these, one after the other."""
    left = list(answers)
    return Answering(lambda call: left.pop(0))


def echoing() -> Answering:
    """A model that answers with what it was told."""
    return Answering(lambda call: f"{call.system_instructions} {text_of(call.input)}")


def text_of(given: str | Sequence[Any]) -> str:
    """The last text in a model's input."""
    return given if isinstance(given, str) else str(given[-1].get("content", given[-1].get("output")))


def agent(name: str, *answers: Any, **options: Any) -> Agent[Any]:
    """An agent whose model gives these answers; their model, where it is one."""
    model = answers[0] if len(answers) == 1 and isinstance(answers[0], ScriptedModel) else scripted(*answers)
    return Agent(name, model=model, **options)


@function_tool
def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    return a + b


@function_tool
async def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@function_tool
def fails(a: int) -> int:
    """Fail."""
    raise ValueError(f"no {a} today")


@function_tool(failure_error_function=None)
def breaks(a: int) -> int:
    """Fail, and end the run."""
    raise ValueError(f"no {a} today")


ADDS = ("add", '{"a": 1, "b": 2}')
MULTIPLIES = ("multiply", '{"a": 3, "b": 4}')

__all__ = [
    "ADDS",
    "MULTIPLIES",
    "Answering",
    "Runner",
    "add",
    "agent",
    "asks",
    "breaks",
    "echoing",
    "fails",
    "multiply",
]
