"""What LlamaIndex's objects said when a hook saw them: they are changed in place afterwards.

An agent formats its state into the user's message, ReAct cuts "Answer:" out of what a model said, a fusing retriever
writes scores into nodes. So texts are taken at once; the object itself is kept to be recognised by. Of a stream only a
weak reference is kept: it could not be closed otherwise.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.agent.workflow.workflow_events import AgentOutput
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock, ToolCallBlock
from llama_index.core.base.response.schema import (
    AsyncStreamingResponse,
    PydanticResponse,
    Response,
    StreamingResponse,
)
from llama_index.core.chat_engine.types import AgentChatResponse, StreamingAgentChatResponse
from llama_index.core.schema import MetadataMode, NodeWithScore
from llama_index.core.tools import ToolOutput
from llama_index.core.workflow import StopEvent

_DEEPEST = 4
_STREAMS = (StreamingResponse, AsyncStreamingResponse, StreamingAgentChatResponse, Iterator, AsyncIterator)


class Told:
    """A message: who says it, its text, and the tools that it asks for or answers."""

    __slots__ = ("asks", "of", "role", "text", "tool_id")

    def __init__(self, message: ChatMessage) -> None:
        self.of = message
        self.role = str(getattr(message.role, "value", message.role))
        blocks = message.blocks
        plain = len(blocks) == 1 and type(blocks[0]) is TextBlock
        self.text: str = blocks[0].text if plain else message.content or ""  # type: ignore[union-attr]
        extra = message.additional_kwargs
        self.tool_id: str | None = extra.get("tool_call_id") if extra else None
        self.asks: tuple[tuple[str, str, Any], ...] = () if plain and not extra else tuple(_asked(message))


class Reply:
    """What a model, a tool or an engine answered: its text, and for a model the message."""

    __slots__ = ("data", "message", "of", "text")

    def __init__(self, of: Any, text: str, message: Told | None = None, data: Any = None) -> None:
        self.of = of
        self.text = text
        self.message = message
        self.data = data
        """What it is beside its text: an object that was asked for."""


class Page:
    """A node that was found, with the text that a model is shown of it."""

    __slots__ = ("of", "score", "text")

    def __init__(self, node: NodeWithScore) -> None:
        self.of = node
        self.text = node.node.get_content(metadata_mode=MetadataMode.LLM)
        self.score = node.score


class Streamed:
    """An answer that comes piece by piece; its text is what the models gave that are asked when it is read."""

    __slots__ = ("_of", "generators")

    def __init__(self, of: Any) -> None:
        self._of = _weak(of)
        names = ("response_gen", "chat_stream", "achat_stream")
        inner = [of] if isinstance(of, (Iterator, AsyncIterator)) else [vars(of).get(name) for name in names]
        self.generators = [ref for each in inner if each is not None and (ref := _weak(each)) is not None]

    @property
    def of(self) -> Any:
        """The stream, as long as somebody else holds it."""
        return None if self._of is None else self._of()


SNAPSHOTS = (Told, Reply, Page, Streamed)
Copies = list[tuple[Any, Any]]


def snapshot(value: Any, copies: Copies, depth: int = 0) -> Any:
    """A value with the texts that it has now; what was copied, with what of, is added to `copies`."""
    made = _made(value, copies, depth)
    if made is not None:
        if not isinstance(made, Streamed):
            copies.append((made, value))
        return made
    if type(value) is StopEvent:
        return snapshot(value.result, copies, depth)
    if depth < _DEEPEST and type(value) in (list, tuple):
        return [snapshot(item, copies, depth + 1) for item in value]
    if depth < _DEEPEST and type(value) is dict:
        return {key: snapshot(item, copies, depth + 1) for key, item in value.items()}
    return value


def _made(value: Any, copies: Copies, depth: int) -> Any:
    maker = _MAKERS.get(type(value))
    if maker is None:  # a subclass, or no such thing
        if value is None or isinstance(value, (str, int, float, list, tuple, dict)):
            return None
        maker = next((make for kind, make in _MAKERS.items() if isinstance(value, kind)), None)
        if maker is None:
            return Streamed(value) if isinstance(value, _STREAMS) else None
    return maker(value, copies)


def _message(value: ChatMessage, copies: Copies) -> Told:
    return Told(value)


def _chat(value: ChatResponse, copies: Copies) -> Reply:
    message = snapshot(value.message, copies)
    return Reply(value, message.text, message)


def _agent(value: AgentOutput, copies: Copies) -> Reply:
    message = snapshot(value.response, copies)
    return Reply(value, message.text, message, value.structured_response)


def _object(value: PydanticResponse, copies: Copies) -> Reply:
    return Reply(value, str(value), data=value.response)


_MAKERS: dict[type, Callable[[Any, Copies], Any]] = {
    ChatMessage: _message,
    ChatResponse: _chat,
    CompletionResponse: lambda value, copies: Reply(value, value.text),
    NodeWithScore: lambda value, copies: Page(value),
    ToolOutput: lambda value, copies: Reply(value, value.content),
    Response: lambda value, copies: Reply(value, value.response or ""),
    PydanticResponse: _object,
    AgentChatResponse: lambda value, copies: Reply(value, value.response),
    AgentOutput: _agent,
}


def original(value: Any) -> Any:
    """The very object of which a value is a snapshot, or itself."""
    return value.of if isinstance(value, SNAPSHOTS) else value


def _asked(message: ChatMessage) -> Iterator[tuple[str, str, Any]]:
    """The tools that a message asks for: id, name and arguments of each."""
    blocks = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    for block in blocks:
        yield block.tool_call_id or "", block.tool_name, block.tool_kwargs
    for call in () if blocks else message.additional_kwargs.get("tool_calls") or ():
        function = _part(call, "function") or call
        arguments = _part(function, "arguments")
        yield str(_part(call, "id") or ""), str(_part(function, "name") or ""), arguments


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _weak(value: Any) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:  # an iterator written in C, which no weak reference can be made to
        return None


def told(value: Any) -> Sequence[Told]:
    """The messages in what a model was given."""
    return [each for each in value if isinstance(each, Told)] if isinstance(value, list) else ()
