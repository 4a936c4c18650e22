"""An event loop of one's own, in a thread: for what can only be awaited, asked from code that does not await."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from autogen_core.models import ChatCompletionClient

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
        self._clients: list[ChatCompletionClient] = []

    def copied(self, client: Any) -> Any:
        """A model client for this loop, closed with it: connections belong to the loop in which they were made.

        One that restores itself from its state, as those of autogen-ext, opens connections anew; one that asks others,
        as a cache does, gets such others; another is used as it is.
        """
        if hasattr(type(client), "__setstate__"):
            made = unhooked_copy(client)
            self._clients.append(made)
            return made
        inner = {name: each for name, each in vars(client).items() if isinstance(each, ChatCompletionClient)}
        anew = {name: self.copied(each) for name, each in inner.items()}
        if all(anew[name] is each for name, each in inner.items()):
            return client
        made = unhooked_copy(client)
        vars(made).update(anew)
        return made

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
                threading.Thread(
                    target=_run, args=(self._loop, self._clients), name="trace_autogen", daemon=True
                ).start()
                weakref.finalize(self, self._loop.call_soon_threadsafe, self._loop.stop)
            return self._loop


def _run(loop: asyncio.AbstractEventLoop, clients: Sequence[ChatCompletionClient]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        for client in clients:
            with contextlib.suppress(Exception):  # one that cannot be closed must not keep the loop
                loop.run_until_complete(client.close())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
