"""`LocalChat`: a chat model that runs in this process, with no server, key or network.

llama.cpp holds the answer to a JSON Schema while decoding it; what it passes over in silence (bounds of numbers, for
one) is for the caller to check.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trace_core.errors import LLMError, MissingExtra
from trace_core.llm.chat import Completion, Message, Usage, fingerprint_of_settings
from trace_local.model_file import model_path
from trace_local.server import ServerSettings, shared_server


class LocalChat:
    """A chat model from a GGUF file: by default the one that `python -m trace_local fetch` brings.

    `max_tokens` is the longest answer, `context` the longest prompt and answer together, both in tokens; `threads`
    defaults to the processors that this process may use. With the default `temperature` of 0 decoding is greedy and
    `seed` has no part in it. The model is loaded at the first question and shared by all `LocalChat`s of its file; a
    question is answered after the one before, and the prompt's unchanged beginning is not computed again.

    Raises `MissingExtra` without the extra `local`, and `LLMError` where the file is missing or no model, where the
    prompt does not fit the context, and where the schema cannot be held.

    Example:
        model = LocalChat(max_tokens=200)
        model.complete([{"role": "user", "content": "Name a colour."}]).text
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        temperature: float = 0.0,
        max_tokens: int = 1024,
        seed: int = 0,
        context: int = 8192,
        threads: int | None = None,
    ) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra("the local model", "local")
        self.path = model_path() if path is None else Path(path).expanduser()
        if not self.path.is_file():
            way = "run: python -m trace_local fetch" if path is None else "check its path"
            raise LLMError(f"there is no model file {self.path}; {way}")
        self.temperature = temperature
        self.max_tokens = max_tokens
        self.seed = seed
        self._settings = ServerSettings(context, threads or _processors())

    def __repr__(self) -> str:
        return f"LocalChat({str(self.path)!r})"

    @property
    def fingerprint(self) -> str:
        """What an answer depends on besides the messages; the file by its name and size."""
        size = self.path.stat().st_size
        return fingerprint_of_settings(
            "local", self.path.name, size, self.temperature, self.max_tokens, self.seed, self._settings.context
        )

    def load(self) -> None:
        """Load the model now, in a few seconds, rather than at the first question."""
        shared_server(self.path, self._settings)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        request: dict[str, Any] = {
            "messages": [dict(message) for message in messages],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "cache_prompt": True,
        }
        if schema is not None:
            request["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        try:
            answer = shared_server(self.path, self._settings).chat(request)
        except (RuntimeError, ValueError, TypeError) as error:
            if isinstance(error, LLMError):
                raise
            raise LLMError(f"{self.path.name} cannot be asked this: {error}") from error
        return self._read(answer)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop. A question that was cancelled is still answered, for nobody."""
        return await asyncio.to_thread(self.complete, messages, schema)

    def _read(self, answer: dict[str, Any]) -> Completion:
        if "error" in answer:
            raise LLMError(f"{self.path.name}: {answer['error'].get('message', 'llama.cpp gave no reason')}")
        choice, usage = answer["choices"][0], answer["usage"]
        return Completion(
            choice["message"]["content"] or "",
            Usage(1, usage["prompt_tokens"], usage["completion_tokens"], answer.get("timings", {}).get("cache_n", 0)),
            self.path.name,
            choice["finish_reason"],
        )


def _processors() -> int:
    """The processors that this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
