"""An answer in the shapes of Chat Completions, of the older Completions, and of Embeddings."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator
from itertools import count, zip_longest
from typing import Any

from tests.openai.answers import Answer, Choice, Vectors

JSON = dict[str, Any]
CREATED = 1_760_000_000


def pieces(text: str) -> list[str]:
    """The text in the pieces in which it is streamed: words, each with the space before it."""
    return re.findall(r"\s*\S+|\s+$", text)


def tokens(value: Any) -> int:
    """A number of tokens, the same whether or not the call is streamed."""
    return len(pieces(json.dumps(value)))


def snapshot(asked: JSON) -> str:
    """The model's full name: the API answers with the dated one."""
    return f"{asked['model']}-2024-07-18"


def call_ids(answer: Answer, number: int) -> Iterator[str]:
    """The ids of the tool calls in order: the test's, then `call_<number of the request>_<place>`."""
    yield from answer.ids
    for place in count(len(answer.ids)):
        yield f"call_{number}_{place}"


def usage(answer: Answer, asked: JSON) -> JSON:
    prompt = tokens(asked.get("messages", asked.get("prompt")))
    completion = sum(tokens([choice.text, choice.refusal, *choice.calls]) for choice in answer.choices)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def head(kind: str, asked: JSON, number: int) -> JSON:
    head = {"id": f"chatcmpl-{number}", "object": kind, "created": CREATED, "model": snapshot(asked)}
    return {**head, "service_tier": "default", "system_fingerprint": "fp_44709d6fcb"}


# --- Chat Completions


def chat_body(answer: Answer, asked: JSON, number: int) -> JSON:
    ids = call_ids(answer, number)
    choices = []
    for index, choice in enumerate(answer.choices):
        message: JSON = {"role": "assistant", "content": choice.text, "refusal": choice.refusal, "annotations": []}
        if choice.calls:
            message["tool_calls"] = [
                {"id": next(ids), "type": "function", "function": {"name": name, "arguments": arguments}}
                for name, arguments in choice.calls
            ]
        choices.append({"index": index, "message": message, "logprobs": None, "finish_reason": choice.finish})
    return {**head("chat.completion", asked, number), "choices": choices, "usage": usage(answer, asked)}


def deltas(choice: Choice, ids: list[str]) -> Iterator[JSON]:
    yield {"role": "assistant", "content": None if choice.text is None else "", "refusal": None}
    yield from ({"content": piece} for piece in pieces(choice.text or ""))
    yield from ({"refusal": piece} for piece in pieces(choice.refusal or ""))
    for index, ((name, arguments), call_id) in enumerate(zip(choice.calls, ids, strict=True)):
        function = {"name": name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]}
        for start in range(0, len(arguments), 6):
            piece = {"index": index, "function": {"arguments": arguments[start : start + 6]}}
            yield {"tool_calls": [piece]}


def chat_chunks(answer: Answer, asked: JSON, number: int) -> Iterator[JSON]:
    """The chunks of a stream; those of several choices are mixed, as the API mixes them."""
    counting = (asked.get("stream_options") or {}).get("include_usage", False)
    first = head("chat.completion.chunk", asked, number) | ({"usage": None} if counting else {})
    ids = call_ids(answer, number)
    told = [list(deltas(choice, [next(ids) for _ in choice.calls])) for choice in answer.choices]
    for row in zip_longest(*told):
        for index, delta in enumerate(row):
            if delta is not None:
                part = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
                yield {**first, "choices": [part]}
    for index, choice in enumerate(answer.choices):
        yield {**first, "choices": [{"index": index, "delta": {}, "logprobs": None, "finish_reason": choice.finish}]}
    if counting:
        yield {**first, "choices": [], "usage": usage(answer, asked)}


# --- Completions


def completion_head(asked: JSON, number: int) -> JSON:
    return {"id": f"cmpl-{number}", "object": "text_completion", "created": CREATED, "model": snapshot(asked)}


def completion_body(answer: Answer, asked: JSON, number: int) -> JSON:
    choices = [
        {"text": choice.text or "", "index": index, "logprobs": None, "finish_reason": choice.finish}
        for index, choice in enumerate(answer.choices)
    ]
    return {**completion_head(asked, number), "choices": choices, "usage": usage(answer, asked)}


def completion_chunks(answer: Answer, asked: JSON, number: int) -> Iterator[JSON]:
    first = completion_head(asked, number)
    for index, choice in enumerate(answer.choices):
        for piece in pieces(choice.text or ""):
            part = {"text": piece, "index": index, "logprobs": None, "finish_reason": None}
            yield {**first, "choices": [part]}
        yield {**first, "choices": [{"text": "", "index": index, "logprobs": None, "finish_reason": choice.finish}]}
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield {**first, "choices": [], "usage": usage(answer, asked)}


# --- Embeddings


def embeddings_body(answer: Vectors, asked: JSON, number: int) -> JSON:
    """The vectors, as base64 of 32-bit floats where the request says so, as the SDK's do."""
    coded = asked.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if coded else vector,
        }
        for index, vector in enumerate(answer.vectors)
    ]
    count = tokens(asked["input"])
    return {
        "object": "list",
        "data": data,
        "model": snapshot(asked),
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }
