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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trace_core.errors import SandboxedError, SandboxError, SandboxLimit

if TYPE_CHECKING:
    import asyncio

    from pydantic_monty import AsyncMonty, Monty, MontyError, OSPolicy, ResourceLimits

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
            "max_suspensions": self.calls,
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
    from pydantic_monty import CollectString, MontyComplete

    with _errors(feeds, crossing), _pools.sync().checkout(**_session(limits)) as session:
        for feed in feeds:
            snapshot: Any = session.feed_start(
                feed.code, inputs=feed.values, print_callback=CollectString(limits.output)
            )
            while not isinstance(snapshot, MontyComplete):
                snapshot = _answer(snapshot, crossing)
        return snapshot.output


async def arun(feeds: Sequence[Feed], crossing: Crossing, limits: Limits) -> Any:
    """`run` for code that awaits: async functions of the program are awaited in this task's event loop, together
    where the code gathers them."""
    from pydantic_monty import CollectString, MontyComplete

    pool = _pools.asynchronous()
    tasks: dict[int, asyncio.Future[Any]] = {}
    try:
        with _errors(feeds, crossing):
            async with pool.checkout(**_session(limits)) as session:
                for feed in feeds:
                    snapshot: Any = await session.feed_start(
                        feed.code, inputs=feed.values, print_callback=CollectString(limits.output)
                    )
                    while not isinstance(snapshot, MontyComplete):
                        snapshot = await _answer_async(snapshot, crossing, tasks)
                return snapshot.output
    finally:
        for task in tasks.values():
            task.cancel()


def _answer(snapshot: Any, crossing: Crossing) -> Any:
    from pydantic_monty import FunctionSnapshot, FutureSnapshot, NameLookupSnapshot

    if isinstance(snapshot, NameLookupSnapshot):
        return _look_up(snapshot, crossing)
    if isinstance(snapshot, FutureSnapshot):
        raise SandboxError("the code waits for something that nothing will bring")
    if not isinstance(snapshot, FunctionSnapshot) or snapshot.is_os_function:
        return snapshot.resume_not_handled()
    answer: Any = crossing.call(str(snapshot.function_name), snapshot.object_id, snapshot.args, snapshot.kwargs)
    if inspect.isawaitable(answer):
        getattr(answer, "close", lambda: None)()  # a coroutine that nobody will await
        name = str(snapshot.function_name).partition("#")[0]
        answer = {"exception": TypeError(f"{name}() is async and can be called only from an async def")}
    return snapshot.resume(answer)


async def _answer_async(snapshot: Any, crossing: Crossing, tasks: dict[int, asyncio.Future[Any]]) -> Any:
    import asyncio

    from pydantic_monty import AsyncFunctionSnapshot, AsyncFutureSnapshot, AsyncNameLookupSnapshot

    if isinstance(snapshot, AsyncNameLookupSnapshot):
        return await _look_up(snapshot, crossing)
    if isinstance(snapshot, AsyncFutureSnapshot):
        waiting = {call: tasks[call] for call in snapshot.pending_call_ids}
        await asyncio.wait(waiting.values(), return_when=asyncio.FIRST_COMPLETED)
        done = {call: task.result() for call, task in waiting.items() if task.done()}
        for call in done:
            del tasks[call]
        return await snapshot.resume(done)
    if not isinstance(snapshot, AsyncFunctionSnapshot) or snapshot.is_os_function:
        return await snapshot.resume_not_handled()
    answer: Any = crossing.call(str(snapshot.function_name), snapshot.object_id, snapshot.args, snapshot.kwargs)
    if inspect.isawaitable(answer):
        tasks[snapshot.call_id] = asyncio.ensure_future(crossing.awaited(answer))
        answer = {"future": ...}
    return await snapshot.resume(answer)


def _look_up(snapshot: Any, crossing: Crossing) -> Any:
    if snapshot.object_id is None:
        return snapshot.resume()  # a NameError there
    answer = crossing.attribute(snapshot.object_id, snapshot.variable_name)
    return snapshot.resume(value=answer["return_value"]) if "return_value" in answer else snapshot.resume()


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
    return SandboxedError(crossing.original(arrived), line)


# --- processes


class _Pools:
    """The worker processes of this program, started when they are first needed and ended with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._sync: Monty | None = None
        self._asynchronous: AsyncMonty | None = None

    def sync(self) -> Monty:
        from pydantic_monty import Monty

        self._check_process()
        with self._lock:
            if self._sync is None:
                self._sync = Monty(max_processes=PROCESSES, checkout_timeout=CHECKOUT_SECONDS).__enter__()
            return self._sync

    def asynchronous(self) -> AsyncMonty:
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        from pydantic_monty import AsyncMonty

        self._check_process()
        with self._lock:
            if self._asynchronous is None:
                pool = AsyncMonty(max_processes=PROCESSES, checkout_timeout=CHECKOUT_SECONDS)
                # A pool belongs to no event loop, so it can be entered in one of its own and used in several.
                with ThreadPoolExecutor(1) as thread:
                    self._asynchronous = thread.submit(asyncio.run, _entered(pool)).result()
            return self._asynchronous

    def _check_process(self) -> None:
        if self._process is None:
            self._process = os.getpid()
            atexit.register(self._close)
        elif self._process != os.getpid():
            raise SandboxError(
                "this process was forked from one that had used the sandbox, and cannot use it; "
                'start processes with multiprocessing.get_context("spawn")'
            )

    def _close(self) -> None:
        if self._process != os.getpid():
            return  # a fork: the workers are its parent's
        if self._sync is not None:
            self._sync.__exit__(None, None, None)
        if self._asynchronous is not None:
            import asyncio

            asyncio.run(_left(self._asynchronous))


_pools = _Pools()


async def _entered(pool: AsyncMonty) -> AsyncMonty:
    return await pool.__aenter__()


async def _left(pool: AsyncMonty) -> None:
    await pool.__aexit__(None, None, None)


def _session(limits: Limits) -> dict[str, Any]:
    local = time.localtime()
    policy: OSPolicy = {"timezone": {"offset_seconds": local.tm_gmtoff, "name": local.tm_zone}}
    return {"limits": limits._for_monty(), "assert_message_annotations": False, "os_policy": policy}
