"""Agents, and functions that run some, as functions from an input to the node of what they give."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agents import Agent, Runner

from trace_core.recording.loops import OwnLoop
from trace_openai.programs import OtherLoop, check_loop

if TYPE_CHECKING:
    from trace_core.nodes import Node
    from trace_core.recording import Run
    from trace_openai.agents.recorder import Recorder

__all__ = ["OtherLoop", "Program"]


class Program:
    """A program as a function; each call is a run of its own, and many may go on at once: agents keep nothing.

    A call of an agent is one of `Runner.run_sync`. In another thread, and where a loop runs already, it has an event
    loop of its own, one for all calls, as async functions have.
    """

    def __init__(self, recorder: Recorder, program: Any, options: Mapping[str, Any]) -> None:
        if not isinstance(program, Agent) and not callable(program):
            raise TypeError(f"an agent, or a function that runs agents, is expected, not {type(program).__name__}")
        self._recorder = recorder
        self._program = program
        self._options = options
        self._loop = OwnLoop()

    def __call__(self, example: Any) -> Node:
        """The node of what the program gives for an input, or of the error that it raised.

        Raises:
            OtherLoop: the client of a model was used in another event loop.
        """
        is_agent = isinstance(self._program, Agent)
        if inspect.iscoroutinefunction(self._program) or (is_agent and not _may_run_sync()):
            return self._loop.run(self.acall(example))
        with self._running() as run:
            if is_agent:
                Runner.run_sync(self._program, example, **self._options)
            else:
                self._program(example)
        return run.output

    async def acall(self, example: Any) -> Node:
        """The same in async code."""
        with self._running() as run:
            if isinstance(self._program, Agent):
                await Runner.run(self._program, example, **self._options)
            elif inspect.isawaitable(given := self._program(example)):
                await given
        return run.output

    @contextmanager
    def _running(self) -> Iterator[Run]:
        with self._recorder.run() as run:
            try:
                yield run
            except Exception as error:
                check_loop(error)
                if not run.calls or run.error is None:
                    raise


def _may_run_sync() -> bool:
    """Whether this is where `Runner.run_sync` is called: in the main thread, with no loop running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return threading.current_thread() is threading.main_thread()
    return False
