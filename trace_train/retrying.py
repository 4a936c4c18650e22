"""What failed in passing (too many requests, a server that is down, a timeout) is tried again after a pause."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from trace_core.llm.chat import ChatModel, Completion, Message
from trace_core.recording.run import causes

Result = TypeVar("Result")

_STATUSES = frozenset({408, 425, 429})
_NAMES = re.compile(r"Timeout|RateLimit|ConnectionError|ConnectError|ServiceUnavailable|InternalServer|Overloaded")
_STATUS = re.compile(r"\b(?:HTTP|status(?:[ _]code)?|error code)\W{0,3}(\d{3})\b", re.IGNORECASE)
_NAME = re.compile(r"\((\w+)\)")


def is_transient(error: BaseException) -> bool:
    """Whether an error, or one that it was raised for, says no more than that it did not work this time."""
    return any(_is_transient(each) for each in causes(error))


def is_transient_text(text: str) -> bool:
    """The same of an error of which only the text is left, as `(its type) its message`."""
    name, status = _NAME.match(text), _STATUS.search(text)
    return bool(name and _NAMES.search(name[1])) or bool(status and _is_transient_status(int(status[1])))


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, (TimeoutError, ConnectionError)) or _NAMES.search(type(error).__name__):
        return True
    response = getattr(error, "response", None)
    statuses = (getattr(error, "status_code", None), getattr(response, "status_code", None))
    return any(isinstance(status, int) and _is_transient_status(status) for status in statuses)


def _is_transient_status(status: int) -> bool:
    return status in _STATUSES or status >= 500


class Retry(Protocol):
    """The contract of a retry: runs the attempt until it ends in another way than with a transient error, or gives up
    and lets that error through. Any other error passes at once."""

    async def __call__(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """What the attempt gives."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Tries again after pauses that grow: 1, 2, 4, … seconds.

    Args:
        tries: how often at most.
        first: the first pause, in seconds.
        longest: what no pause is longer than.
        sleep: how a pause is made.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep

    async def __call__(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """What the attempt gives."""
        for number in range(self.tries - 1):
            try:
                return await attempt()
            except Exception as error:
                if not is_transient(error):
                    raise
            await self.sleep(min(self.first * 2**number, self.longest))
        return await attempt()


@dataclass(frozen=True, slots=True)
class RetryingChat:
    """A chat model that asks `model` again where it failed in passing; only its async face is used."""

    model: ChatModel
    retry: Retry

    @property
    def max_tokens(self) -> int | None:
        """The longest answer of the model behind, where it says so."""
        return getattr(self.model, "max_tokens", None)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask once."""
        return self.model.complete(messages, schema)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask, and ask again."""
        return await self.retry(lambda: self.model.acomplete(messages, schema))
