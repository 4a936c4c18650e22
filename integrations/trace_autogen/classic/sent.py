"""The messages that agents sent, found by where they stand in the agents' conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trace_autogen.classic.conversations import Key
from trace_core.recording import Call


class Sent:
    """The messages among the calls of a conversation.

    Args:
        calls: in the order in which they began.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._at: dict[Key, list[Call]] = {}
        self._between: dict[tuple[Any, Any], list[Call]] = {}
        for call in calls:
            for key in call.details.get("places", ()):
                self._at.setdefault(key, []).append(call)
                self._between.setdefault(key[:2], []).append(call)

    def seen(self, keys: Sequence[Key], message: Any, call: Call) -> Call | None:
        """The last message that was sent to a place before a call; where history was cut, the last with the same text.

        Args:
            keys: where the message stands that the call was shown.
            message: as it was shown.
            call: what it was shown to.
        """
        for sent in [self._at.get(key, ()) for key in keys] + [self._between.get(key[:2], ()) for key in keys]:
            for each in _before(call, sent):
                if is_same(each.output, message):
                    return each
        for key in keys:  # a hook wrote another text into it
            there = next(_before(call, self._at.get(key, ())), None)
            if there is not None and self._is_whole(key, call):
                return there
        return None

    def introduction(self, keys: Sequence[Key], message: Any, call: Call) -> Call | None:
        """The message, if it introduced the agents of a group chat to each other by what is learned of them."""
        introductions = any(each.reads for key in keys for each in self._at.get(key, ()))
        return self.seen(keys, message, call) if introductions else None

    def _is_whole(self, key: Key, call: Call) -> bool:
        """Whether a call was shown all that two agents have said: no message stands elsewhere than it did."""
        seen = [each[2] for keys in call.details.get("keys", ()) for each in keys if each[:2] == key[:2]]
        last = next(_before(call, self._between[key[:2]]))
        return bool(seen) and (*key[:2], max(seen)) in last.details["places"]


def text_of(message: Any) -> Any:
    """What is said in a message."""
    content = message.get("content") if isinstance(message, dict) else message
    return content or ""


def is_same(one: Any, other: Any) -> bool:
    """Whether two messages say the same; a group chat writes "None" where a request for tools has no text."""
    return text_of(one) == text_of(other) or bool(tools_in(one) and tools_in(one) == tools_in(other))


def tools_in(message: Any) -> list[Any]:
    """The ids of the tools that a message asks for."""
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    return [asked.get("id") for asked in calls or () if asked.get("id") is not None]


def _before(call: Call, sent: Sequence[Call]) -> Iterator[Call]:
    """Those of the messages that were sent before a call, the last first."""
    return (each for each in reversed(sent) if each.began < call.began)
