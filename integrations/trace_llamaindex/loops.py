"""An event loop of one's own, in a thread: for what can only be awaited, asked from code that does not await."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


class OwnLoop:
    """A loop that runs as long as somebody holds this; one for all that is asked, since clients keep connections.

    Example:
        loop = OwnLoop()
        loop.run(agent.run(user_msg="go"))
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, awaited: Coroutine[Any, Any, Result]) -> Result:
        """Wait for what is awaited there, in the caller's context: a candidate's values hold for it."""
        asked = asyncio.run_coroutine_threadsafe(_in_context(awaited), self._running())
        try:
            return asked.result()
        finally:
            asked.cancel()  # where waiting was interrupted

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="trace_llamaindex", daemon=True).start()
                weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
            return self._loop


def _in_context(awaited: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
    context = copy_context()

    async def started() -> Result:
        return await asyncio.create_task(awaited, context=context)

    return started()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
