"""The SDK's values: what is in them, and how they are shown as plain data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Mapping
from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    ModelResponse,
    RunState,
    ToolOutputFileContent,
    ToolOutputImage,
    ToolOutputText,
)
from agents.result import RunResultBase
from pydantic import BaseModel

from trace_core.recording import MISSING
from trace_openai.agents.items import call_id, field, is_message_of_model, text_of

_DEEPEST = 8
_SDK = ("agents", "openai")
_RECORDS = (GuardrailFunctionOutput, ToolOutputText, ToolOutputImage, ToolOutputFileContent)


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key, for finding out where each came from."""
    if isinstance(value, ModelResponse):
        said = _said(value)
        return said if isinstance(said, dict) else {"text": said}
    if isinstance(value, RunResultBase):
        return {"final_output": value.final_output}
    if isinstance(value, (Agent, RunState)):
        return {}
    if isinstance(value, BaseModel):
        return {name: getattr(value, name, None) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(value)}
    return None


def key(value: Any) -> Hashable | None:
    """Ids of items are not relied upon: some models give all of theirs the same."""
    return None


def plain(value: Any, depth: int = 0) -> Any:
    """A value as plain data: an answer by its text, or by the tools that it asks for; items by who said what.

    An object may hold a key: of one that is no record, only its type's name is shown.
    """
    if value is None or value is MISSING:
        return None
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, ModelResponse):
        return _said(value)
    if isinstance(value, RunResultBase):
        return plain(value.final_output, depth + 1)
    if isinstance(value, dict) and "role" in value and "content" in value:
        return {"role": value["role"], "content": text_of(value) or plain(value.get("content"), depth + 1)}
    inner = _inside(value)
    if inner is None or depth > _DEEPEST:
        return f"<{type(value).__name__}>"
    shown = {each: plain(part, depth + 1) for each, part in inner.items()}
    if isinstance(value, (list, tuple)):
        return tuple(shown.values()) if isinstance(value, tuple) else list(shown.values())
    return shown


def _inside(value: Any) -> Mapping[Any, Any] | None:
    """What is in a list, a dict or a record."""
    if isinstance(value, (dict, list, tuple)):
        return value if isinstance(value, dict) else dict(enumerate(value))
    is_record = isinstance(value, _RECORDS) or not any(
        kind.__module__.partition(".")[0] in _SDK for kind in type(value).__mro__
    )
    return opened(value) if is_record else None


def arguments(text: Any) -> Any:
    """The arguments of a call, which a model writes as JSON, or their text."""
    try:
        return json.loads(text or "{}")
    except (TypeError, ValueError):
        return text


def _said(response: ModelResponse) -> Any:
    text = "".join(text_of(item) for item in response.output if is_message_of_model(item))
    asked = [_asked(item) for item in response.output if call_id(item) is not None]
    if not asked:
        return text
    return {**({"text": text} if text else {}), "tool_calls": asked}


def _asked(item: Any) -> dict[str, Any]:
    name = field(item, "name") or str(field(item, "type")).removesuffix("_call")
    given = field(item, "arguments") or field(item, "input") or field(item, "action") or field(item, "operation")
    return {"name": name, "args": arguments(given) if isinstance(given, str) else plain(given)}
