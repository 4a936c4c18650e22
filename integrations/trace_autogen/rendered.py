"""What stands in a text that a manager rendered: messages of the thread, the task, what its model said before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from autogen_agentchat.messages import BaseChatMessage

from trace_autogen.said import answer, is_a
from trace_core.recording import Call, Origin

if TYPE_CHECKING:
    from trace_autogen.flow import AutoGenFlow

_TELLING = 8


def rendered(flow: AutoGenFlow, text: str, call: Call, step: Call | None) -> Origin:
    """What stands in a text that a manager put together: the task, its model's words, the thread's messages."""
    found: dict[Call, str] = {}
    run = flow.parent(step) if step is not None else None
    if run is not None:
        for part in flow.matcher.parts_of(run.inputs).texts:
            if contains(text, part[1]):
                found |= flow.origin_in(run).because("contains").sources
    for message in call.details.get("thread", ()):
        if isinstance(message, BaseChatMessage) and f"{message.source}: {message.to_model_text()}".strip() in text:
            found |= flow.of_chat(message, step).because("contains").sources
    for other in _planning(flow, run):
        said = answer(other)
        if (other.ended or 0) < call.began and said and contains(text, said):
            found.setdefault(other, "contains")
    return Origin(found)


def _planning(flow: AutoGenFlow, run: Call | None) -> list[Call]:
    """A manager's models that did more than select a speaker, whose name may stand in any prompt."""
    steps = [flow.children[each] for each in flow.children[run] if is_a(each, "step")]
    plans = [
        calls
        for calls in steps
        if (calls and calls[-1].kind != "select") or any(is_a(call, "message") for call in calls)
    ]
    return [call for calls in plans for call in calls if call.kind == "llm"]


def contains(text: str, part: str) -> bool:
    """Whether a text stands in another; a short one only as words of their own."""
    part = part.strip()
    if not part or part not in text:
        return False
    if len(part) >= _TELLING:
        return True
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def texts_in(answer: str) -> Iterator[str]:
    """The texts in what a model answered as JSON, which may stand in a fence or behind a word of its own."""
    start, end = answer.find("{"), answer.rfind("}")
    if start >= 0:
        try:
            yield from texts_of(json.loads(answer[start : end + 1]))
        except (ValueError, RecursionError):
            return


def texts_of(value: Any) -> Iterator[str]:
    """The texts in lists and dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_of(item)
