"""Agents and teams as functions from a task to the node of what they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trace_autogen.cloning import OtherLoop, clone
from trace_autogen.loops import ClientLoop

if TYPE_CHECKING:
    from trace_autogen.recorder import Recorder
    from trace_core.nodes import Node


class Program:
    """An agent or a team as a function; each call runs a clone with a fresh context.

    Agents can only be awaited: a call does so in a thread with an event loop of its own, also where a loop runs
    already. It is one loop for all calls, and its model clients are copies with connections of their own there, where
    they can be stored, as those of autogen-ext can.
    """

    def __init__(self, recorder: Recorder, program: Any) -> None:
        self._recorder = recorder
        self._program = program
        self._loop = ClientLoop()
        self._clones = OtherLoop(self._loop)

    def __call__(self, example: Any) -> Node:
        """The node of what the program gives for a task, or of the error that it raised."""
        return self._loop.run(self._run(self._clones.clone(self._program), example))

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        return await self._run(clone(self._program), example)

    async def _run(self, copy: Any, example: Any) -> Node:
        from trace_autogen.tracing import trace, untrace

        trace(copy, self._recorder)
        with self._recorder.run() as run:
            try:
                await copy.run(task=example)
            except Exception:
                if run.error is None:
                    raise
            finally:
                untrace(copy)
        return run.output
