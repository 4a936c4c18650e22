"""LlamaIndex's values: what is in them, and how they are shown as plain data."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Hashable, Iterator, Mapping
from types import NoneType
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, QueryBundle
from llama_index.core.workflow import Event
from pydantic import BaseModel

from trace_core.recording import MISSING
from trace_core.recording.call import Call
from trace_core.recording.likeness import words
from trace_llamaindex.snapshots import Page, Reply, Streamed, Told, snapshot, told

_PLAIN = (str, int, float, complex, bool, bytes, NoneType)
_PLACEHOLDER = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{[^{}]*\}", re.DOTALL)


def opened(value: Any) -> Mapping[Hashable, Any] | None:
    """The parts of a value by key, for finding out where each came from; of a message or a node, its text."""
    if isinstance(value, Told):
        return {"content": value.text, **{("tool", id or name): as_data(given) for id, name, given in value.asks}}
    if isinstance(value, Reply):
        parts: dict[Hashable, Any] = {"text": value.text} if value.message is None else {"message": value.message}
        return parts if value.data is None else {**parts, "data": value.data}
    if isinstance(value, Page):
        return {"text": value.text}
    if isinstance(value, Streamed):
        return {}
    if isinstance(value, QueryBundle):
        more = value.custom_embedding_strs
        return {"query_str": value.query_str, **({"custom_embedding_strs": more} if more else {})}
    if isinstance(value, BaseNode):
        return {"text": value.get_content(metadata_mode=MetadataMode.LLM)}
    if isinstance(value, Event):
        return fields(value)
    if isinstance(value, BaseModel):
        return {name: getattr(value, name, None) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name, None) for each in dataclasses.fields(value)}
    return None


def key(value: Any) -> Hashable | None:
    """LlamaIndex's own id of a value: none, since two retrievals of one node have one id."""
    return None


def fields(event: Event) -> dict[Hashable, Any]:
    """What is in an event: its declared fields, and those that it was given besides."""
    return {**{name: getattr(event, name, None) for name in type(event).model_fields}, **dict(event.items())}


def as_data(given: Any) -> Any:
    """The arguments of a tool call, which some models write as JSON."""
    if isinstance(given, str):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return given


def plain(value: Any, depth: int = 0) -> Any:
    """A value as plain data, as an optimizer or a page shows it; what is not known is shown by its type's name.

    An object may hold a key: nothing is shown of it that is not known to be text or data.
    """
    if isinstance(value, _PLAIN):
        return value
    if value is MISSING or depth > 8:
        return None if value is MISSING else f"<{type(value).__name__}>"
    value = snapshot(value, [], depth=9)
    if isinstance(value, (Told, Reply, Page, Streamed)):
        return _shown(value, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        if value and all(isinstance(item, Told) for item in value):
            return [{"role": item.role, "content": plain(item, depth + 1)} for item in value]
        items = [plain(item, depth + 1) for item in value]
        return tuple(items) if type(value) is tuple else items
    if isinstance(value, dict):
        return {str(name): plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, QueryBundle) and not value.custom_embedding_strs:
        return value.query_str
    if isinstance(value, (QueryBundle, BaseNode, Event)) or _is_record(value):
        return {str(name): plain(item, depth + 1) for name, item in (opened(value) or {}).items()}
    return f"<{type(value).__name__}>"


def _shown(value: Any, depth: int) -> Any:
    if isinstance(value, Page):
        return {"text": value.text} if value.score is None else {"text": value.text, "score": round(value.score, 4)}
    if isinstance(value, Streamed):
        return "<stream>"
    if isinstance(value, Reply):
        if value.data is not None:
            return plain(value.data, depth + 1)
        return value.text if value.message is None else plain(value.message, depth)
    if not value.asks:
        return value.text
    asked = [{"name": name, "args": plain(as_data(given), depth + 1)} for _, name, given in value.asks]
    return {"text": value.text, "tool_calls": asked} if value.text else {"tool_calls": asked}


def _is_record(value: Any) -> bool:
    """Whether it is a record of the user's, or an answer that LlamaIndex parsed: not one of its components."""
    kinds: tuple[type, ...] = type(value).__mro__
    if isinstance(value, type) or not (isinstance(value, BaseModel) or dataclasses.is_dataclass(value)):
        return False
    modules = {kind.__module__ for kind in kinds} - _RECORDS
    return not any(module.partition(".")[0] in _LLAMAINDEX for module in modules)


_LLAMAINDEX = ("llama_index", "llama_index_instrumentation", "workflows")
_RECORDS = {
    "llama_index.core.base.base_selector",
    "llama_index.core.question_gen.types",
    "llama_index.core.output_parsers.base",
    "llama_index.core.response_synthesizers.refine",
}


def was_sent(call: Call, argument: str, value: Any) -> bool:
    """Whether a call shows a text that code around it read: all pieces of it between its placeholders."""
    if not isinstance(value, str):
        return True
    if call.kind != "llm":
        return call.kind == "select"
    said = words(" ".join(_texts([call.inputs, call.details.get("tools")])))
    ways = {value, repr(value)[1:-1]}  # agents are described to each other as a dict is printed
    return any(all(words(piece).strip() in said for piece in _PLACEHOLDER.split(way)) for way in ways)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Told):
        yield value.text
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def messages_text(call: Call) -> str:
    """All that a model was told, as one text."""
    return call.inputs if isinstance(call.inputs, str) else "\n".join(each.text for each in told(call.inputs))


def usage_of(response: Any) -> dict[str, int] | None:
    """The tokens that a model's answer took, where it says so."""
    extra = getattr(response, "additional_kwargs", None) or {}
    found = {name: extra[name] for name in extra if name.endswith("_tokens") and isinstance(extra[name], int)}
    if found:
        return found
    raw = getattr(response, "raw", None)
    usage = raw.get("usage") if isinstance(raw, dict) else getattr(raw, "usage", None)
    listed = usage if isinstance(usage, dict) else getattr(usage, "__dict__", {})
    return {name: count for name, count in listed.items() if isinstance(count, int)} or None
