"""What the core asks of an LLM: messages in, text and usage out.

Any object with these two methods is a chat model: `OpenAIChat`, `LocalChat`, an adapter's bridge to the user's own
model, or a class of the user's. The schema is JSON Schema (https://json-schema.org); a model that cannot hold it
while decoding may ignore it, since every answer is validated afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypedDict


class Message(TypedDict):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls cost, in calls and tokens. Usages add up: `Usage() + completion.usage`.

    `cached_tokens` are those of the prompt's tokens that the server, having met the same beginning before, did not
    compute again.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and answer tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """An LLM's answer. `finish_reason` is "stop", or "length" where the answer was cut at the token limit."""

    text: str
    usage: Usage = Usage(calls=1)
    model: str = ""
    finish_reason: str = "stop"


class ChatModel(Protocol):
    """The contract of a chat model.

    `complete` and `acomplete` take the whole conversation and, optionally, the JSON Schema that the answer should
    follow, and give one `Completion`. They raise `LLMError` (or let the client library's own error through) when no
    answer can be had; they never return half an answer without saying so in `finish_reason`. Both may be called from
    several threads or tasks at once. A model that has only the async face raises `AsyncOnly` from `complete`.

    Two more attributes are optional. `fingerprint: str` says what an answer depends on besides the messages (model,
    address, settings; never a key); `CachedChat` needs it. `max_tokens: int | None`, the longest answer, lets a
    budget reserve no more than that.
    """

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        ...

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        ...


def fingerprint_of_settings(*settings: str | float | None) -> str:
    """A fingerprint from a model's settings. Example: `fingerprint_of_settings("mine", "v2", 0.0)`."""
    return json.dumps(settings)
