"""Hooks of an agent: its runs and its turns.

`run` calls `on_messages`, `run_stream` and a team's container call `on_messages_stream`; each of the two may be made of
the other, so the outer one is the turn, and the inner one only shows it what happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from autogen_agentchat.agents import UserProxyAgent
from autogen_agentchat.base import Response, TaskResult
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

from trace_autogen import private
from trace_autogen.frames import FRAME, Frame
from trace_autogen.hooks import LOCK, ProgramHooks
from trace_autogen.parts import parts
from trace_autogen.streams import framed, in_frame
from trace_autogen.tools import ToolFailed
from trace_core.errors import TraceError
from trace_core.recording import MISSING

_TICKS = 50
_TELLS_OF: dict[type, str] = {
    ThoughtEvent: "llm",
    CodeGenerationEvent: "llm",
    ModelClientStreamingChunkEvent: "llm",
    CodeExecutionEvent: "tool",
    MemoryQueryEvent: "memory",
}
"""Of the last call of which kind an event of a turn tells."""


class ConcurrentTurns(TraceError, RuntimeError):
    """An agent was run while it ran: it has one conversation, in which the turns would mix."""


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


class AgentHooks(ProgramHooks):
    """Hooks of an agent, and of what it uses: its model, its tools, its memories, agents and teams in it."""

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.turn: Turn | None = None

    def install(self) -> None:
        """Replace what runs the agent."""
        for name in ("run", "run_stream", "on_messages", "on_messages_stream", "on_reset"):
            self.patches.replace(self.owner, name, getattr(self, f"_{name}"))
        self.refresh()

    def refresh(self) -> None:
        """Hook what the agent uses now."""
        with LOCK:
            self.hold_only(parts(self.owner))

    # --- runs

    def _run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*, task: Any = None, **arguments: Any) -> Any:
            frame = self.begin_run(task)
            try:
                result = await in_frame(original(task=task, **arguments), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            frame.end(result)
            return result

        return run

    def _run_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def run_stream(*, task: Any = None, **arguments: Any) -> AsyncGenerator[Any, None]:
            frame = self.begin_run(task)
            try:
                async with aclosing(framed(original(task=task, **arguments), frame)) as stream:
                    async for item in stream:
                        if isinstance(item, TaskResult):
                            frame.end(item)
                        yield item
            except GeneratorExit:
                raise
            except BaseException as error:
                frame.fail(error)
                raise
            finally:
                frame.end(MISSING)

        return run_stream

    def _on_reset(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def on_reset(*args: Any, **arguments: Any) -> Any:
            self.forget()
            return await original(*args, **arguments)

        return on_reset

    # --- turns

    def _on_messages(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def on_messages(messages: Sequence[Any], cancellation_token: Any) -> Any:
            if self._inside() is not None:
                return await original(messages, cancellation_token)
            turn = await self._begin_turn(messages)
            try:
                response = await in_frame(original(messages, cancellation_token), turn.frame)
            except BaseException as error:
                turn.failed(error)
                raise
            turn.observe(response)
            return response

        return on_messages

    def _on_messages_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def on_messages_stream(messages: Sequence[Any], cancellation_token: Any) -> AsyncGenerator[Any, None]:
            stream = self._streamed(original, messages, cancellation_token)
            outer = FRAME.get()
            if outer is not None:
                outer.streams.append(stream)
            return stream

        return on_messages_stream

    async def _streamed(
        self, original: Callable[..., Any], messages: Sequence[Any], cancellation_token: Any
    ) -> AsyncGenerator[Any, None]:
        outer = self._inside()
        turn = outer or await self._begin_turn(messages)
        try:
            async with aclosing(framed(original(messages, cancellation_token), turn.frame)) as stream:
                async for item in stream:
                    if outer is None or not isinstance(item, Response):
                        turn.observe(item)
                    yield item
        except GeneratorExit:
            raise
        except BaseException as error:
            if outer is None:
                turn.failed(error)
            raise
        finally:
            if outer is None:
                turn.end(MISSING)

    def _inside(self) -> Turn | None:
        """The turn that runs here, if one does."""
        frame = FRAME.get()
        return self.turn if self.turn is not None and frame is self.turn.frame else None

    async def _begin_turn(self, messages: Sequence[Any]) -> Turn:
        """A turn begins; the messages are copied, since a team's container clears its list.

        Raises:
            ConcurrentTurns: the agent is in a turn.
        """
        name = self.owner.name
        for _ in range(_TICKS):
            if self.turn is not None:  # perhaps a stream that was left early, which the loop has not closed yet
                await asyncio.sleep(0)
        if self.turn is not None:
            raise ConcurrentTurns(
                f"agent {name!r} was run while it runs: use a clone of it for each run at the same time"
            )
        around = self.around()
        self.refresh()
        details = {
            "is": "turn",
            "conversation": self.conversation,
            "chosen_by": self.chosen_by(around),
            "system": private.system_messages(self.owner),
            "kept": private.message_history(self.owner),
            "sends_its_context": private.sends_its_context(self.owner),
        }
        kind = "input" if isinstance(self.owner, UserProxyAgent) else "function"
        frame = around.begin(kind, name, list(messages), details, self)
        self.turn = Turn(self, frame)
        token = FRAME.set(frame)
        try:
            for function in self.on_turn:
                function(self.owner)
        finally:
            FRAME.reset(token)
        return self.turn

    def over(self, turn: Turn) -> None:
        """The turn is over."""
        if self.turn is turn:
            self.turn = None
