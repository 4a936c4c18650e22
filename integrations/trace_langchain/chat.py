"""The user's own LangChain model as the model that an optimizer asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from trace_core.errors import LLMError
from trace_core.llm.chat import Completion, Message, Usage

_CLASSES: dict[str, Any] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


class LangChainChat:
    """A LangChain chat model as a `ChatModel`.

    A schema for the answer is not sent, since models take it in many ways; answers are validated all the same.

    Args:
        model: the chat model; nothing that it is asked here reaches the program's callbacks.
        max_tokens: the longest answer that it gives, if it is known; budgets reserve that.

    Raises:
        LLMError: from `complete`, where the model raised.

    Example:
        optimizer = OptoPrime(parameters, llm=LangChainChat(ChatOpenAI(model="gpt-4.1")))
    """

    def __init__(self, model: BaseChatModel, *, max_tokens: int | None = None) -> None:
        if not isinstance(model, BaseChatModel):
            raise TypeError(f"a LangChain chat model is expected, not {type(model).__name__}")
        self.model = model
        self.max_tokens = max_tokens if max_tokens is not None else getattr(model, "max_tokens", None)

    def __repr__(self) -> str:
        return f"LangChainChat({type(self.model).__name__})"

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask and wait for the answer."""
        try:
            return self._read(self.model.invoke(_converted(messages), {"callbacks": []}))
        except LLMError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        """Ask without blocking the event loop."""
        try:
            return self._read(await self.model.ainvoke(_converted(messages), {"callbacks": []}))
        except LLMError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> LLMError:
        # Without the error's text: a provider may quote a header with the key.
        return LLMError(f"{self!r} could not be asked: {type(error).__name__}")

    def _read(self, answer: Any) -> Completion:
        if not isinstance(answer, AIMessage):
            raise LLMError(f"{self!r} gave a {type(answer).__name__}, not a message")
        usage: Mapping[str, Any] = answer.usage_metadata or {}
        cached = (usage.get("input_token_details") or {}).get("cache_read") or 0
        reason = answer.response_metadata.get("finish_reason") or answer.response_metadata.get("stop_reason")
        return Completion(
            str(answer.text),
            Usage(1, usage.get("input_tokens") or 0, usage.get("output_tokens") or 0, cached),
            str(answer.response_metadata.get("model_name") or type(self.model).__name__),
            "length" if reason in ("length", "max_tokens") else "stop",
        )


def _converted(messages: Sequence[Message]) -> list[Any]:
    return [_CLASSES[message["role"]](message["content"]) for message in messages]
