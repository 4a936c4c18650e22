"""Tools that the program's own code ran: nobody saw them run, but their results are sent to the model.

A result names the call that it answers, so it is a node between the answer that asked for it and what comes next.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from trace_core.recording import Call
from trace_openai.answers import Said, ToolCall, get

if TYPE_CHECKING:
    from trace_openai.asked import Item

STEP = 1_000
"""By how much the numbers of a recorder's events differ: between two of them is room for the tools of a request."""


Asker = Callable[[str, "Item | None", Call], "Call | None"]
"""Gives the call that asked for a tool: of its id, the message before the result that has it, and who was sent that."""


def answered_id(item: Mapping[str, Any]) -> str | None:
    """The id of the call of a tool whose result this message or item is."""
    name = "tool_call_id" if item.get("role") == "tool" else "call_id" if "output" in item else ""
    found = item.get(name)
    return found if isinstance(found, str) else None


def tools_in(models: Iterable[Call], asker: Asker) -> dict[int, Call]:
    """The calls of tools whose results were sent, by the ids of the messages (the objects') in which they stand."""
    found: dict[int, Call] = {}
    made: dict[tuple[Call, str, int, str], Call] = {}
    for model in models:
        answered: Counter[tuple[Call, str]] = Counter()
        asking: dict[str, Item] = {}
        new = 0
        for item in model.details["asked"].get(model.details["endpoint"].asked, ()):
            id = answered_id(item.sent)
            if id is None:
                asking.update((each, item) for each, _ in item.ids)
                continue
            asked_by = asker(id, asking.get(id), model)
            if asked_by is None:
                continue
            key = (asked_by, id, answered[asked_by, id], text_of_result(item.sent))
            answered[asked_by, id] += 1
            if key not in made:
                made[key] = _tool(*key, model, item.index, new)
                new += 1
            found[_key(item.sent)] = made[key]
    return found


def text_of_result(item: Mapping[str, Any]) -> str:
    """What a tool gave, as text."""
    value = item.get("content") if "content" in item else item.get("output")
    if isinstance(value, list):
        value = "\n".join(text for part in value if isinstance(text := get(part, "text"), str))
    return value if isinstance(value, str) else ""


def _tool(asked_by: Call, id: str, place: int, text: str, sent_by: Call, index: int, new: int) -> Call:
    """The call whose result is the one in this place of those that answer an id: some servers give it to several."""
    asked = calls_with(asked_by.output, id)
    call = asked[min(place, len(asked) - 1)] if asked else ToolCall(id, "tool", "")
    began = sent_by.began - STEP + 2 * min(new, STEP // 2 - 1) + 1
    details = {"asked_by": asked_by, "sent_by": sent_by, "index": index}
    tool = Call((sent_by.id, index), sent_by.parent, "tool", call.name, _data(call.arguments), began, details)
    if "strayed" in sent_by.details:
        details["strayed"] = True
    tool.callers = sent_by.callers
    tool.end(text, began + 1)
    return tool


def _calls(output: Any) -> list[ToolCall]:
    said = output if isinstance(output, list) else [output]
    return [call for each in said if isinstance(each, Said) for call in each.tool_calls]


def calls_with(output: Any, id: str) -> list[ToolCall]:
    """The calls of tools in an answer that have this id."""
    return [call for call in _calls(output) if call.id == id]


def _data(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


_key = id  # `id` names a tool call's id
