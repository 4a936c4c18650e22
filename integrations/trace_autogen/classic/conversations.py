"""Where messages stand: AG2 copies them for each of two agents, into lists that grow, are cut and are cleared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from trace_autogen.classic import private

Key = tuple[Any, Any, int]
"""A message: whose it is, with whom, and its index among those."""


@dataclass(eq=False, slots=True)
class _Indexed:
    """The messages of one list by id; only new ones are looked at again."""

    messages: Sequence[Any] = ()
    count: int = 0
    ends: tuple[Any, Any] | None = None
    """The first and the last that were seen, which tell whether the list was cut."""
    by_id: dict[int, int] = field(default_factory=dict)

    def update(self, messages: Sequence[Any]) -> None:
        """Take in what was added."""
        count = len(messages)
        if self.ends is not None:
            is_same = self.messages is messages and count >= self.count
            if not is_same or messages[0] is not self.ends[0] or messages[self.count - 1] is not self.ends[1]:
                self.count, self.by_id = 0, {}
        self.by_id.update((id(messages[index]), index) for index in range(self.count, count))
        self.messages, self.count = messages, count
        self.ends = (messages[0], messages[count - 1]) if count else None

    def index(self, message: Any) -> int | None:
        """Where this very message stands."""
        found = self.by_id.get(id(message))
        return found if found is not None and self.messages[found] is message else None


class Conversations:
    """The conversations of agents."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, WeakKeyDictionary[Any, _Indexed]] = WeakKeyDictionary()

    def places(self, messages: Sequence[Any], owners: Iterable[Any]) -> list[list[Key]]:
        """Where each of these very messages stands, among the conversations of these agents."""
        indexed = [(owner, peer, known) for owner in owners for peer, known in self._of(owner)]
        return [
            [(owner, peer, at) for owner, peer, known in indexed if (at := known.index(message)) is not None]
            for message in messages
        ]

    def equal(self, message: Any, agent: Any) -> list[Key]:
        """Where an agent's messages with the same content stand, the last first."""
        if not isinstance(message, dict) or not message.get("content"):
            return []
        return [
            (agent, peer, index)
            for peer, said in private.conversations(agent).copy().items()
            for index, each in reversed(list(enumerate(said)))
            if each.get("content") == message["content"] and each.get("role") == message.get("role")
        ]

    def _of(self, owner: Any) -> list[tuple[Any, _Indexed]]:
        known = self._known.setdefault(owner, WeakKeyDictionary())
        found = []
        for peer, messages in private.conversations(owner).copy().items():
            indexed = known.setdefault(peer, _Indexed())
            indexed.update(messages)
            found.append((peer, indexed))
        return found
