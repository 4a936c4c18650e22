"""What came back from a chat server: an answer, or what went wrong, in words and without the key.

The openai client's errors (https://github.com/openai/openai-python#handling-errors) become `LLMError`. A server may
echo the key in its text, and a connection's error may quote a header, so the key is cut out of the whole chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trace_core.errors import LLMError
from trace_core.llm.chat import Completion, Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

_LONGEST = 500
_MEANINGS = {
    401: "the key was not accepted (OPENAI_API_KEY)",
    403: "the key may not use this model",
    404: "no such model or address",
    429: "too many requests, or the quota is used up",
}


def read_completion(answer: ChatCompletion, who: str) -> Completion:
    """The server's answer as a `Completion`; raises `LLMError`, naming `who` was asked, where there is none in it.

    The client hands on what the server sent without checking it, so anything may be anything here.
    """
    try:
        choices = answer.choices
        if not choices:
            raise _useless(f"{who}: the server answered without any choice", answer)
        message, finish = choices[0].message, choices[0].finish_reason or "stop"
        if message.refusal:
            raise _useless(f"{who}: the model refused: {str(message.refusal)[:_LONGEST]}", answer)
        if message.content is None:
            raise _useless(f"{who}: the model gave no text (finish_reason {finish!r})", answer)
        if finish == "content_filter":
            raise _useless(f"{who}: the server's content filter cut the answer", answer)
        if isinstance(message.content, str):
            return Completion(message.content, _usage(answer), str(answer.model or ""), str(finish))
    except (AttributeError, TypeError, KeyError, IndexError) as error:
        raise LLMError(_not_the_protocol(who)) from error
    raise LLMError(_not_the_protocol(who))


def _useless(text: str, answer: ChatCompletion) -> LLMError:
    """The error of an answer that was given, and paid for, and is of no use."""
    error = LLMError(text)
    error.usage = _usage(answer)
    return error


def _not_the_protocol(who: str) -> str:
    return f"{who}: the server did not answer in OpenAI's chat protocol; is the base URL right?"


def _usage(answer: ChatCompletion) -> Usage:
    if (usage := answer.usage) is None:
        return Usage(calls=1)
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
    return Usage(1, int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0), int(cached or 0))


def as_llm_error(error: Exception, who: str, secret: str) -> LLMError:
    """The `LLMError` that says what `error`, met while asking `who`, means; `secret` is cut out of both.

    Example: `raise as_llm_error(error, "gpt-4.1-mini", key) from error`
    """
    remove_secret(error, secret)
    return LLMError(f"{who}: {_reason(error)}")


def remove_secret(error: BaseException, secret: str) -> None:
    """Cut `secret` out of the texts of an error and of the errors that caused it."""
    if len(secret) <= 4:  # a placeholder, not a secret; cutting it out would garble the text
        return
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.args = tuple(_without(argument, secret) for argument in current.args)
        for name in ("message", "body"):
            if name in vars(current):
                setattr(current, name, _without(getattr(current, name), secret))
        waiting += [current.__cause__, current.__context__]


def _without(value: Any, secret: str) -> Any:
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, bytes):
        return value.replace(secret.encode(), b"***")
    if isinstance(value, dict):
        return {key: _without(item, secret) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without(item, secret) for item in value)
    return value


def _reason(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "no answer in time"
    if isinstance(error, openai.APIStatusError):
        return _status(error)
    if isinstance(error, openai.APIConnectionError):
        return f"not reached, or the connection was cut ({type(error.__cause__ or error).__name__})"
    return f"the question or its answer cannot be read: {type(error).__name__}: {str(error)[:_LONGEST]}"


def _status(error: openai.APIStatusError) -> str:
    meaning = _MEANINGS.get(error.status_code, "the server failed" if error.status_code >= 500 else "refused")
    body = error.body
    said = body.get("message") if isinstance(body, dict) else None
    return f"HTTP {error.status_code}, {meaning}: {str(said or error.message)[:_LONGEST]}"
