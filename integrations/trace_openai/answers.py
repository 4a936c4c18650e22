"""What a model answered, read from the API's objects, or from the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trace_openai.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that a model asks for: its id, name, and arguments as JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a model that is not only text."""

    text: str | None
    tool_calls: tuple[ToolCall, ...]


@dataclass(slots=True)
class Answer:
    """An answer.

    `output` is a text, a `Said`, or a list of such for several choices; `objects` are the API's own, which a program
    may send back, and `ids` the ids by which it can name them.
    """

    output: Any
    info: dict[str, Any] = field(default_factory=dict)
    objects: list[Any] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)


def get(value: Any, name: str) -> Any:
    """A field of an object of the API, or of the same as JSON; None where it has none."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def read_answer(endpoint: Endpoint, result: Any) -> Answer:
    """What is in an answer of an endpoint; of one that is no such answer, nothing."""
    if endpoint.path == "/embeddings":
        return _embedded(result)
    answer = _responded(result) if endpoint.path == "/responses" else _chosen(result)
    answer.objects.append(result)
    answer.info.update(_info(result))
    return answer


def _chosen(result: Any) -> Answer:
    """Of chat completions and of completions: a message for each choice."""
    said: list[Any] = []
    objects: list[Any] = []
    ids: set[str] = set()
    finished = None
    for choice in get(result, "choices") or ():
        message = get(choice, "message")
        finished = get(choice, "finish_reason") or finished
        if message is None:
            said.append(get(choice, "text"))
            continue
        calls = tuple(call for each in get(message, "tool_calls") or () if (call := _called(each)) is not None)
        ids.update(call.id for call in calls)
        said.append(_as_said(get(message, "content") or get(message, "refusal"), calls))
        objects += _objects(message)
    info = {} if finished is None else {"finish_reason": finished}
    return Answer(said if len(said) > 1 else next(iter(said), None), info, objects, ids)


def _responded(result: Any) -> Answer:
    """Of a response: the text of its messages, and the functions that it asks for."""
    texts, calls, objects = [], [], []
    items = list(get(result, "output") or ())
    ids = {id for each in (result, *items) if isinstance(id := get(each, "id"), str)}
    for item in items:
        kind = get(item, "type")
        if kind == "message":
            parts = get(item, "content") or ()
            objects += [made for part in parts for made in _objects(part)[1:]]
            texts += [text for part in parts if (text := get(part, "text") or get(part, "refusal"))]
        elif kind in ("function_call", "custom_tool_call"):
            arguments = get(item, "arguments") if kind == "function_call" else get(item, "input")
            call = ToolCall(get(item, "call_id") or "", get(item, "name") or "", arguments or "")
            calls.append(call)
            ids.add(call.id)
    status = get(result, "status")
    info = {} if status is None else {"finish_reason": status}
    return Answer(_as_said("".join(texts) or None, tuple(calls)), info, [*items, *objects], ids)


def _objects(told: Any) -> list[Any]:
    """A message, or a part of one, and what the SDK made of its text for a program that asked for a class."""
    parsed = get(told, "parsed")
    return [told] if parsed is None else [told, parsed]


def _called(asked: Any) -> ToolCall | None:
    inner = get(asked, "function") or get(asked, "custom")
    if inner is None:
        return None
    return ToolCall(
        get(asked, "id") or "", get(inner, "name") or "", get(inner, "arguments") or get(inner, "input") or ""
    )


def _as_said(text: str | None, calls: tuple[ToolCall, ...]) -> Any:
    return Said(text, calls) if calls else text


def _embedded(result: Any) -> Answer:
    vectors = [get(each, "embedding") for each in get(result, "data") or ()]
    length = len(vectors[0]) if vectors and isinstance(vectors[0], list) else None
    of = "" if length is None else f" of {length} numbers"
    count = f"{len(vectors)} embedding{'' if len(vectors) == 1 else 's'}"
    return Answer(f"{count}{of}", _info(result), [result, *vectors])


def _info(result: Any) -> dict[str, Any]:
    """What an answer cost, in tokens, under the names that chat completions have."""
    info: dict[str, Any] = {}
    if isinstance(id := get(result, "id"), str):
        info["id"] = id
    usage = get(result, "usage")
    if usage is not None:
        sent = get(usage, "prompt_tokens") if get(usage, "prompt_tokens") is not None else get(usage, "input_tokens")
        answered = get(usage, "completion_tokens")
        answered = get(usage, "output_tokens") if answered is None else answered
        counted = {"prompt_tokens": sent, "completion_tokens": answered}
        info["usage"] = {name: number for name, number in counted.items() if isinstance(number, int)}
    return info
