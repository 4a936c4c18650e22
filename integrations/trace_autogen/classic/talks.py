"""Who talks with whom: two agents have one list of messages, so they can have one conversation at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from trace_core.errors import TraceError
from trace_core.recording import Call


class ConcurrentTurns(TraceError, RuntimeError):
    """Two agents that are in a conversation began another one with each other."""


class Talks:
    """The conversations of a recorder's agents, and those that go on now."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, WeakKeyDictionary[Any, object]] = WeakKeyDictionary()
        self._open: dict[frozenset[int], tuple[Call, tuple[Any, Any]]] = {}

    def conversation(self, agent: Any, peer: Any, is_fresh: bool = False) -> object:
        """What the two are in: another one, when their history is cleared."""
        for one, other in ((agent, peer), (peer, agent)):
            known = self._known.get(one, {}).get(other)
            if known is not None:
                if not is_fresh:
                    return known
                del self._known[one][other]
        made = self._known.setdefault(agent, WeakKeyDictionary())[peer] = object()
        return made

    def check(self, agent: Any, peer: Any, is_inside: Callable[[Call], bool]) -> None:
        """Make sure that they may begin to talk here.

        Args:
            agent, peer: the two.
            is_inside: whether this is within a call.

        Raises:
            ConcurrentTurns: they talk already, elsewhere.
        """
        there = self._open.get(_pair(agent, peer))
        if there is not None and not is_inside(there[0]):
            raise ConcurrentTurns(
                f"{agent.name!r} and {peer.name!r} began a chat with each other while they are in one: AutoGen keeps "
                "one list of messages for both; use clones of them for each chat at the same time"
            )

    def begin(self, agent: Any, peer: Any, call: Call) -> None:
        """They talk now, unless this is a part of what they are in."""
        self._open.setdefault(_pair(agent, peer), (call, (agent, peer)))  # which keeps the ids from being used again

    def end(self, call: Call) -> None:
        """They talk no more."""
        for pair, (began, _) in [*self._open.items()]:
            if began is call:
                del self._open[pair]


def _pair(agent: Any, peer: Any) -> frozenset[int]:
    return frozenset((id(agent), id(peer)))
