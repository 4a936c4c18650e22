"""Waiting for what runs on an event loop so that Ctrl-C ends it well: it is asked to stop, then it is cancelled."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from contextvars import copy_context
from itertools import count
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_interruptibly(awaited: Coroutine[Any, Any, Result], stop: Callable[[str], None]) -> Result:
    """Run it in a thread with a loop of its own, in the caller's context, and wait.

    The first Ctrl-C calls `stop`; the second one cancels, and is raised once that has been dealt with.
    """
    running = _Running(awaited)
    interrupts = count(1)

    def interrupted(number: int, frame: FrameType | None) -> None:
        if next(interrupts) == 1:
            stop("it was interrupted")
        else:
            running.cancel()

    with _on_interrupt(interrupted):
        threading.Thread(target=copy_context().run, args=(running.go,), name="training", daemon=True).start()
        try:
            result: Result = running.result.result()
        except CancelledError:
            raise KeyboardInterrupt from None
        return result


@contextmanager
def _on_interrupt(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have Ctrl-C do this and raise nothing, on the main thread and unless the program has a use for it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Running:
    """A coroutine on its way."""

    def __init__(self, awaited: Coroutine[Any, Any, Any]) -> None:
        self.result: Future[Any] = Future()
        self._awaited = awaited
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[Any] | None = None

    def go(self) -> None:
        """Run it to its end."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                self.result.set_result(runner.run(self._as_task()))
            except asyncio.CancelledError:
                self.result.set_exception(CancelledError())
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                self.result.set_exception(error)

    async def _as_task(self) -> Any:
        self._task = asyncio.current_task()
        return await self._awaited

    def cancel(self) -> None:
        """Cancel it, from another thread."""
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
