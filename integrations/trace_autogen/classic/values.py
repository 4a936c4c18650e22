"""AG2's values: what is in them, and how they are shown as plain data."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

from trace_autogen.classic import private
from trace_core.recording import MISSING


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key: of a chat's result, its summary."""
    return {"summary": value.summary} if is_result(value) else None


def key(value: Any) -> Hashable | None:
    """AG2's messages have no ids."""
    return None


def plain(value: Any) -> Any:
    """A value as plain data: a message by its text, or by the tools that it asks for."""
    if value is MISSING:
        return None
    if is_result(value):
        return plain(value.summary)
    if private.is_agent(value):
        return value.name
    if isinstance(value, list):
        return [_shown(item) if _is_message(item) else plain(item) for item in value]
    if isinstance(value, dict) and any(is_result(item) for item in value.values()):  # of chats at once, by their ids
        return {key: plain(item) for key, item in value.items()}
    return _said(value) if _is_message(value) else value


def is_result(value: Any) -> bool:
    """Whether it is what a chat gives, a `ChatResult`."""
    return hasattr(value, "chat_history") and hasattr(value, "summary")


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and "content" in value and ("role" in value or len(value) == 1)


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    return {"role": message.get("role", "user"), "content": _said(message)}


def _said(message: dict[str, Any]) -> Any:
    asked = [_asked(each.get("function") or {}) for each in message.get("tool_calls") or ()]
    if not asked:
        return message["content"]
    return {**({"text": message["content"]} if message["content"] else {}), "tool_calls": asked}


def _asked(function: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = function.get("arguments")
    return {"name": function.get("name"), "args": arguments}
