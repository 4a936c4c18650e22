"""Which call runs here: set around each step of AutoGen's code, so that what runs inside knows whose it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_autogen.hooks import Hooks
    from trace_autogen.recorder import Recorder
    from trace_core.recording import Call


@dataclass(eq=False, slots=True)
class Frame:
    """A call that runs: whose it is, and where it is recorded; neither recorder nor call where nothing is."""

    hooks: Hooks | None
    recorder: Recorder | None = None
    call: Call | None = None
    streams: list[AsyncGenerator[Any, None]] = field(default_factory=list)
    """Streams that were opened in it, which AutoGen leaves open when it is left early."""
    calls: list[Call] = field(default_factory=list)
    """The calls directly in it."""
    errors: list[BaseException] = field(default_factory=list)
    """What was raised in it: the error of a team, or of a tool, is a new one."""
    is_request: bool = False
    """Whether it is the call of a model."""
    around: Frame | None = None
    """The one inside which it runs."""

    def begin(
        self, kind: str, name: str, inputs: Any, details: dict[str, Any] | None = None, hooks: Hooks | None = None
    ) -> Frame:
        """A call begins inside this one; nothing is recorded where there is no recorder."""
        hooks = hooks or self.hooks
        if self.recorder is None:
            return Frame(hooks, is_request=kind == "llm", around=self)
        above = None if self.call is None else self.call.id
        call = self.recorder._begin(object(), above, kind, name, inputs, dict(details or {}))
        if call is not None:
            self.calls.append(call)
        return Frame(hooks, self.recorder, call, is_request=kind == "llm", around=self)

    def of_kind(self, kind: str) -> list[Call]:
        """The calls of a kind directly in it."""
        return [call for call in self.calls if call.kind == kind]

    @property
    def is_tool(self) -> bool:
        """Whether it is the call of a tool."""
        return self.call is not None and self.call.kind == "tool"

    @property
    def is_open(self) -> bool:
        """Whether a call that is recorded runs in it."""
        return self.call is not None and self.call.ended is None

    def end(self, output: Any) -> None:
        """It ends with this output."""
        if self.recorder is not None and self.call is not None:
            self.recorder._end(self.call.id, output)

    def fail(self, error: BaseException) -> None:
        """It raised."""
        if self.around is not None and not self.around.is_tool:  # of a tool it is known whether itself raised
            self.around.errors.append(error)
        if self.recorder is not None and self.call is not None:
            self.recorder._fail(self.call.id, error)

    async def close_streams(self) -> None:
        """Close the streams that were left open in it."""
        while self.streams:
            stream = self.streams.pop()
            if not getattr(stream, "ag_running", False):
                await stream.aclose()


FRAME: ContextVar[Frame | None] = ContextVar("trace_autogen_frame", default=None)
