"""`ReplayChat`: a chat model that answers from a script, for tests and for examples without any model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trace_core.errors import LLMError
from trace_core.llm.chat import Completion, Message, Usage

# What a script may hold.
Answer = str | Exception | Callable[[Sequence[Message]], str]


class ReplayChat:
    """A chat model that gives the answers of a script, one for each call, in order.

    An answer is a string, a callable that takes the messages and gives a string, or an exception, which is raised.
    `calls` holds the messages of each call. Usage counts calls; its tokens are 0. Raises `LLMError` when the script
    has run out.

    Example:
        model = ReplayChat(["red", lambda messages: messages[-1]["content"].upper(), TimeoutError("too slow")])
    """

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.calls: list[list[Message]] = []
        self._answers = list(answers)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ReplayChat({len(self.calls)} of {len(self._answers)} answers given)"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """The script's next answer."""
        with self._lock:
            position = len(self.calls)
            if position >= len(self._answers):
                raise LLMError(f"ReplayChat was asked once more than its {len(self._answers)} answers")
            self.calls.append([Message(role=message["role"], content=message["content"]) for message in messages])
        answer = self._answers[position]
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer if isinstance(answer, str) else answer(messages), Usage(calls=1), "replay")

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """The script's next answer."""
        return self.complete(messages, schema)
