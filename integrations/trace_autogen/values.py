"""AutoGen's values: what is in them, how they are told apart, and how they are shown as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Mapping
from typing import Any

from autogen_agentchat.base import Response, TaskResult
from autogen_agentchat.messages import BaseAgentEvent, BaseChatMessage, HandoffMessage, StructuredMessage
from autogen_core import FunctionCall, Image
from autogen_core.code_executor import CodeResult
from autogen_core.memory import MemoryContent
from autogen_core.models import (
    AssistantMessage,
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    SystemMessage,
    UserMessage,
)
from autogen_core.tools import ToolResult
from pydantic import BaseModel

from trace_core.recording import MISSING

_LLM = (SystemMessage, UserMessage, AssistantMessage, FunctionExecutionResultMessage)


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key, for finding out where each came from; of a message, its content."""
    if isinstance(value, Response):
        return {"chat_message": value.chat_message}
    if isinstance(value, TaskResult):
        return dict(enumerate(value.messages))
    if isinstance(value, (BaseChatMessage, BaseAgentEvent, *_LLM, CreateResult, FunctionExecutionResult)):
        content = getattr(value, "content", None)
        return {"content": content, **({"context": value.context} if isinstance(value, HandoffMessage) else {})}
    if isinstance(value, ToolResult):
        return {"content": value.to_text()}
    if isinstance(value, FunctionCall):
        return {"arguments": value.arguments}
    if isinstance(value, CodeResult):
        return {"output": value.output}
    if isinstance(value, BaseModel):
        return {name: getattr(value, name, None) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(value)}
    return None


def key(value: Any) -> Hashable | None:
    """AutoGen's own id of a message."""
    return ("message", value.id) if isinstance(value, (BaseChatMessage, BaseAgentEvent)) else None


def chat_message(value: Any) -> BaseChatMessage | None:
    """The message that a turn or a run gave: the last, of a run."""
    if isinstance(value, Response):
        return value.chat_message
    if isinstance(value, TaskResult):
        return next((m for m in reversed(value.messages) if isinstance(m, BaseChatMessage)), None)
    return value if isinstance(value, BaseChatMessage) else None


def model_messages(message: BaseChatMessage) -> tuple[str, Any]:
    """Who said a message, and its content, as a model's context has it."""
    said = message.to_model_message()
    return said.source, said.content


def plain(value: Any, depth: int = 0) -> Any:
    """A value as plain data, as an optimizer or a page shows it: a message by its text."""
    if depth > 8:
        return value
    if value is MISSING:
        return None
    simple = _simple(value, depth)
    if simple is not value:
        return simple
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, (BaseChatMessage, *_LLM)) for item in value):
            return [{"role": role(item), "content": plain(item, depth + 1)} for item in value]
        items = [plain(item, depth + 1) for item in value]
        return items if type(value) is list else tuple(items)
    if isinstance(value, dict):
        return {name: plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return {str(name): plain(item, depth + 1) for name, item in (opened(value) or {}).items()}
    return value


def _simple(value: Any, depth: int) -> Any:
    """AutoGen's own types."""
    if isinstance(value, Response):
        return plain(value.chat_message, depth + 1)
    if isinstance(value, TaskResult):
        return plain(chat_message(value), depth + 1)
    if isinstance(value, StructuredMessage):
        return plain(value.content, depth + 1)
    if isinstance(value, HandoffMessage):
        return {"target": value.target, "content": value.content}
    if isinstance(value, BaseChatMessage):
        return value.to_text()
    if isinstance(value, (CreateResult, AssistantMessage)):
        return _said(value, depth)
    if isinstance(value, (BaseAgentEvent, *_LLM, FunctionExecutionResult, MemoryContent)):
        return plain(getattr(value, "content", None), depth + 1)
    if isinstance(value, ToolResult):
        return value.to_text()
    if isinstance(value, CodeResult):
        return value.output
    if isinstance(value, FunctionCall):
        return {"name": value.name, "args": arguments(value.arguments)}
    return "<image>" if isinstance(value, Image) else value


def _said(value: CreateResult | AssistantMessage, depth: int) -> Any:
    if isinstance(value.content, str):
        return value.content
    asked = [plain(call, depth + 1) for call in value.content]
    return {"text": value.thought, "tool_calls": asked} if value.thought else {"tool_calls": asked}


def arguments(text: str) -> Any:
    """The arguments of a call, which a model writes as JSON, or their text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def role(message: Any) -> str:
    """Who says a message."""
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, FunctionExecutionResultMessage):
        return "tool"
    return str(message.source)
