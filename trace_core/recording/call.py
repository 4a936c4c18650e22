"""What a framework reported: one call, as its hooks saw it begin and end.

Hooks only take snapshots, quickly; what they mean is worked out later, by a pure function of the calls.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trace_core.nodes import COPIED_UP_TO

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.nodes import Node
    from trace_core.recording.callers import Caller


class Missing:
    """The output of a call that has not ended."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


ParameterRead = tuple[str, "Node", "Read"]
"""Under which argument a call read a parameter, or another node that it was given, and what."""


class Call:
    """One call that a framework made.

    Args:
        id, parent: the framework's own ids of it, and of the call inside which it ran.
        kind: the op that its node would have (prompt, llm, tool, retriever, parser, function, …).
        name: what it is called.
        inputs: what went in.
        began: when; `began` and `ended` count the events of a recorder, so they order what happened.
        details: what else the adapter's resolver needs.
    """

    # No dataclass and no slots: a call is made at each event, and most of it stays as it is here.
    output: Any = MISSING
    gave: Any = None
    """The very object that came out; `output` is a copy if that is a small list or dict, as `inputs` is of `given`."""
    error: BaseException | None = None
    ended: int | None = None
    start: float = 0.0
    """When it began, in seconds since 1970."""
    seconds: float = 0.0
    reads: Sequence[ParameterRead] = ()
    callers: Sequence[Caller] = ()
    """The user's functions that led to it directly, if they are known."""
    copies: Sequence[tuple[Any, Any]] = ()
    """Copies within `inputs` and `output`, each with what it is a copy of."""

    def __init__(
        self,
        id: Hashable,
        parent: Hashable | None,
        kind: str,
        name: str,
        inputs: Any,
        began: int,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.id = id
        self.parent = parent
        self.kind = kind
        self.name = name
        self.take_in(inputs)
        self.began = began
        self.details = {} if details is None else details

    def take_in(self, inputs: Any) -> None:
        """Take in what went in."""
        self.given = inputs
        self.inputs = self._kept(inputs)

    def end(self, output: Any, when: int) -> None:
        """Take in what came out."""
        self.gave = output
        self.output = self._kept(output)
        self.ended = when

    def _kept(self, value: Any) -> Any:
        """A value as it is now: lists and dicts of up to 64 items, and those in a dict, are copied.

        Their owner may change them: a conversation in plain Python is a list that grows.
        """
        kind = type(value)
        if (kind is not dict and kind is not list) or len(value) > COPIED_UP_TO:
            return value
        made = value.copy()
        if kind is dict:
            for key, item in made.items():
                if (type(item) is list or type(item) is dict) and len(item) <= COPIED_UP_TO:
                    made[key] = copy = item.copy()
                    self.copies = (*self.copies, (copy, item))
        return made

    @property
    def succeeded(self) -> bool:
        """Whether it ended with an output."""
        return self.ended is not None and self.error is None and self.output is not MISSING

    def __repr__(self) -> str:
        return f"<Call {self.kind} {self.name}, {self.began} to {self.ended}>"


@dataclass(frozen=True, slots=True)
class Link:
    """That a call took in what another call gave, or the input of the run, and how that is known."""

    source: Call
    argument: str
    why: str
    kind: str = "data"
