"""A streamed answer, put together from what came so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from trace_openai.answers import get
from trace_openai.endpoints import Endpoint

_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Together(NamedTuple):
    """The answer as JSON, as it would have come in one piece, and whether it came to its end."""

    result: dict[str, Any]
    is_whole: bool


def together(endpoint: Endpoint, chunks: Iterable[Any]) -> Together:
    """Chunks of a stream as one answer.

    Source: https://platform.openai.com/docs/api-reference/chat-streaming and responses-streaming.
    """
    return _of_response(chunks) if endpoint.path == "/responses" else _of_choices(chunks)


def _of_choices(chunks: Iterable[Any]) -> Together:
    choices: dict[int, dict[str, Any]] = {}
    result: dict[str, Any] = {}
    for chunk in chunks:
        for name in ("id", "usage"):
            result[name] = get(chunk, name) or result.get(name)
        for each in get(chunk, "choices") or ():
            choice = choices.setdefault(get(each, "index") or 0, {})
            choice["finish_reason"] = get(each, "finish_reason") or choice.get("finish_reason")
            delta = get(each, "delta")
            if delta is not None:
                _add(choice.setdefault("message", {}), delta)
            elif (text := get(each, "text")) is not None:
                choice["text"] = choice.get("text", "") + text
    result["choices"] = [_as_listed(choices[index]) for index in sorted(choices)]
    return Together(result, bool(choices) and all(choice["finish_reason"] for choice in choices.values()))


def _add(message: dict[str, Any], delta: Any) -> None:
    for name in ("content", "refusal"):
        if text := get(delta, name):
            message[name] = message.get(name, "") + text
    for piece in get(delta, "tool_calls") or ():
        call = message.setdefault("tool_calls", {}).setdefault(get(piece, "index") or 0, {"function": {}})
        call["id"] = get(piece, "id") or call.get("id")
        function = get(piece, "function")
        for name in ("name", "arguments"):
            call["function"][name] = call["function"].get(name, "") + (get(function, name) or "")


def _as_listed(choice: dict[str, Any]) -> dict[str, Any]:
    calls = choice.get("message", {}).get("tool_calls")
    if calls:
        choice["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    return choice


def _of_response(events: Iterable[Any]) -> Together:
    """The response that the last event has; of a stream that was cut, what its events said."""
    items: dict[int, dict[str, Any]] = {}
    result: dict[str, Any] = {}
    for event in events:
        kind = get(event, "type")
        if kind in _ENDS:
            return Together(get(event, "response"), True)
        if kind == "response.created":
            result["id"] = get(get(event, "response"), "id")
        index = get(event, "output_index") or 0
        if kind == "response.output_item.added":
            item = get(event, "item")
            items[index] = {name: get(item, name) for name in ("type", "id", "call_id", "name")}
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            parts = items.setdefault(index, {"type": "message"}).setdefault("content", [{"text": ""}])
            parts[0]["text"] += get(event, "delta") or ""
        elif kind == "response.function_call_arguments.delta":
            item = items.setdefault(index, {"type": "function_call"})
            item["arguments"] = item.get("arguments", "") + (get(event, "delta") or "")
    result["output"] = [items[index] for index in sorted(items)]
    return Together(result, False)
