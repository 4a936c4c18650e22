"""What failed in passing is tried again; anything else is not."""

from __future__ import annotations

import pytest

from trace_core import ReplayChat
from trace_core.errors import LLMError
from trace_core.llm import Message
from trace_train.retrying import Backoff, RetryingChat, is_transient, is_transient_text


class RateLimitError(Exception):
    pass


class StatusError(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(status_code)
        self.status_code = status_code


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (RateLimitError(), True),
        (StatusError(429), True),
        (StatusError(503), True),
        (caused(LLMError("not reached"), StatusError(500)), True),
        (StatusError(401), False),
        (ValueError("HTTP 500 is what the document is about"), False),
        (LLMError("ReplayChat was asked once more"), False),
    ],
)
def test_which_errors_are_tried_again(error: Exception, transient: bool) -> None:
    assert is_transient(error) == transient


@pytest.mark.parametrize(
    ("text", "transient"),
    [
        ("(RateLimitError) Error code: 429 - {'error': …}", True),
        ("(APITimeoutError) Request timed out.", True),
        ("(LLMError) gpt: HTTP 503, the server failed", True),
        ("(APIStatusError) Error code: 400", False),
        ("(ValueError) no more than 429 lines", False),
    ],
)
def test_which_are_where_only_their_text_is_left(text: str, transient: bool) -> None:
    assert is_transient_text(text) == transient


async def test_pauses_grow_up_to_the_longest_and_then_the_error_stands() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def attempt() -> None:
        raise TimeoutError(len(pauses))

    with pytest.raises(TimeoutError, match="5"):
        await Backoff(tries=6, first=1, longest=6, sleep=sleep)(attempt)
    assert pauses == [1, 2, 4, 6, 6]


async def test_another_error_is_raised_at_once() -> None:
    async def attempt() -> None:
        raise ValueError

    async def sleep(seconds: float) -> None:
        raise AssertionError

    with pytest.raises(ValueError):  # noqa: PT011
        await Backoff(sleep=sleep)(attempt)


async def test_a_model_is_asked_again() -> None:
    async def sleep(seconds: float) -> None:
        pass

    chat = RetryingChat(ReplayChat([TimeoutError(), ConnectionError(), "there"]), Backoff(sleep=sleep))
    assert (await chat.acomplete([Message(role="user", content="?")])).text == "there"
    assert chat.max_tokens is None
