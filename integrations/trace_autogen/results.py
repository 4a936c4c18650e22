"""Where the messages of a run's result came from, and which call any message or event came from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import BaseChatMessage, ModelClientStreamingChunkEvent

from trace_autogen import values
from trace_autogen.said import is_a
from trace_core.recording import Call, Origin

if TYPE_CHECKING:
    from trace_autogen.flow import AutoGenFlow

_CHANGED = ("contains", "inside")


class Spoken(Origin):
    """Where the messages of a run came from; as a whole it is its last message.

    Args:
        last: where that came from.
        others: where each other message came from, by its index.
    """

    __slots__ = ("_others",)

    def __init__(self, last: Origin, others: Mapping[Hashable, Origin]) -> None:
        super().__init__(last.sources)
        self._others = others

    def at(self, key: Hashable) -> Origin:
        """The origin of one message."""
        return self._others.get(key) or super().at(key)


def of_result(flow: AutoGenFlow, result: TaskResult, last: BaseChatMessage, run: Call) -> Origin:
    """Where what a run gave came from; how that is known is told where an agent's code changed its model's words."""
    maker = flow.maker(last)
    ends = Origin() if maker is None or maker is run else flow.origin_out(maker)
    if not any(why in _CHANGED for why in ends.sources.values()):
        ends = flow.of_chat(last, run)
    return Spoken(ends, {i: _of_message(flow, each, run) for i, each in enumerate(result.messages) if each is not last})


def _of_message(flow: AutoGenFlow, message: Any, run: Call) -> Origin:
    """Where one of the messages came from; of an event that tells of several calls, each part of it."""
    if isinstance(message, BaseChatMessage):
        return flow.of_chat(message, run)
    parts = dict(enumerate(message.content)) if isinstance(getattr(message, "content", None), list) else {}
    calls = {i: flow.said.asked.get(id(part)) or flow.said.results.get(id(part)) for i, part in parts.items()}
    known: dict[Hashable, Origin] = {i: Origin({found[-1]: "identity"}) for i, found in calls.items() if found}
    by = None if known else source_of(flow, message)
    return Origin({by: "identity"}) if by is not None else Origin(parts={"content": Origin(parts=known)})


def source_of(flow: AutoGenFlow, message: Any) -> Call | None:
    """The call of this run that gave a message, an event, or a chunk of a stream, or what stands for the task."""
    said = flow.said
    if (by := said.events.get(id(message))) is not None:
        return next((call for call in flow.children[by] if call.kind == "select"), None) if is_a(by, "step") else by
    if isinstance(message, ModelClientStreamingChunkEvent):
        key = message.full_message_id or ""
        return said.chat_by_id.get(key) or said.streamed.get(key)
    chat = values.chat_message(message)
    if chat is not None:
        given = flow.given(chat) or Origin()
        return said.maker(chat) or next(iter(given.sources), None)
    for part in message.content if isinstance(getattr(message, "content", None), list) else ():
        found = said.asked.get(id(part)) or said.results.get(id(part))
        if found:
            return found[-1]
    return None
