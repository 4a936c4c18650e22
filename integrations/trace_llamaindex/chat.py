"""The user's own LlamaIndex model as the model that an optimizer asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM

from trace_core.errors import LLMError
from trace_core.llm.chat import Completion, Message, Usage
from trace_llamaindex import private
from trace_llamaindex.unrecorded import unrecorded
from trace_llamaindex.values import usage_of

_SENT = ("prompt_tokens", "input_tokens")
_ANSWERED = ("completion_tokens", "output_tokens")


class LlamaIndexChat:
    """A model of LlamaIndex as a `ChatModel`.

    A schema for the answer is sent to models that say that they take one as OpenAI's do, and no more where a server
    refuses it; answers are validated all the same.

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
        self._refused = False

    def __repr__(self) -> str:
        return f"LlamaIndexChat({type(self.llm).__name__})"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        for more in self._arguments(schema):
            try:
                with unrecorded():
                    answer = self.llm.chat(_converted(messages), **more)
            except Exception as error:
                if not self._concedes(error, more):
                    raise self._failed(error) from error
            else:
                break
        return self._read(answer)

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        for more in self._arguments(schema):
            try:
                with unrecorded():
                    answer = await self.llm.achat(_converted(messages), **more)
            except Exception as error:
                if not self._concedes(error, more):
                    raise self._failed(error) from error
            else:
                break
        return self._read(answer)

    def _arguments(self, schema: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """What a question is sent with: the schema, if the model takes one, and nothing where it does not."""
        if schema is not None and not self._refused and private.takes_schema(self.llm):
            answer = {"name": "answer", "schema": schema, "strict": True}
            yield {"response_format": {"type": "json_schema", "json_schema": answer}}
        yield {}

    def _concedes(self, error: Exception, sent: Mapping[str, Any]) -> bool:
        """Whether to ask without what was sent, since the server refused the request."""
        self._refused = bool(sent) and getattr(error, "status_code", None) in (400, 422)
        return self._refused

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
