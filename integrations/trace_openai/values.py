"""What goes to the API and comes from it: what is in it, and how it is shown as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from typing import Any

from trace_core.nodes import Node
from trace_core.recording import MISSING
from trace_openai.answers import Said, ToolCall, read_answer
from trace_openai.asked import Item
from trace_openai.endpoints import endpoint_of

_LONG_DATA = re.compile(r"(data:[\w/+.-]+;base64,)\S{40,}")
_PLAIN = (str, int, float, bool, bytes, type(None))


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key, for finding out where each came from."""
    if isinstance(value, Item):
        return dict(enumerate(value.texts))
    if isinstance(value, Said):
        return {"text": value.text, **{("tool", index): call for index, call in enumerate(value.tool_calls)}}
    if isinstance(value, ToolCall):
        return {"arguments": value.arguments}
    return {} if isinstance(value, Node) else None


def key(value: Any) -> Hashable | None:
    """Ids are looked at by the flow, which knows whose they are."""
    return None


def text_of(answer: Any) -> str | None:
    """The text of an answer, if it has one."""
    return answer.text if isinstance(answer, Said) else answer if isinstance(answer, str) else None


def is_parsed(text: str, value: Any) -> bool:
    """Whether a value is what a text says as JSON, be it as an object of a class."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    return isinstance(value, (dict, list)) and _data(text) == value


def plain(value: Any, depth: int = 0) -> Any:
    """A value as plain data; what is not known to be data is shown by its type's name, since it may hold a key."""
    if isinstance(value, _PLAIN):
        return value
    if value is MISSING or depth > 8:
        return None if value is MISSING else f"<{type(value).__name__}>"
    if isinstance(value, Item):
        return _joined(value)
    if isinstance(value, list) and value and all(isinstance(each, Item) for each in value):
        return [{"role": each.role, "content": _joined(each)} if each.role else _joined(each) for each in value]
    if isinstance(value, Said):
        calls = [{"name": call.name, "args": _data(call.arguments)} for call in value.tool_calls]
        return {**({"text": value.text} if value.text else {}), "tool_calls": calls}
    if isinstance(value, dict):
        return {str(name): plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(item, depth + 1) for item in value]
        return tuple(items) if type(value) is tuple else items
    if isinstance(value, Node):
        return plain(value._peek(), depth + 1)
    return _plain_object(value, depth)


def _plain_object(value: Any, depth: int) -> Any:
    """An answer of the API as it is where it is recorded; of another model of pydantic's, its fields."""
    path = "/chat/completions" if hasattr(value, "choices") else "/responses" if hasattr(value, "output") else ""
    endpoint = endpoint_of("post", path)
    if endpoint is not None and type(value).__module__.startswith("openai."):
        return plain(read_answer(endpoint, value).output, depth + 1)
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(), depth + 1)
    return f"<{type(value).__name__}>"


def _joined(item: Item) -> str:
    return "\n".join(_LONG_DATA.sub(r"\1…", text) for text in item.texts)


def _data(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
