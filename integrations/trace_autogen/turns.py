"""One turn of an agent, as its messages and events tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autogen_agentchat.base import Response
from autogen_agentchat.messages import (
    CodeExecutionEvent,
    CodeGenerationEvent,
    HandoffMessage,
    MemoryQueryEvent,
    ModelClientStreamingChunkEvent,
    StructuredMessage,
    ThoughtEvent,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
    ToolCallSummaryMessage,
    UserInputRequestedEvent,
)
from autogen_core import FunctionCall
from autogen_core.models import FunctionExecutionResult

from trace_autogen.frames import Frame
from trace_autogen.tools import ToolFailed

if TYPE_CHECKING:
    from trace_autogen.agents import AgentHooks

_TELLS_OF: dict[type, str] = {
    ThoughtEvent: "llm",
    CodeGenerationEvent: "llm",
    ModelClientStreamingChunkEvent: "llm",
    CodeExecutionEvent: "tool",
    MemoryQueryEvent: "memory",
}
"""Of the last call of which kind an event of a turn tells."""


class Turn:
    """One turn of an agent: what it was given, and what it said so far."""

    def __init__(self, hooks: AgentHooks, frame: Frame) -> None:
        self.frame = frame
        self._hooks = hooks
        self._asked: Sequence[FunctionCall] = ()
        self._results: Sequence[FunctionExecutionResult] = ()
        self._seen: set[int] = set()

    def observe(self, item: Any) -> None:
        """Take in what the agent says."""
        if isinstance(item, Response):
            for inner in item.inner_messages or ():
                self._event(inner)
            self._finish(item)
        else:
            self._event(item)

    def _event(self, event: Any) -> None:
        if id(event) in self._seen or getattr(event, "source", None) != self._hooks.owner.name:
            return
        if isinstance(event, ToolCallRequestEvent):
            self._seen.add(id(event))
            self._asked = event.content
        elif isinstance(event, ToolCallExecutionEvent):
            self._seen.add(id(event))
            self._results = event.content
            for result in event.content:
                self._executed(result)
        else:
            self._told(event)

    def _told(self, event: Any) -> None:
        """Take note of which call an event tells of."""
        call, calls = self.frame.call, self.frame.of_kind(_TELLS_OF.get(type(event), ""))
        if isinstance(event, MemoryQueryEvent):
            calls = [memory for memory in calls if memory.output == event.content] or calls
        if call is not None and isinstance(event, UserInputRequestedEvent):
            calls = [call]
        if call is None or not calls:
            return
        if not isinstance(event, ModelClientStreamingChunkEvent):
            self._seen.add(id(event))
            call.details.setdefault("events", []).append((event, calls[-1]))
        elif event.full_message_id:
            call.details.setdefault("streamed", {})[event.full_message_id] = calls[-1]

    def _executed(self, result: FunctionExecutionResult) -> None:
        """A tool was called: one that no hook saw has a call made here (broken arguments, unknown names)."""
        for call in self.frame.of_kind("tool"):
            same = call.details.get("tool_call_id") == result.call_id and call.name == result.name
            if same and "result" not in call.details:
                call.details["result"] = result
                return
        asked = [call.arguments for call in self._asked if call.id == result.call_id and call.name == result.name]
        details = {"tool_call_id": result.call_id, "result": result}
        frame = self.frame.begin("tool", result.name, asked[0] if asked else None, details)
        if result.is_error:
            frame.fail(ToolFailed(result.content))
        else:
            frame.end(result.content)

    def _finish(self, response: Response) -> None:
        message = response.chat_message
        if message.source == self._hooks.owner.name:
            if isinstance(message, ToolCallSummaryMessage):
                self.frame.begin("function", "summary", list(message.results), {"is": "summary"}).end(message)
            elif isinstance(message, HandoffMessage) and self._results:
                self.frame.begin("handoff", message.target, list(self._results)).end(message)
        models = self.frame.of_kind("llm")
        if isinstance(message, StructuredMessage) and models:
            models[-1].output = message.content
        self.end(response)

    def end(self, output: Any) -> None:
        """The turn is over."""
        self._hooks.over(self)
        self.frame.end(output)

    def failed(self, error: BaseException) -> None:
        """The turn raised."""
        self._hooks.over(self)
        self.frame.fail(error)
