"""Small pieces that the tests of LlamaIndex build programs of: models that answer from a script, shelves of texts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from itertools import count
from typing import Any

from llama_index.core import VectorStoreIndex
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

Answer = str | Exception | list[tuple[str, dict[str, Any]]]
"""What a model says: a text, an error that it raises, or calls of tools, each a name and arguments."""


_CALLS = count(1)


class Script:
    """Gives answers one after the other, or what a function makes of what is asked; keeps what it was told.

    A function serves where calls run at once, so that their order is not known.
    """

    def __init__(self, answers: Sequence[Answer | Callable[[str], Answer]]) -> None:
        self.answers = list(answers)
        self.told: list[list[tuple[str, str]]] = []

    def answer(self, messages: Sequence[ChatMessage]) -> ChatMessage:
        """The next answer."""
        self.told.append([(message.role.value, _shown(message)) for message in messages])
        answer = self.answers[0]
        if callable(answer):
            answer = answer(self.told[-1][-1][1])
        else:
            del self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            return ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=answer)])
        calls = [
            ToolCallBlock(tool_call_id=f"call_{next(_CALLS)}", tool_name=name, tool_kwargs=arguments)
            for name, arguments in answer
        ]
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=calls)


def _shown(message: ChatMessage) -> str:
    calls = [f"{b.tool_name}({b.tool_kwargs})" for b in message.blocks if isinstance(b, ToolCallBlock)]
    return " ".join([message.content or "", *calls]).strip()


def _growing(message: ChatMessage) -> Generator[ChatResponse]:
    """An answer as a stream gives it: word by word; calls of tools at once."""
    if not message.content:
        yield ChatResponse(message=message, delta="")
        return
    text = ""
    for word in message.content.split(" "):
        delta = f" {word}" if text else word
        text += delta
        yield ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=text)]), delta=delta)


class Scripted(FunctionCallingLLM):
    """A chat model that calls tools and answers from a script, with events where the real models have them."""

    temperature: float = 0.5
    api_key: str = "none"
    _script: Script = PrivateAttr()

    def __init__(self, *answers: Answer | Callable[[str], Answer], **options: Any) -> None:
        super().__init__(**options)
        self._script = Script(answers)

    @property
    def told(self) -> list[list[tuple[str, str]]]:
        """The messages of each call, each a role and a text."""
        return self._script.told

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name="scripted")

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self._script.answer(messages))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        await asyncio.sleep(0)  # others go on, as with a real model
        return ChatResponse(message=self._script.answer(messages))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Generator[ChatResponse]:
        return _growing(self._script.answer(messages))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> AsyncGenerator[ChatResponse]:
        await asyncio.sleep(0)
        answer = self._script.answer(messages)

        async def stream() -> AsyncGenerator[ChatResponse]:
            for response in _growing(answer):
                yield response

        return stream()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=_asked(self._script, prompt).content or "")

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        await asyncio.sleep(0)
        return CompletionResponse(text=_asked(self._script, prompt).content or "")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Generator[CompletionResponse]:
        return _completing(_asked(self._script, prompt))

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> AsyncGenerator[CompletionResponse]:
        answer = _asked(self._script, prompt)

        async def stream() -> AsyncGenerator[CompletionResponse]:
            for response in _completing(answer):
                yield response

        return stream()

    def _prepare_chat_with_tools(
        self, tools: Any, user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if isinstance(user_msg, str):
            messages.append(ChatMessage(role=MessageRole.USER, content=user_msg))
        elif user_msg is not None:
            messages.append(user_msg)
        return {"messages": messages, "tools": [tool.metadata.to_openai_tool() for tool in tools]}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        return [
            ToolSelection(tool_id=block.tool_call_id, tool_name=block.tool_name, tool_kwargs=block.tool_kwargs)
            for block in response.message.blocks
            if isinstance(block, ToolCallBlock)
        ]


class Completing(CustomLLM):
    """A model of texts that answers from a script: what is no chat model is asked by `complete`."""

    _script: Script = PrivateAttr()

    def __init__(self, *answers: Answer | Callable[[str], Answer], **options: Any) -> None:
        super().__init__(**options)
        self._script = Script(answers)

    @property
    def told(self) -> list[list[tuple[str, str]]]:
        """The prompt of each call, as the one message."""
        return self._script.told

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="completing")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=_asked(self._script, prompt).content or "")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Generator[CompletionResponse]:
        return _completing(_asked(self._script, prompt))


def _asked(script: Script, prompt: str) -> ChatMessage:
    return script.answer([ChatMessage(role=MessageRole.USER, content=prompt)])


def _completing(answer: ChatMessage) -> Generator[CompletionResponse]:
    for response in _growing(answer):
        yield CompletionResponse(text=response.message.content or "", delta=response.delta)


class Shelf(BaseRetriever):
    """Finds the same texts whatever is asked, as new nodes each time; keeps what it was asked."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts = texts
        self.asked: list[str] = []

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self.asked.append(query_bundle.query_str)
        return [NodeWithScore(node=TextNode(text=text), score=1 - i / 10) for i, text in enumerate(self.texts)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        await asyncio.sleep(0)
        return self._retrieve(query_bundle)


class Cut(BaseNodePostprocessor):
    """Keeps the first nodes."""

    n: int = 2

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return nodes[: self.n]


def index(*texts: str) -> VectorStoreIndex:
    """An index to which all texts are alike."""
    nodes = [TextNode(text=text, id_=f"node-{i}") for i, text in enumerate(texts)]
    return VectorStoreIndex(nodes, embed_model=MockEmbedding(4))


def memory() -> ChatMemoryBuffer:
    """A conversation kept as a list: the default one keeps it in a database that it never closes."""
    return ChatMemoryBuffer.from_defaults(token_limit=4000)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def fails(x: int) -> int:
    """Does not work."""
    raise KeyError(x)
