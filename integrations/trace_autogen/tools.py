"""Hooks of workbenches, of the tools that hand over, and of memories: what ran with which arguments, and failed how."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from autogen_core.tools import ToolResult

from trace_autogen.frames import FRAME, Frame
from trace_autogen.hooks import Hooks
from trace_autogen.streams import framed, in_frame
from trace_core.recording import MISSING


class ToolFailed(Exception):
    """What a tool failed with, as the agent is told: AutoGen keeps the text of the exception alone."""


class WorkbenchHooks(Hooks):
    """Hooks of a workbench, through which an agent calls its tools."""

    def install(self) -> None:
        """Replace `call_tool`, and `call_tool_stream` where there is one."""
        self.patches.replace(self.owner, "call_tool", self._call)
        if hasattr(self.owner, "call_tool_stream"):
            self.patches.replace(self.owner, "call_tool_stream", self._call_stream)

    def _call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def call_tool(
            name: str,
            arguments: Mapping[str, Any] | None = None,
            cancellation_token: Any = None,
            call_id: str | None = None,
        ) -> Any:
            frame = _began(name, arguments, call_id)
            if frame is None:
                return await original(name, arguments, cancellation_token, call_id)
            try:
                result = await in_frame(original(name, arguments, cancellation_token, call_id), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            _ended(frame, result)
            return result

        return call_tool

    def _call_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def call_tool_stream(
            name: str,
            arguments: Mapping[str, Any] | None = None,
            cancellation_token: Any = None,
            call_id: str | None = None,
        ) -> AsyncGenerator[Any, None]:
            frame = _began(name, arguments, call_id) or Frame(None)
            try:
                stream = original(name, arguments, cancellation_token, call_id)
                async with aclosing(framed(stream, frame)) as items:
                    async for item in items:
                        if isinstance(item, ToolResult):
                            _ended(frame, item)
                        yield item
            except GeneratorExit:
                raise
            except BaseException as error:
                frame.fail(error)
                raise
            finally:
                frame.end(MISSING)

        return call_tool_stream


def _began(name: str, arguments: Any, call_id: str | None) -> Frame | None:
    """The frame of a tool's call; None where no turn runs, or another workbench passes the call on."""
    outer = FRAME.get()
    if outer is None or (outer.call is not None and outer.call.details.get("tool_call_id") == (call_id or "")):
        return None
    details = {"tool_call_id": call_id or ""}
    return outer.begin("tool", name, dict(arguments) if isinstance(arguments, Mapping) else arguments, details)


def _ended(frame: Frame, result: ToolResult) -> None:
    if result.is_error:
        frame.fail(frame.errors[-1] if frame.errors else ToolFailed(result.to_text()))
    else:
        frame.end(result)


class ToolHooks(Hooks):
    """Hooks of a tool in a workbench, which tells its caller only the text of an exception, not what it was."""

    def install(self) -> None:
        """Replace `run_json`."""
        self.patches.replace(self.owner, "run_json", self._run)

    def _run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def run_json(*args: Any, **arguments: Any) -> Any:
            try:
                return await original(*args, **arguments)
            except Exception as error:
                frame = FRAME.get()
                if frame is not None and frame.call is not None and frame.call.kind == "tool":
                    frame.errors.append(error)
                raise

        return run_json


class HandoffToolHooks(Hooks):
    """Hooks of a tool by which an agent hands over, which is in no workbench."""

    def install(self) -> None:
        """Replace `run_json`."""
        self.patches.replace(self.owner, "run_json", self._run)

    def _run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def run_json(args: Any, cancellation_token: Any, call_id: str | None = None) -> Any:
            outer = FRAME.get()
            if outer is None:
                return await original(args, cancellation_token, call_id)
            frame = outer.begin("tool", self.owner.name, dict(args), {"tool_call_id": call_id or ""})
            try:
                result = await in_frame(original(args, cancellation_token, call_id), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            frame.end(result)
            return result

        return run_json


class MemoryHooks(Hooks):
    """Hooks of a memory, which adds messages to an agent's context."""

    def install(self) -> None:
        """Replace `update_context` and `query`."""
        self.patches.replace(self.owner, "update_context", self._update)
        self.patches.replace(self.owner, "query", self._query)

    def _update(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def update_context(model_context: Any) -> Any:
            outer = FRAME.get()
            if outer is None or outer.recorder is None:
                return await original(model_context)
            before = {id(message) for message in await model_context.get_messages()}  # a list that grows
            frame = outer.begin("memory", getattr(self.owner, "name", None) or type(self.owner).__name__, None)
            try:
                result = await in_frame(original(model_context), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            if frame.call is not None:
                after = await model_context.get_messages()
                frame.call.details["added"] = [message for message in after if id(message) not in before]
            frame.end(result.memories.results if result is not None else [])
            return result

        return update_context

    def _query(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def query(query: Any, *args: Any, **arguments: Any) -> Any:
            outer = FRAME.get()
            if outer is not None and outer.call is not None and outer.call.kind == "memory":
                outer.call.take_in({"query": query})
            return await original(query, *args, **arguments)

        return query
