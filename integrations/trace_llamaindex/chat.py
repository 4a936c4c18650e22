"""The user's own LlamaIndex model as the model that an optimizer asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM

from trace_core.errors import LLMError
from trace_core.llm.chat import Completion, Message, Usage
from trace_llamaindex.unrecorded import unrecorded
from trace_llamaindex.values import usage_of

_SENT = ("prompt_tokens", "input_tokens")
_ANSWERED = ("completion_tokens", "output_tokens")


class LlamaIndexChat:
    """A model of LlamaIndex as a `ChatModel`.

    A schema for the answer is not sent, since models take it in many ways; answers are validated all the same.

    Args:
        llm: the model; nothing that it is asked here is recorded as a call of a program.
        max_tokens: the longest answer that it gives, if it is known; budgets reserve that.

    Raises:
        LLMError: from `complete` and `acomplete`, where the model raised or gave no text.

    Example:
        optimizer = OptoPrime(parameters, llm=LlamaIndexChat(Settings.llm))
    """

    def __init__(self, llm: LLM, *, max_tokens: int | None = None) -> None:
        if not isinstance(llm, LLM):
            raise TypeError(f"a LlamaIndex LLM is expected, not {type(llm).__name__}")
        self.llm = llm
        self.max_tokens = max_tokens if max_tokens is not None else getattr(llm, "max_tokens", None)

    def __repr__(self) -> str:
        return f"LlamaIndexChat({type(self.llm).__name__})"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        try:
            with unrecorded():
                answer = self.llm.chat(_converted(messages))
        except Exception as error:
            raise self._failed(error) from error
        return self._read(answer)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        try:
            with unrecorded():
                answer = await self.llm.achat(_converted(messages))
        except Exception as error:
            raise self._failed(error) from error
        return self._read(answer)

    def _failed(self, error: Exception) -> LLMError:
        # Without the error's text: a provider may quote a header with the key.
        return LLMError(f"{self!r} could not be asked: {type(error).__name__}")

    def _read(self, answer: ChatResponse) -> Completion:
        text = answer.message.content
        if not text:
            raise LLMError(f"{self!r} gave no text")
        counts = usage_of(answer) or {}
        sent, answered = (next((counts[n] for n in names if n in counts), 0) for names in (_SENT, _ANSWERED))
        name = getattr(self.llm.metadata, "model_name", None) or type(self.llm).__name__
        return Completion(text, Usage(1, sent, answered), str(name), _finish_reason(answer))


def _finish_reason(answer: ChatResponse) -> str:
    raw = answer.raw
    choices = raw.get("choices") if isinstance(raw, dict) else getattr(raw, "choices", None)
    first = choices[0] if choices else raw
    names = ("finish_reason", "stop_reason")
    found = [first.get(n) if isinstance(first, dict) else getattr(first, n, None) for n in names]
    return "length" if any(reason in ("length", "max_tokens") for reason in found) else "stop"


def _converted(messages: Sequence[Message]) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole(message["role"]), content=message["content"]) for message in messages]
