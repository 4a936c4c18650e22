"""An event loop of one's own, in a thread: for what can only be awaited, asked from code that does not await."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

from trace_autogen.standing import unhooked_copy

Result = TypeVar("Result")


class OwnLoop:
    """A loop that runs as long as somebody holds this; one for all that is asked, since clients keep connections.

    Example:
        loop = OwnLoop()
        loop.run(agent.run(task="go"))
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, awaited: Coroutine[Any, Any, Result]) -> Result:
        """Wait for what is awaited there."""
        asked = asyncio.run_coroutine_threadsafe(awaited, self._running())
        try:
            return asked.result()
        finally:
            asked.cancel()  # where waiting was interrupted

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="trace_autogen", daemon=True).start()
                weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def for_another_loop(client: Any) -> Any:
    """A client for a loop that is not the user's: connections belong to the loop in which they were made.

    One that restores itself from its state, as those of autogen-ext, opens connections anew; another is used as it is.
    """
    return unhooked_copy(client) if hasattr(type(client), "__setstate__") else client
