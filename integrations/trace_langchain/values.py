"""LangChain's values: what is in them, how they are told apart, and how they are shown as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from pydantic import BaseModel

from trace_core.recording import Call


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key, for finding out where each came from; of a message, its content."""
    if isinstance(value, dict):
        is_message = "role" in value and "content" in value
        return {"content": value["content"]} if is_message else None
    if isinstance(value, (list, tuple)):
        is_message = len(value) == 2 and value[0] in _ROLES and isinstance(value[1], str)
        return {"content": value[1]} if is_message else None
    if isinstance(value, BaseMessage):
        parts: dict[Hashable, Any] = {"content": value.text if isinstance(value.content, list) else value.content}
        if isinstance(value, AIMessage):
            parts |= {("tool_calls", call.get("id") or i): call["args"] for i, call in enumerate(value.tool_calls)}
        if isinstance(value, ToolMessage) and value.artifact is not None:
            parts["artifact"] = value.artifact
        return parts
    if isinstance(value, ChatPromptValue):
        return dict(enumerate(value.messages))
    if isinstance(value, StringPromptValue):
        return {"text": value.text}
    if isinstance(value, Document):
        return {"page_content": value.page_content, "metadata": value.metadata}
    if is_command(value):
        update = value.update
        return {"update": dict(update) if isinstance(update, list) else update}
    if isinstance(value, BaseModel):
        return {name: getattr(value, name, None) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(value)}
    return None


_ROLES = ("human", "user", "ai", "assistant", "system")


def key(value: Any) -> Hashable | None:
    """LangChain's own id of a message."""
    is_one = isinstance(value, BaseMessage) and value.id and value.type != "remove"
    return ("message", value.id) if is_one else None


def says_the_same(one: BaseMessage, other: BaseMessage) -> bool:
    """Whether two messages with one id say the same: a checkpoint gives a copy, a person may have changed it."""
    return one.content == other.content and getattr(one, "tool_calls", None) == getattr(other, "tool_calls", None)


def is_command(value: Any) -> bool:
    """Whether it is a LangGraph `Command`; langgraph need not be installed."""
    return type(value).__name__ == "Command" and type(value).__module__.startswith("langgraph")


def result_of(response: LLMResult) -> Any:
    """What a model's caller gets: the message of a chat model, the text of another."""
    generations = response.generations
    if not generations or not generations[0]:
        return None
    first: Generation = generations[0][0]
    return first.message if isinstance(first, ChatGeneration) else first.text


def plain(value: Any, depth: int = 0) -> Any:
    """A value as plain data, as an optimizer or a page shows it: a message by its text, a document by its page."""
    if depth > 8:
        return value
    if isinstance(value, BaseMessage):
        return _message(value, depth)
    if isinstance(value, PromptValue):
        return conversation(value.to_messages(), depth)
    if isinstance(value, Document):
        return {"page_content": value.page_content, **({"metadata": value.metadata} if value.metadata else {})}
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, BaseMessage) for item in value):
            return conversation(value, depth)
        items = [plain(item, depth + 1) for item in value]
        return items if type(value) is list else tuple(items)
    if isinstance(value, dict):
        return {name: plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return {str(name): plain(item, depth + 1) for name, item in (opened(value) or {}).items()}
    return value


def conversation(messages: Any, depth: int = 0) -> list[dict[str, Any]]:
    """Messages, each with who said it."""
    return [{"role": message.type, "content": _message(message, depth)} for message in messages]


def _message(message: BaseMessage, depth: int) -> Any:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    text = message.text if isinstance(message.text, str) else str(message.content)
    if not calls:
        return str(text)
    asked = [{"name": call["name"], "args": plain(call["args"], depth + 1)} for call in calls]
    return {"text": str(text), "tool_calls": asked} if text else {"tool_calls": asked}


def tool_call_ids(value: Any) -> list[str]:
    """The ids of the tool calls in messages that a node gave."""
    return [id for message in _asking(value) for call in message.tool_calls if (id := call.get("id"))]


def tool_call(value: Any, id: str) -> tuple[str, Any] | None:
    """The name and arguments of a tool call in the messages that a node gave."""
    calls = [call for message in _asking(value) for call in message.tool_calls]
    return next(((call["name"], call["args"]) for call in calls if call.get("id") == id), None)


def _asking(value: Any) -> list[AIMessage]:
    """The messages in what a node gave that call tools, the last first."""
    if isinstance(value, AIMessage):
        return [value] if value.tool_calls else []
    inner = [value.update] if is_command(value) else value.values() if isinstance(value, dict) else value
    return [found for item in reversed(list(inner)) for found in _asking(item)] if _is_listed(inner) else []


def _is_listed(value: Any) -> bool:
    return isinstance(value, (list, tuple, type({}.values())))


def named(output: Any) -> set[str]:
    """The nodes, or labels that stand for them, that a router answered with."""
    listed = output if isinstance(output, (list, tuple, set)) else [output]
    return {str(getattr(each, "node", each)) for each in listed}


def goes_to(output: Any) -> list[str]:
    """The nodes that a graph's node named as the next: `Command(goto=...)`."""
    if is_command(output):
        named = output.goto if isinstance(output.goto, (list, tuple)) else [output.goto]
        return [str(getattr(name, "node", name)) for name in named]
    return [name for item in output for name in goes_to(item)] if isinstance(output, (list, tuple)) else []


def was_sent(call: Call, argument: str, value: Any) -> bool:
    """Whether a model's call shows a value that a function around it read; where it cannot show, it is taken to."""
    if call.kind != "llm":
        return True
    if argument.endswith("system_prompt"):
        messages = call.inputs if isinstance(call.inputs, list) else []
        system = [str(message.content) for message in messages if isinstance(message, SystemMessage)]
        return any(str(value) in text for text in system) if value else not system
    if not value:
        return True
    if argument.endswith("_description"):
        sent = call.details.get("tools")
        return not sent or any(text == value for text in _texts(sent))
    return True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
