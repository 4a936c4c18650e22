"""The user's own AutoGen model client as the model that an optimizer asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    SystemMessage,
    UserMessage,
)

from trace_autogen.frames import FRAME
from trace_autogen.loops import ClientLoop
from trace_core.errors import AsyncOnly, LLMError
from trace_core.llm.chat import Completion, Message, Usage


class AutoGenChat:
    """A model client of AutoGen as a `ChatModel`.

    Clients can only be awaited: `complete` does so in a thread with an event loop of its own, also where a loop runs
    already. Connections belong to one loop, so a client that can be stored, as those of autogen-ext, is asked there
    through a copy with connections of its own; another one may refuse: then `await optimizer.astep()`.
    A schema for the answer is not sent, since models take it in many ways; answers are validated all the same.

    Args:
        model_client: the client; nothing that it is asked here is recorded as a call of a program.
        max_tokens: the longest answer that it gives, if it is known; budgets reserve that.

    Raises:
        LLMError: from `complete` and `acomplete`, where the client raised or gave no text.
        AsyncOnly: from `complete`, where the client cannot be used in another event loop.

    Example:
        optimizer = OptoPrime(parameters, llm=AutoGenChat(OpenAIChatCompletionClient(model="gpt-4.1")))
    """

    def __init__(self, model_client: ChatCompletionClient, *, max_tokens: int | None = None) -> None:
        if not isinstance(model_client, ChatCompletionClient):
            raise TypeError(f"an AutoGen model client is expected, not {type(model_client).__name__}")
        self.model_client = model_client
        self.max_tokens = max_tokens
        self._there: ChatCompletionClient | None = None
        self._loop = ClientLoop()

    def __repr__(self) -> str:
        return f"AutoGenChat({type(self.model_client).__name__})"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        try:
            return self._loop.run(self._ask(messages, there=True))
        except RuntimeError as error:
            if not isinstance(error, LLMError) and "loop" in str(error):
                raise AsyncOnly(f"{self!r} can only be awaited, in the loop that it belongs to: astep()") from error
            raise self._failed(error) from error
        except Exception as error:
            raise self._failed(error) from error

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        try:
            return await self._ask(messages)
        except Exception as error:
            raise self._failed(error) from error

    async def _ask(self, messages: Sequence[Message], there: bool = False) -> Completion:
        if there and self._there is None:
            self._there = self._loop.copied(self.model_client)
        client = self._there if there and self._there is not None else self.model_client
        token = FRAME.set(None)
        try:
            answer = await client.create([_converted(message) for message in messages])
        finally:
            FRAME.reset(token)
        return self._read(answer)

    def _failed(self, error: Exception) -> LLMError:
        if isinstance(error, LLMError):
            return error
        # Without the error's text: a provider may quote a header with the key.
        return LLMError(f"{self!r} could not be asked: {type(error).__name__}")

    def _read(self, answer: CreateResult) -> Completion:
        if not isinstance(answer.content, str):
            raise LLMError(f"{self!r} called functions instead of answering")
        usage = Usage(1, answer.usage.prompt_tokens, answer.usage.completion_tokens)
        reason = "length" if answer.finish_reason == "length" else "stop"
        return Completion(answer.content, usage, type(self.model_client).__name__, reason)


def _converted(message: Message) -> LLMMessage:
    if message["role"] == "system":
        return SystemMessage(content=message["content"])
    if message["role"] == "user":
        return UserMessage(content=message["content"], source="user")
    return AssistantMessage(content=message["content"], source="assistant")
