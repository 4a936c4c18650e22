"""Small programs that several tests run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable


class Answering(BaseChatModel):
    """Answers by a function of the messages, and notes what it was sent and how it was set."""

    answer: Callable[[list[BaseMessage]], str | AIMessage]
    temperature: float | None = None
    max_tokens: int | None = None
    sent: list[dict[str, Any]] = []  # noqa: RUF012 - a pydantic field

    @property
    def _llm_type(self) -> str:
        return "answering"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def _message(self, messages: list[BaseMessage], settings: dict[str, Any]) -> AIMessage:
        own = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        self.sent.append({"messages": messages, **own, **settings})
        answer = self.answer(messages)
        return AIMessage(answer) if isinstance(answer, str) else answer

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **settings: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(messages, settings))])

    def bind_tools(self, tools: Any, **settings: Any) -> Runnable[Any, Any]:
        from langchain_core.utils.function_calling import convert_to_openai_tool

        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **settings)


class Streaming(Answering):
    """The same, word by word."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **settings: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._message(messages, settings)
        chunks = [{"name": c["name"], "args": json.dumps(c["args"]), "id": c["id"]} for c in answer.tool_calls]
        for i, word in enumerate(str(answer.content).split(" ")):
            asked = [{**c, "index": n} for n, c in enumerate(chunks)] if i == 0 else []
            yield ChatGenerationChunk(message=AIMessageChunk(" " * bool(i) + word, tool_call_chunks=asked))


class Shelf(BaseRetriever):
    """Finds its pages whatever is asked, the first `k` of them."""

    pages: list[str] = ["Whales are mammals.", "Sharks are fish.", "Crabs are crustaceans."]  # noqa: RUF012
    k: int = 2

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(page) for page in self.pages[: self.k]]


def model(*answers: str | AIMessage) -> Streaming:
    """A model that gives these answers, one after the other."""
    left = iter(answers)
    return Streaming(answer=lambda _: next(left))


def asks(*calls: tuple[str, dict[str, Any]], text: str = "", start: int = 1) -> AIMessage:
    """A model's message that calls tools."""
    made = [{"name": name, "args": args, "id": f"call_{start + i}"} for i, (name, args) in enumerate(calls)]
    return AIMessage(text, tool_calls=made)


def chain(text: str, *answers: str | AIMessage) -> Any:
    return ChatPromptTemplate.from_template(text) | model(*answers) | StrOutputParser()
