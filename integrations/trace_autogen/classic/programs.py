"""Agents, group chats and functions that begin a chat, as functions from a task to the node of what they give."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder
    from trace_core.nodes import Node
    from trace_core.recording import Run


class Program:
    """A program as a function; each call is a run of its own."""

    def __init__(self, recorder: Recorder, program: Any) -> None:
        self._recorder = recorder
        self._program = program

    def __call__(self, example: Any) -> Node:
        """The node of what the program gives for a task, or of the error that it raised."""
        with ExitStack() as stack:
            begin = self._beginning(example, "", stack)
            with self._recorder.run() as run:
                try:
                    begin()
                except Exception:
                    if not _failed(run):
                        raise
        return run.output

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        with ExitStack() as stack:
            begin = self._beginning(example, "a_", stack)
            with self._recorder.run() as run:
                try:
                    given = begin()
                    if inspect.isawaitable(given):
                        await given
                except Exception:
                    if not _failed(run):
                        raise
        return run.output

    def _beginning(self, example: Any, prefix: str, stack: ExitStack) -> Callable[[], Any]:
        from trace_autogen.classic.cloning import clone
        from trace_autogen.classic.tracing import begin_to_trace, stop_to_trace

        program = self._program
        if not private.is_agent(program):
            return lambda: program(example)
        if not private.groups_of(program):
            stack.callback(stop_to_trace, begin_to_trace(program, self._recorder))
            messages = [{"role": "user", "content": example}]
            return lambda: getattr(program, f"{prefix}generate_reply")(messages=messages)
        asking, copy = private.user(), clone(program)
        for each in (asking, copy):
            stack.callback(stop_to_trace, begin_to_trace(each, self._recorder))
        return lambda: getattr(asking, f"{prefix}initiate_chat")(copy, message=example, silent=True)


def _failed(run: Run) -> bool:
    return bool(run.calls) and run.error is not None
