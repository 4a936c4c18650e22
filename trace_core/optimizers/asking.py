"""Asking a chat model what a dialogue wants to know. One dialogue serves the sync and the async face."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

from trace_core.errors import AsyncOnly, BudgetExceeded, LLMError, NoLLM
from trace_core.llm.chat import ChatModel, Completion, Message, Usage
from trace_core.optimizers.answer import Answer
from trace_core.optimizers.records import StepRecord


class Request(NamedTuple):
    """One question to the LLM."""

    messages: list[Message]
    schema: Mapping[str, Any] | None = None


Dialogue = Generator[Request, Completion, Answer]
"""Asks as often as it needs to and returns what was suggested."""

Outcome = Completion | LLMError
Asking = Generator[Request, Outcome, StepRecord]
"""A step up to its proposal: is sent what came of each request, and returns the record."""

_MUST_BE_SEEN = (NoLLM, AsyncOnly, BudgetExceeded)
"""What leaves a step that has cost nothing yet: no later one will go better."""


def recorded(dialogue: Dialogue, record: StepRecord) -> Generator[Request, Outcome, Answer]:
    """Pass requests on, noting what they cost; an LLM that fails ends the dialogue with a refusal."""
    try:
        request = next(dialogue)
        while True:
            record.messages = list(request.messages)
            outcome = yield request
            if isinstance(outcome, LLMError):
                record.usage += outcome.usage or Usage()
                request = dialogue.throw(outcome)
            else:
                record.answer = outcome.text
                record.usage += outcome.usage
                request = dialogue.send(outcome)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    except LLMError as error:
        if isinstance(error, _MUST_BE_SEEN) and not record.usage.calls:
            raise
        return Answer({}, "", {"llm": str(error)})


def ask(asking: Asking, model: Callable[[], ChatModel]) -> StepRecord:
    """Answer all requests by the model, which is looked up at the first.

    Raises:
        TypeError: it is no chat model.
    """
    request = _next(asking)
    while isinstance(request, Request):
        outcome: Outcome
        try:
            outcome = _completion(model(), "complete", _method(model(), "complete")(*request))
        except LLMError as error:
            outcome = error
        request = _next(asking, outcome)
    return request


async def aask(asking: Asking, model: Callable[[], ChatModel]) -> StepRecord:
    """`ask` in async code."""
    request = _next(asking)
    while isinstance(request, Request):
        outcome: Outcome
        try:
            outcome = _completion(model(), "acomplete", await _method(model(), "acomplete")(*request))
        except LLMError as error:
            outcome = error
        request = _next(asking, outcome)
    return request


def _next(asking: Asking, outcome: Outcome | None = None) -> Request | StepRecord:
    """The next request, or the record."""
    try:
        return next(asking) if outcome is None else asking.send(outcome)
    except StopIteration as end:
        record: StepRecord = end.value
        return record


def _method(model: Any, name: str) -> Callable[..., Any]:
    if not hasattr(model, name):
        raise TypeError(f"{type(model).__name__} is no chat model: it has no method {name}(messages, schema)")
    method: Callable[..., Any] = getattr(model, name)
    return method


def _completion(model: Any, name: str, given: Any) -> Completion:
    """What a chat model gave, if it keeps its contract."""
    if inspect.iscoroutine(given):
        given.close()
    if isinstance(given, Completion) and isinstance(given.text, str):
        return given
    what = f"one of {type(given.text).__name__}" if isinstance(given, Completion) else type(given).__name__
    raise TypeError(f"{type(model).__name__}.{name}() must return a Completion with a text, not {what}")
