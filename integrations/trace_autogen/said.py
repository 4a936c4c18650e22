"""Who said what: the calls of a run by the very messages, requests and results that they gave.

AutoGen hands messages on as the objects that they are: from an agent to its team's members, from a model's answer to
the tools and to the context of the next request. So identity comes first, ids next, and equal texts last, for messages
that are made anew of others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from autogen_agentchat.base import TaskResult
from autogen_agentchat.messages import BaseChatMessage, HandoffMessage
from autogen_core.models import CreateResult

from trace_autogen import values
from trace_core.recording import Call, Origin


class Said:
    """What the calls of a run said."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.known: dict[int, Origin] = {}
        """Where messages of a model's context came from, by their identity."""
        self.kept: list[Call] = []
        """What stands for messages that contexts held from the beginning."""
        self.chat: dict[int, Call] = {}
        """What made a message of the chat; the innermost, where it is passed on."""
        self.chat_by_id: dict[str, Call] = {}
        self.messages: list[tuple[BaseChatMessage, Call]] = []
        """The messages of the chat in the order in which they were said."""
        self.asked: dict[int, list[Call]] = defaultdict(list)
        self.results: dict[int, list[Call]] = defaultdict(list)
        self.results_by_id: dict[str, list[Call]] = defaultdict(list)
        self.events: dict[int, Call] = {}
        """Of which call an event tells; the step of a manager, of a selection."""
        self.streamed: dict[str, Call] = {}
        """The models whose answers came in chunks, by the id of the message that these were to become."""
        for call in sorted(calls, key=lambda call: call.ended or 0):
            self._enter(call)

    def maker(self, message: Any) -> Call | None:
        """The call that made a message of the chat."""
        return self.chat.get(id(message)) or self.chat_by_id.get(getattr(message, "id", ""))

    def _enter(self, call: Call) -> None:
        self.events |= {id(event): by for event, by in call.details.get("events", ())}
        self.streamed |= call.details.get("streamed", {})
        message = None if isinstance(call.gave, TaskResult) else values.chat_message(call.gave)
        if message is not None and id(message) not in self.chat:
            self.chat[id(message)] = call
            self.chat_by_id.setdefault(message.id, call)
            self.messages.append((message, call))
        if call.kind == "llm":
            for asked in requests(call):
                self.asked[id(asked)].append(call)
        elif call.kind == "tool" and "result" in call.details:
            self.results[id(call.details["result"])].append(call)
            self.results_by_id[call.details["result"].call_id].append(call)
        elif call.kind == "memory":
            self.known |= {id(added): Origin({call: "identity"}) for added in call.details.get("added", ())}
        elif call.kind == "handoff" and isinstance(call.gave, HandoffMessage):
            self.known |= {id(passed): Origin({call: "identity"}) for passed in call.gave.context}


def is_a(call: Call | None, *kinds: str) -> bool:
    """What AutoGen's calls are beside their kind: run, turn, step, message, summary."""
    return call is not None and call.details.get("is") in kinds


def requests(call: Call) -> list[Any]:
    """The tool calls that a model asked for."""
    result = call.details.get("result")
    return list(result.content) if isinstance(result, CreateResult) and isinstance(result.content, list) else []


def answer(call: Call) -> str | None:
    """The text that a model answered with."""
    result = call.details.get("result")
    return result.content if isinstance(result, CreateResult) and isinstance(result.content, str) else None


def latest(calls: Iterable[Call], before: int) -> Call | None:
    """The one that ended last before a time."""
    done = [call for call in calls if call.ended is not None and call.ended < before]
    return max(done, key=lambda call: call.ended or 0, default=None)


def says(message: BaseChatMessage, source: str | None, content: Any) -> bool:
    """Whether a message of the chat is what a context's message says."""
    if source is not None and message.source != source:
        return False
    try:
        return values.model_messages(message) == (message.source, content) or message.to_model_text() == content
    except Exception:  # noqa: BLE001 - a message of the user's own class may raise anything; then it is not known
        return False
