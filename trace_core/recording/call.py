"""What a framework reported: one call, as its hooks saw it begin and end.

Hooks only take snapshots, quickly; what they mean is worked out later, by a pure function of the calls.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trace_core.nodes import COPIED_UP_TO

if TYPE_CHECKING:
    from trace_core.context import Read
    from trace_core.parameter_nodes import ParameterNode


class Missing:
    """The output of a call that has not ended."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


ParameterRead = tuple[str, "ParameterNode", "Read"]
"""Under which argument a call read a parameter, and what."""


@dataclass(slots=True, eq=False)
class Call:
    """One call that a framework made.

    `kind` is the op that its node would have (prompt, llm, tool, retriever, parser, function, …). `began` and `ended`
    count the events of a run, so they order what happened; `seconds` is measured. `details` is what the adapter's
    resolver needs (tags, metadata), `reads` what the call read of parameters.
    """

    id: Hashable
    parent: Hashable | None
    kind: str
    name: str
    inputs: Any
    began: int
    seconds: float = 0.0
    output: Any = MISSING
    given: Any = None
    """The very object that went in; `inputs` is a copy if that is a small list or dict."""
    gave: Any = None
    """The very object that came out."""
    error: BaseException | None = None
    ended: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    reads: list[ParameterRead] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether it ended with an output."""
        return self.ended is not None and self.error is None and self.output is not MISSING


@dataclass(frozen=True, slots=True)
class Link:
    """That a call took in what another call gave, or the input of the run, and how that is known."""

    source: Call
    argument: str
    why: str
    kind: str = "data"


def kept(value: Any) -> Any:
    """A value as it is now: lists and dicts of up to 64 items are copied, since their owner may change them."""
    return value.copy() if type(value) in (list, dict) and len(value) <= COPIED_UP_TO else value
