"""The user's own client as the model that an optimizer asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import Any

import openai

from trace_core.errors import AsyncOnly, LLMError
from trace_core.llm import OpenAIChat
from trace_core.llm.chat import Completion, Message
from trace_core.llm.replies import remove_secret
from trace_openai.clients import plain_copy
from trace_openai.secrets import secrets_of


class ClientChat(OpenAIChat):
    """A client of the openai package, Azure's too, as a `ChatModel`; nothing that it is asked here is recorded.

    Args:
        client: the client: its address, key, retries and timeout are used.
        model: the model's name.
        temperature, max_tokens, seed: sent unless None.

    Raises:
        LLMError: from `complete` and `acomplete`, where the server gave no text.
        AsyncOnly: from `complete`, where the client is an asynchronous one.

    Example:
        optimizer = OptoPrime(parameters, llm=ClientChat(client, "gpt-4.1-mini"))
    """

    def __init__(self, client: openai.OpenAI | openai.AsyncOpenAI, model: str, **settings: Any) -> None:
        if not isinstance(client, (openai.OpenAI, openai.AsyncOpenAI)):
            raise TypeError(f"an OpenAI or AsyncOpenAI client is expected, not {type(client).__name__}")
        super().__init__(model, str(client.base_url), client.api_key or "none", **settings)
        self._theirs = plain_copy(client)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        if isinstance(self._theirs, openai.AsyncOpenAI):
            raise AsyncOnly(f"{self!r} has an asynchronous client: use `await optimizer.astep()`, or give it an OpenAI")
        with self._hiding():
            return super().complete(messages, schema)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        with self._hiding():
            if isinstance(self._theirs, openai.AsyncOpenAI):
                return await super().acomplete(messages, schema)
            return await asyncio.to_thread(super().complete, messages, schema)

    @contextmanager
    def _hiding(self) -> Iterator[None]:
        """Keys that the client got from a function, tokens and headers are quoted in no error either."""
        try:
            yield
        except LLMError as error:
            for secret in secrets_of(self._theirs):
                remove_secret(error, secret)
            raise

    def _sync_client(self) -> openai.OpenAI:
        return self._theirs  # type: ignore[no-any-return]

    def _async_client(self) -> AbstractAsyncContextManager[openai.AsyncOpenAI]:
        return nullcontext(self._theirs)
