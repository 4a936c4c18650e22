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

from trace_autogen import private
from trace_autogen.frames import FRAME
from trace_autogen.hooks import LOCK, ProgramHooks
from trace_autogen.parts import parts
from trace_autogen.streams import framed, in_frame
from trace_autogen.turns import Turn
from trace_core.errors import TraceError
from trace_core.recording import MISSING

_TICKS = 50


class ConcurrentTurns(TraceError, RuntimeError):
    """An agent was run while it ran: it has one conversation, in which the turns would mix."""


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
            await self._begin_anew()
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
            await self._begin_anew()
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

    async def _begin_anew(self) -> None:
        if self.fresh is not None:
            await self._wait_until_idle()
            await self.fresh.begin()

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
        """A turn begins; the messages are copied, since a team's container clears its list."""
        await self._wait_until_idle()
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
        frame = around.begin(kind, self.owner.name, list(messages), details, self)
        self.turn = Turn(self, frame)
        token = FRAME.set(frame)
        try:
            for function in self.on_turn:
                function(self.owner)
        finally:
            FRAME.reset(token)
        return self.turn

    async def _wait_until_idle(self) -> None:
        """Wait for a stream that was left early, which the loop has not closed yet.

        Raises:
            ConcurrentTurns: the agent is in a turn.
        """
        for _ in range(_TICKS):
            if self.turn is not None:
                await asyncio.sleep(0)
        if self.turn is not None:
            name = self.owner.name
            raise ConcurrentTurns(
                f"agent {name!r} was run while it runs: use a clone of it for each run at the same time"
            )

    def over(self, turn: Turn) -> None:
        """The turn is over."""
        if self.turn is turn:
            self.turn = None
