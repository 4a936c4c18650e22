"""An answer in the shapes of the Responses API: one body, or the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.openai.answers import Answer
from tests.openai.chat_wire import CREATED, JSON, call_ids, pieces, snapshot, tokens

# Why an answer is not whole, in the words of this API.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def items(answer: Answer, number: int) -> list[JSON]:
    """The output: reasoning, then a message, then the calls. The API gives one choice."""
    choice, ids = answer.choices[0], call_ids(answer, number)
    found: list[JSON] = []
    if answer.reasoning is not None:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        found.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary})
    status = "incomplete" if choice.finish in INCOMPLETE else "completed"
    part: JSON | None = None
    if choice.refusal is not None:
        part = {"type": "refusal", "refusal": choice.refusal}
    elif choice.text is not None:
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": choice.text}
    if part is not None:
        message = {"id": f"msg_{number}", "type": "message", "status": status, "content": [part]}
        found.append({**message, "role": "assistant"})
    for place, (name, arguments) in enumerate(choice.calls):
        call = {"id": f"fc_{number}_{place}", "type": "function_call", "status": "completed"}
        found.append({**call, "arguments": arguments, "call_id": next(ids), "name": name})
    return found


def usage(answer: Answer, asked: JSON) -> JSON:
    given = tokens([asked.get("instructions"), asked.get("input")])
    made = tokens([answer.choices[0].text, answer.choices[0].refusal, *answer.choices[0].calls])
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + made,
    }


def blank(asked: JSON, number: int) -> JSON:
    """A response that has begun: what was asked, and no output."""
    conversation = asked.get("conversation")
    if isinstance(conversation, str):
        conversation = {"id": conversation}
    settings: JSON = {
        "background": False,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
    }
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": snapshot(asked),
        "output": [],
        **{name: asked.get(name, usual) for name, usual in settings.items()},
        **({"conversation": conversation} if conversation else {}),
        "usage": None,
    }


def response_body(answer: Answer, asked: JSON, number: int) -> JSON:
    reason = INCOMPLETE.get(answer.choices[0].finish)
    return {
        **blank(asked, number),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items(answer, number),
        "usage": usage(answer, asked),
    }


def failed_body(message: str, asked: JSON, number: int) -> JSON:
    return {**blank(asked, number), "status": "failed", "error": {"code": "server_error", "message": message}}


def response_events(answer: Answer, asked: JSON, number: int) -> Iterator[JSON]:
    """The events of a stream, in the API's order, without their sequence numbers."""
    begun = blank(asked, number)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items(answer, number)):
        yield from item_events(item, index)
    whole = response_body(answer, asked, number)
    yield {"type": f"response.{whole['status']}", "response": whole}


def item_events(item: JSON, index: int) -> Iterator[JSON]:
    """Those of one item: it is added empty, filled, and done."""
    empty: JSON
    match item["type"]:
        case "reasoning":
            empty, filling = {"summary": []}, reasoning_events(item, index)
        case "message":
            empty, filling = {"content": [], "status": "in_progress"}, message_events(item, index)
        case _:
            empty, filling = {"arguments": "", "status": "in_progress"}, call_events(item, index)
    yield {"type": "response.output_item.added", "output_index": index, "item": {**item, **empty}}
    yield from filling
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def reasoning_events(item: JSON, index: int) -> Iterator[JSON]:
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    text = item["summary"][0]["text"]
    stem = "response.reasoning_summary"
    yield {"type": f"{stem}_part.added", **place, "part": {"type": "summary_text", "text": ""}}
    yield from ({"type": f"{stem}_text.delta", **place, "delta": piece} for piece in pieces(text))
    yield {"type": f"{stem}_text.done", **place, "text": text}
    yield {"type": f"{stem}_part.done", **place, "part": {"type": "summary_text", "text": text}}


def message_events(item: JSON, index: int) -> Iterator[JSON]:
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    field = "text" if part["type"] == "output_text" else "refusal"
    more: dict[str, Any] = {"logprobs": []} if field == "text" else {}
    yield {"type": "response.content_part.added", **place, "part": {**part, field: ""}}
    for piece in pieces(part[field]):
        yield {"type": f"response.{part['type']}.delta", **place, "delta": piece, **more}
    yield {"type": f"response.{part['type']}.done", **place, field: part[field], **more}
    yield {"type": "response.content_part.done", **place, "part": part}


def call_events(item: JSON, index: int) -> Iterator[JSON]:
    place = {"item_id": item["id"], "output_index": index}
    arguments = item["arguments"]
    for start in range(0, len(arguments), 6):
        piece = arguments[start : start + 6]
        yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    yield {"type": "response.function_call_arguments.done", **place, "name": item["name"], "arguments": arguments}
