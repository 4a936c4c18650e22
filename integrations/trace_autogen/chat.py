"""The user's own AutoGen model client as the model that an optimizer asks."""

from __future__ import annotations

import asyncio
import threading
import weakref
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
from trace_autogen.standing import unhooked_copy
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
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"AutoGenChat({type(self.model_client).__name__})"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        asked = asyncio.run_coroutine_threadsafe(self._ask(messages, there=True), self._running_loop())
        try:
            return asked.result()
        except RuntimeError as error:
            if not isinstance(error, LLMError) and "loop" in str(error):
                raise AsyncOnly(f"{self!r} can only be awaited, in the loop that it belongs to: astep()") from error
            raise self._failed(error) from error
        except Exception as error:
            raise self._failed(error) from error
        finally:
            asked.cancel()

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        try:
            return await self._ask(messages)
        except Exception as error:
            raise self._failed(error) from error

    async def _ask(self, messages: Sequence[Message], there: bool = False) -> Completion:
        client = self._client_there() if there else self.model_client
        token = FRAME.set(None)
        try:
            answer = await client.create([_converted(message) for message in messages])
        finally:
            FRAME.reset(token)
        return self._read(answer)

    def _client_there(self) -> ChatCompletionClient:
        """The client for the loop of `complete`; what restores itself from its state opens connections anew."""
        if self._there is None:
            renews = hasattr(type(self.model_client), "__setstate__")
            self._there = unhooked_copy(self.model_client) if renews else self.model_client
        return self._there

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

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which `complete` asks: one for all calls, since a client keeps its connections."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="AutoGenChat", daemon=True).start()
                weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _converted(message: Message) -> LLMMessage:
    if message["role"] == "system":
        return SystemMessage(content=message["content"])
    if message["role"] == "user":
        return UserMessage(content=message["content"], source="user")
    return AssistantMessage(content=message["content"], source="assistant")
