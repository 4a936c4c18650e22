"""Agents and teams as functions from a task to the node of what they give."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_autogen.recorder import Recorder
    from trace_core.nodes import Node


class Program:
    """An agent or a team as a function; each call runs a clone with a fresh context.

    Agents can only be awaited: a call does so in a thread with an event loop of its own, also where a loop runs
    already. It is one loop for all calls, since a client keeps its connections.
    """

    def __init__(self, recorder: Recorder, program: Any) -> None:
        self._recorder = recorder
        self._program = program
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def __call__(self, example: Any) -> Node:
        """The node of what the program gives for a task, or of the error that it raised."""
        done: Any = asyncio.run_coroutine_threadsafe(_in_context(self.acall(example)), self._running_loop())
        node: Node = done.result()
        return node

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        from trace_autogen.cloning import clone
        from trace_autogen.tracing import trace, untrace

        copy = clone(self._program)
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

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="AutoGen program", daemon=True).start()
                weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
            return self._loop


def _in_context(awaited: Coroutine[Any, Any, Node]) -> Coroutine[Any, Any, Node]:
    """What is awaited, in the caller's context: a candidate's values hold for it, wherever it runs."""
    context = copy_context()

    async def started() -> Node:
        return await asyncio.create_task(awaited, context=context)

    return started()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
