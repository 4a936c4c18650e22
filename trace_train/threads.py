"""`Threads`: where the sync functions run that an event loop calls, many short ones among them."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any

THREADS: ContextVar[Threads | None] = ContextVar("trace_threads", default=None)
"""Those of the block that we are in."""


class _Called:
    """A call that waits for a thread, or for being told to the loop."""

    __slots__ = ("_call", "ended", "error", "result")

    def __init__(self, ended: asyncio.Future[None], call: Callable[[], Any]) -> None:
        self.ended = ended
        self.result: Any = None
        self.error: BaseException | None = None
        self._call = call

    def run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self.error = error


_MOST = 1_000
"""What bounds them is how many evaluations go on; a call that nobody waits for any more may keep its thread."""


class Threads:
    """Threads for the sync functions that the event loop of a `with` block calls, for all that is called in it.

    A change between threads takes longer than a short call does. So a thread takes what waits one by one, a further one
    is woken only while there is more, and what came of them is brought to the loop together; a call that takes long
    holds up no other.
    """

    def __init__(self, most: int = _MOST) -> None:
        self.loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="evaluation")
        self._waiting: deque[_Called] = deque()
        self._ended: deque[_Called] = deque()
        self._one_comes = False
        self._is_to_tell = False

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function gives, called in a thread in the caller's context."""
        called = _Called(self.loop.create_future(), functools.partial(copy_context().run, function, *arguments))
        self._waiting.append(called)
        self._send_one()
        await called.ended
        if called.error is not None:
            raise called.error
        return called.result

    def __enter__(self) -> Threads:
        self._token = THREADS.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more; what goes on is not waited for."""
        THREADS.reset(self._token)
        self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send_one(self) -> None:
        if not self._one_comes:
            self._one_comes = True
            self._pool.submit(self._work)

    def _work(self) -> None:
        self._one_comes = False  # from here on, what comes to wait sends one itself
        with suppress(IndexError):  # nothing waits
            while True:
                called = self._waiting.popleft()
                if self._waiting and not self._one_comes:
                    self._send_one()
                else:
                    self._bring(self.loop.call_soon_threadsafe)
                called.run()
                self._ended.append(called)
        self._bring(self.loop.call_soon_threadsafe)

    def _bring(self, call_soon: Callable[..., Any]) -> None:
        if self._ended and not self._is_to_tell:
            self._is_to_tell = True
            with suppress(RuntimeError):  # the loop is closed
                call_soon(self._tell)

    def _tell(self) -> None:
        """Tell one that it has ended, and the others once that one has gone on."""
        self._is_to_tell = False
        if self._ended:
            called = self._ended.popleft()
            if not called.ended.done():
                called.ended.set_result(None)
            self._bring(self.loop.call_soon)
