"""What models ask for in a run: calls of tools, and handoffs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents import Handoff

from trace_openai.agents.items import call_id, field
from trace_openai.agents.values import arguments


class Asked:
    """The calls that models asked for, and those that are not done yet.

    Args:
        items: those that a run which goes on was waiting with.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        self._items: dict[str, Any] = {}
        self._done: set[str] = set()
        self.take_in(items)

    def take_in(self, items: Iterable[Any]) -> None:
        """A model has answered with these."""
        self._items |= {found: item for item in items if (found := call_id(item)) is not None}

    def open(self) -> list[str]:
        """The ids of those that are not done."""
        return [found for found in self._items if found not in self._done]

    def done(self, found: str) -> None:
        """This one is."""
        self._done.add(found)

    def name(self, found: str) -> str:
        """What was asked for."""
        item = self._items.get(found)
        return str(field(item, "name") or field(item, "type") or "tool")

    def arguments(self, found: str | None) -> Any:
        """With what."""
        return None if found is None else arguments(field(self._items.get(found), "arguments"))

    def handoff(self, giver: Any, taker: Any) -> str | None:
        """Which one handed over from an agent to another: what is no tool of the first; by its name, else the first."""
        own = {tool.name for tool in giver.tools}
        left = [found for found in self.open() if self.name(found) not in own]
        default = Handoff.default_tool_name(taker)
        return next((found for found in left if self.name(found) == default), left[0] if left else None)
