"""`OpenAIChat`: any server that speaks OpenAI's chat protocol.

Retries and timeouts are the openai client's own (https://github.com/openai/openai-python#retries). What a server
refuses is conceded step by step and remembered: the answer's format goes from JSON Schema to JSON to free text
(https://platform.openai.com/docs/guides/structured-outputs), and a setting that it names in a 400 is left out.
"""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from trace_core.errors import NoLLM
from trace_core.llm.chat import Completion, Message, fingerprint_of_settings
from trace_core.llm.replies import as_llm_error, read_completion

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

_FORMATS = ("json_schema", "json_object", "text")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OpenAIChat:
    """A chat model behind OpenAI's protocol: OpenAI itself, or any server with a `base_url`.

    `api_key` and `base_url` default to the environment's `OPENAI_API_KEY` and `OPENAI_BASE_URL`; a server on this
    machine needs no key. `temperature`, `max_tokens` (of the answer) and `seed` are sent unless None; `timeout` is in
    seconds, for each try. The key is shown nowhere: not in `repr`, not in an error.

    Raises `NoLLM` where there is no key, and from `complete` and `acomplete` `LLMError`, with the openai client's
    error as its cause.

    Example:
        model = OpenAIChat("gpt-4.1-mini", max_tokens=500)
        model.complete([{"role": "user", "content": "Name a colour."}]).text
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        temperature: float | None = 0.0,
        max_tokens: int | None = None,
        seed: int | None = None,
        timeout: float = 120,
        max_retries: int = 2,
    ) -> None:
        self.model = model
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.seed = seed
        self.timeout = timeout
        self.max_retries = max_retries
        self._key = self._find_key(api_key)
        self._client: openai.OpenAI | None = None
        self._client_lock = threading.Lock()
        self._format = 0
        self._refused: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"OpenAIChat({self.model!r}, base_url={self._shown_url!r})"

    def __getstate__(self) -> None:
        raise TypeError("an OpenAIChat holds a key and is not stored; make a new one where it is needed")

    @property
    def fingerprint(self) -> str:
        """What an answer depends on besides the messages; never the key."""
        return fingerprint_of_settings(
            "openai",
            self._shown_url,
            self._query_hash,
            self.model,
            self.temperature,
            self.max_tokens,
            self.seed,
        )

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer, with the client's synchronous face (also inside a running event loop)."""
        import openai

        attempt = _Attempt(self, messages, schema)
        while True:
            try:
                return attempt.read(self._sync_client().chat.completions.create(**attempt.request()))
            except (openai.OpenAIError, ValueError) as error:
                if not attempt.concede(error):
                    raise as_llm_error(error, str(self), self._key) from error

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        import openai

        attempt = _Attempt(self, messages, schema)
        async with self._async_client() as client:
            while True:
                try:
                    return attempt.read(await client.chat.completions.create(**attempt.request()))
                except (openai.OpenAIError, ValueError) as error:
                    if not attempt.concede(error):
                        raise as_llm_error(error, str(self), self._key) from error

    def _find_key(self, given: str | None) -> str:
        key = (given or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not (key.isascii() and key.isprintable()):  # it could be no header, and an error might quote it escaped
            raise NoLLM(f"the key for {self.model} has characters that no key has; look at OPENAI_API_KEY")
        if key:
            return key
        if urlsplit(self.base_url).hostname in _LOOPBACK:
            return "none"
        raise NoLLM(f"{self.model} at {self._shown_url} needs a key: set OPENAI_API_KEY, or give api_key=")

    @property
    def _shown_url(self) -> str:
        """The base URL without a user name, password or query, which may be secrets."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def _query_hash(self) -> str:
        """Tells addresses apart that differ in their query, which may hold a key."""
        return hashlib.sha256(urlsplit(self.base_url).query.encode()).hexdigest()

    def _client_settings(self) -> dict[str, Any]:
        return {
            "api_key": self._key,
            "base_url": self.base_url,
            "timeout": self.timeout,
            "max_retries": self.max_retries,
        }

    def _async_client(self) -> AbstractAsyncContextManager[openai.AsyncOpenAI]:
        """One for each call, since a client's connections belong to the event loop that opened them."""
        import openai

        return openai.AsyncOpenAI(**self._client_settings())

    def _sync_client(self) -> openai.OpenAI:
        import openai

        with self._client_lock:
            if self._client is None:
                self._client = openai.OpenAI(**self._client_settings())
                weakref.finalize(self, self._client.close)  # else its open connections are left to the collector
            return self._client


class _Attempt:
    """One question on its way down the ladder of what the server may refuse.

    What was conceded is remembered by the model only once an answer came, since a 400 can have other reasons.
    """

    def __init__(self, chat: OpenAIChat, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> None:
        self._chat = chat
        self._messages = [dict(message) for message in messages]
        self._schema = schema
        self._format = chat._format
        self._refused = chat._refused

    def request(self) -> dict[str, Any]:
        """The arguments of the next request."""
        chat = self._chat
        settings = {"temperature": chat.temperature, "seed": chat.seed, "max_tokens": chat.max_tokens}
        if "max_tokens" in self._refused:  # OpenAI's reasoning models know it by its newer name only
            settings["max_completion_tokens"] = chat.max_tokens
        request: dict[str, Any] = {"model": chat.model, "messages": self._messages}
        request |= {name: value for name, value in settings.items() if value is not None and name not in self._refused}
        form = _FORMATS[self._format] if self._schema is not None else "text"
        if form == "json_schema":
            answer = {"name": "answer", "schema": self._schema, "strict": True}
            request["response_format"] = {"type": form, "json_schema": answer}
        elif form == "json_object":
            request["response_format"] = {"type": form}
        return request

    def concede(self, error: Exception) -> bool:
        """Take one step down after a refused request; False where there is none, so that the error stands."""
        import openai

        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return False
        sent = self.request()
        if error.param in sent and error.param in {"temperature", "seed", "max_tokens", "max_completion_tokens"}:
            self._refused |= {error.param}
            return True
        if "response_format" in sent:
            self._format += 1
            return True
        return False

    def read(self, answer: ChatCompletion) -> Completion:
        """The answer as a `Completion`; raises `LLMError` where there is none in it."""
        completion = read_completion(answer, str(self._chat))
        self._chat._format, self._chat._refused = self._format, self._refused
        return completion
