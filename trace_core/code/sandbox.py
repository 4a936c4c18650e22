"""Where code that an LLM wrote runs: worker processes of pydantic-monty, without files, network or environment.

Monty is an interpreter of its own for a part of Python (https://github.com/pydantic/monty). It holds the limits on
time, memory, recursion and host calls; this module starts its processes when they are first needed, one pool for the
whole program, drives one call from its start to its end, and turns what goes wrong into errors of ours.
"""

from __future__ import annotations

import atexit
import inspect
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any

from trace_core.errors import SandboxedError, SandboxError, SandboxLimit

if TYPE_CHECKING:
    import asyncio

    from pydantic_monty import Monty, MontyError, MontySession, OSPolicy, ResourceLimits

    from trace_core.code.crossing import Crossing

PROCESSES = 16
"""Sandboxed calls that may run at once: in several threads, or one inside another."""
CHECKOUT_SECONDS = 30.0
"""How long a call waits for one of them to become free."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandboxed call may use: seconds of its own (host calls do not count), bytes, frames, and so on."""

    seconds: float = 5.0
    memory: int = 256 * 2**20
    recursion: int = 1000
    output: int = 2**20
    calls: int = 10_000
    result: int = 10_000_000

    def _for_monty(self) -> ResourceLimits:
        return {
            "max_feed_duration_secs": self.seconds,
            "max_memory": self.memory,
            "max_recursion_depth": self.recursion,
            "max_suspensions": 100 * self.calls,  # attributes that are read count there too
            "max_total_sleep_secs": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Feed:
    """A piece of code with the values that it is given. The feed that is the `text` is the one that lines refer to."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)
    text: bool = False


def definition(text: str, prelude: str, values: dict[str, Any]) -> list[Feed]:
    """The feeds that define a text's functions, after a prelude and with values for its outer names."""
    if not prelude:
        return [Feed(text, values, text=True)]
    return [Feed(prelude, values), Feed(text, text=True)]


def run(feeds: Sequence[Feed], crossing: Crossing, limits: Limits) -> Any:
    """Run feeds one after another in one fresh sandbox; gives the value of the last one's last expression.

    Raises:
        SandboxedError: the code raised.
        SandboxLimit: it used more than it may, or no sandbox became free.
        SandboxError: the sandbox itself failed.
    """
    from pydantic_monty import MontyComplete

    with _errors(feeds, crossing), _pool.checkout(limits) as session:
        for feed in feeds:
            snapshot = _start(session, feed, limits)()
            while not isinstance(snapshot, MontyComplete):
                snapshot = _answer(snapshot, crossing, limits, None)()
        return snapshot.output


async def arun(feeds: Sequence[Feed], crossing: Crossing, limits: Limits) -> Any:
    """`run` for code that awaits: async functions of the program are awaited in this task's event loop, together
    where the code gathers them. What blocks does so in a thread that the call has for itself."""
    # Not AsyncMonty: its threads now and then abort a program that ends after using it (pydantic-monty 1.4.0).
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from pydantic_monty import FutureSnapshot, MontyComplete

    thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
    blocking = partial(asyncio.get_running_loop().run_in_executor, thread)
    checkout = _pool.checkout(limits)
    tasks: _Tasks = {}
    try:
        with _errors(feeds, crossing):
            session = await blocking(checkout.__enter__)
            for feed in feeds:
                snapshot: Any = await blocking(_start(session, feed, limits))
                while not isinstance(snapshot, MontyComplete):
                    if isinstance(snapshot, FutureSnapshot):
                        waiting = [tasks[call] for call in snapshot.pending_call_ids]
                        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    snapshot = await blocking(_answer(snapshot, crossing, limits, tasks))
            return snapshot.output
    finally:
        for task in tasks.values():
            task.cancel()
        thread.submit(checkout.__exit__, None, None, None)  # after what still runs there when the call is cancelled
        thread.shutdown(wait=False)


_Step = Callable[[], Any]
"""What blocks until the code ends or asks something of the program."""
_Tasks = dict[int, "asyncio.Future[Any]"]
"""The awaitables that the code waits for, by the number of the call that brought each."""


def _start(session: Any, feed: Feed, limits: Limits) -> _Step:
    from pydantic_monty import CollectString

    return partial(session.feed_start, feed.code, inputs=feed.values, print_callback=CollectString(limits.output))


def _answer(snapshot: Any, crossing: Crossing, limits: Limits, tasks: _Tasks | None) -> _Step:
    """The step that follows a question; without `tasks`, nothing can be awaited."""
    from pydantic_monty import FunctionSnapshot, FutureSnapshot, NameLookupSnapshot

    if isinstance(snapshot, NameLookupSnapshot):
        return _look_up(snapshot, crossing)
    if isinstance(snapshot, FutureSnapshot):
        if tasks is None:
            raise SandboxError("the code waits for something that nothing will bring")
        done = {call: tasks.pop(call).result() for call in snapshot.pending_call_ids if tasks[call].done()}
        return partial(snapshot.resume, done)
    if not isinstance(snapshot, FunctionSnapshot):
        return partial(snapshot.resume_not_handled)
    if snapshot.is_os_function:
        return _sleep(snapshot, crossing, tasks)
    if crossing.calls_made >= limits.calls:
        raise SandboxLimit(f"the code {_LIMITS['suspension limit']}: {limits.calls} times")
    answer: Any = crossing.call(str(snapshot.function_name), snapshot.object_id, snapshot.args, snapshot.kwargs)
    if inspect.isawaitable(answer):
        answer = _await_later(snapshot, answer, crossing, tasks)
    return partial(snapshot.resume, answer)


def _sleep(snapshot: Any, crossing: Crossing, tasks: _Tasks | None) -> _Step:
    """All that code may ask of the system is to sleep, which Monty holds to `Limits.seconds` altogether."""
    if snapshot.function_name == "system.sleep":

        def slept() -> Any:
            time.sleep(snapshot.args[0])
            return snapshot.resume({"return_value": None})

        return slept
    if snapshot.function_name == "system.async_sleep" and tasks is not None:
        import asyncio

        return partial(snapshot.resume, _await_later(snapshot, asyncio.sleep(snapshot.args[0]), crossing, tasks))
    return partial(snapshot.resume_not_handled)


def _await_later(snapshot: Any, answer: Any, crossing: Crossing, tasks: _Tasks | None) -> dict[str, Any]:
    import asyncio

    if tasks is not None:
        tasks[snapshot.call_id] = asyncio.ensure_future(crossing.awaited(answer))
        return {"future": ...}
    getattr(answer, "close", lambda: None)()  # a coroutine that nobody will await
    name = str(snapshot.function_name).partition("#")[0]
    return {"exception": TypeError(f"{name}() is async and can be called only from an async def")}


def _look_up(snapshot: Any, crossing: Crossing) -> _Step:
    answer = {} if snapshot.object_id is None else crossing.attribute(snapshot.object_id, snapshot.variable_name)
    if not isinstance(error := answer.get("exception"), AttributeError | NoneType):
        raise SandboxedError(error, None)  # Monty takes no other error from a lookup
    # Without a value: a NameError there, or an AttributeError.
    return partial(snapshot.resume, value=answer["return_value"]) if "return_value" in answer else snapshot.resume


# --- what goes wrong


@contextmanager
def _errors(feeds: Sequence[Feed], crossing: Crossing) -> Iterator[None]:
    from pydantic_monty import MontyCrashedError, MontyError

    try:
        yield
    except MontyCrashedError as error:
        if error.timed_out:
            raise SandboxLimit("the code ran longer than it may and its process was ended") from None
        raise SandboxError("the sandbox's process ended while it ran the code; the next call gets a new one") from error
    except MontyError as error:
        raise _translated(error, feeds, crossing) from None
    except TimeoutError as error:
        raise SandboxLimit(
            f"none of {PROCESSES} sandboxes became free in {CHECKOUT_SECONDS:g} s: "
            "too many sandboxed calls at once, or inside one another"
        ) from error


_LIMITS = {
    "memory limit exceeded": "uses more memory, or prints more, than it may",
    "the worker exceeded its memory limit": "uses more memory than it may",
    "feed time limit exceeded": "runs longer than it may",
    "sleep limit exceeded": "sleeps longer than it may",
    "suspension limit": "calls functions outside the sandbox more often than it may",
    "maximum recursion depth exceeded": "calls itself more deeply than it may",
}


def _translated(error: MontyError, feeds: Sequence[Feed], crossing: Crossing) -> SandboxError:
    name = next((f"<python-input-{index}>" for index, feed in enumerate(feeds) if feed.text), "")
    frames = error.traceback() if hasattr(error, "traceback") else []
    line = next((frame.line for frame in reversed(frames) if frame.filename == name), None)
    arrived = error.exception()
    message = str(arrived)
    for beginning, meaning in _LIMITS.items():
        if message.startswith(beginning):
            where = "" if line is None else f" (line {line})"
            return SandboxLimit(f"the code {meaning}: {message}{where}")
    if "cannot suspend in this synchronous context" in message:
        arrived = NotImplementedError(f"{message}: in the sandbox, call it in a loop or a comprehension instead")
    if "exceptions can only be called with" in message:
        arrived = TypeError("in the sandbox an exception takes nothing or a single text")
    return SandboxedError(crossing.original(arrived), line)


# --- processes


class _Pool:
    """The worker processes of this program, started when they are first needed and ended with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._monty: Monty | None = None

    def checkout(self, limits: Limits) -> MontySession:
        """One of them, for a `with` statement; whatever it did before is forgotten."""
        from pydantic_monty import Monty

        if self._process not in (None, os.getpid()):  # before the lock, which a fork may have found locked
            raise SandboxError(
                "this process was forked from one that had used the sandbox, and cannot use it; "
                'start processes with multiprocessing.get_context("spawn")'
            )
        with self._lock:
            if self._monty is None:
                self._process = os.getpid()
                self._monty = Monty(max_processes=PROCESSES, checkout_timeout=CHECKOUT_SECONDS).__enter__()
                atexit.register(self._close)
            return self._monty.checkout(**_session(limits))

    def _close(self) -> None:
        if self._monty is not None and self._process == os.getpid():  # in a fork the workers are its parent's
            self._monty.__exit__(None, None, None)


_pool = _Pool()


def _session(limits: Limits) -> dict[str, Any]:
    local = time.localtime()
    policy: OSPolicy = {"timezone": {"offset_seconds": local.tm_gmtoff, "name": local.tm_zone}}
    return {"limits": limits._for_monty(), "assert_message_annotations": False, "os_policy": policy}
