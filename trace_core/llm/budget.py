"""What may be spent on LLMs: reserved before a call, settled after it, so parallel calls never spend it twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from trace_core.errors import BudgetExceeded, LLMError
from trace_core.llm.chat import ChatModel, Completion, Message, Usage

_ANSWER_TOKENS = 1024  # assumed of a model that does not say how long its answers can be


class Remaining(NamedTuple):
    """What a budget still holds; None where it has no limit."""

    calls: int | None
    tokens: int | None


@dataclass(slots=True, eq=False)
class Reservation:
    """What one call holds back until it is settled. `usage` is what it came to: nothing, until it is set."""

    tokens: int
    usage: Usage = field(default_factory=Usage)


class Budget:
    """A limit on calls and tokens (prompt and answer together), for one model or shared by several.

    Safe under threads and tasks. `spent` is what was really used; `remaining` also leaves out what running calls hold
    back.

    Example:
        budget = Budget(calls=300, tokens=200_000)
        model = BudgetedChat(OpenAIChat("gpt-4.1-mini"), budget)
    """

    def __init__(self, calls: int | None = None, tokens: int | None = None) -> None:
        for name, limit in (("calls", calls), ("tokens", tokens)):
            if limit is not None and limit < 0:
                raise ValueError(f"a budget's {name} must be 0 or more, not {limit}")
        self.calls = calls
        self.tokens = tokens
        self._spent = Usage()
        self._held_calls = 0
        self._held_tokens = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Budget(calls={self.calls}, tokens={self.tokens}, spent={self.spent})"

    @property
    def spent(self) -> Usage:
        """What the settled calls used."""
        with self._lock:
            return self._spent

    @property
    def remaining(self) -> Remaining:
        """What the next call may still reserve; below 0 in tokens where calls used more than was estimated."""
        with self._lock:
            return self._remaining()

    @contextmanager
    def reserve(self, tokens: int) -> Iterator[Reservation]:
        """Hold back one call and so many tokens while the block runs, then settle to the reservation's `usage`.

        Whatever way the block ends, nothing stays held back; a block that sets no usage has cost nothing. Raises
        `BudgetExceeded` where the budget holds less.
        """
        reservation = Reservation(tokens)
        with self._lock:
            left = self._remaining()
            if (left.calls is not None and left.calls < 1) or (left.tokens is not None and left.tokens < tokens):
                raise BudgetExceeded(self._refusal(left, tokens))
            self._held_calls += 1
            self._held_tokens += tokens
        try:
            yield reservation
        finally:
            with self._lock:
                self._held_calls -= 1
                self._held_tokens -= tokens
                self._spent += reservation.usage

    def _remaining(self) -> Remaining:
        return Remaining(
            None if self.calls is None else self.calls - self._spent.calls - self._held_calls,
            None if self.tokens is None else self.tokens - self._spent.tokens - self._held_tokens,
        )

    def _refusal(self, left: Remaining, tokens: int) -> str:
        parts = []
        if left.calls is not None:
            parts.append(f"{left.calls} of {self.calls} calls")
        if left.tokens is not None:
            parts.append(f"{left.tokens} of {self.tokens} tokens")
        return f"the budget has {' and '.join(parts)} left; the next call may need 1 call and {tokens} tokens"


class Purse(Protocol):
    """What calls are paid from: a `Budget`, or a share of a larger one."""

    def reserve(self, tokens: int) -> AbstractContextManager[Reservation]:
        """As `Budget.reserve`."""
        ...


class BudgetedChat:
    """A chat model that asks `model` only while `budget` holds enough for the longest answer it can give.

    A call reserves an estimate of its prompt (half a token for each byte, more than any common tokenizer makes of
    prose) and the model's `max_tokens` (1,024 where it has none), and is then settled to what it really used. Where
    the server does not tell, or the call was cancelled, the estimate stands. A call that was not answered costs
    nothing, an answer without a text what the server says. Raises `BudgetExceeded` before asking.
    """

    def __init__(self, model: ChatModel, budget: Purse) -> None:
        self.model = model
        self.budget = budget

    def __repr__(self) -> str:
        return f"BudgetedChat({type(self.model).__name__}, {self.budget!r})"

    def __getattr__(self, name: str) -> Any:
        # Only these two are the model's own: what is not there must stay missing, so that others can tell.
        if name in {"fingerprint", "max_tokens"}:
            return getattr(self.model, name)
        raise AttributeError(name)

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask, if the budget allows it."""
        with self.budget.reserve(self._estimate(messages)) as reservation, _settled(reservation):
            answer = self.model.complete(messages, schema)
            reservation.usage = _used(answer.usage, reservation)
            return answer

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask, if the budget allows it."""
        with self.budget.reserve(self._estimate(messages)) as reservation, _settled(reservation):
            answer = await self.model.acomplete(messages, schema)
            reservation.usage = _used(answer.usage, reservation)
            return answer

    def _estimate(self, messages: Sequence[Message]) -> int:
        longest = getattr(self.model, "max_tokens", None)
        prompt = sum(len(message["content"].encode(errors="replace")) // 2 + 8 for message in messages)
        return prompt + (_ANSWER_TOKENS if longest is None else int(longest))


@contextmanager
def _settled(reservation: Reservation) -> Iterator[None]:
    """Settle a call that ends with an error."""
    try:
        yield
    except LLMError as error:
        if error.usage is not None:
            reservation.usage = _used(error.usage, reservation)
        raise
    except Exception:
        raise
    except BaseException:  # cancelled: the server may have gone on
        reservation.usage = Usage(1, reservation.tokens)
        raise


def _used(usage: Usage, reservation: Reservation) -> Usage:
    if usage.calls and not usage.tokens:
        return Usage(usage.calls, reservation.tokens)
    return usage
