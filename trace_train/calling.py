"""Calling a user's functions: async ones are awaited, sync ones run in threads, both in their caller's context."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from trace_core.nodes import Node
from trace_train.threads import THREADS


def face_of(program: Any, prefer_async: bool) -> Callable[[Any], Any]:
    """What is called: an adapter's program has an async face, `acall`, beside its sync one."""
    if not callable(program) or isinstance(program, Node):  # what it gave, not the program
        raise TypeError(
            f"a program is a function of an example, not {type(program).__name__}; "
            "of an agent, an adapter makes one: recorder.program(agent)"
        )
    face = getattr(program, "acall", None) if prefer_async else None
    return face if callable(face) else program  # type: ignore[no-any-return]


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await, as far as that can be told."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call it in a thread, in the caller's context; what is `quick`, or belongs to such an object, at once."""
    if getattr(getattr(function, "__self__", function), "quick", False):
        return function(*arguments)
    threads = THREADS.get()
    if threads is None or threads.loop is not asyncio.get_running_loop():
        return await asyncio.to_thread(function, *arguments)
    return await threads.call(function, *arguments)


def awaited(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The function as one to await, whichever it is."""
    if is_async(function):
        return function

    async def called(*arguments: Any) -> Any:
        result = await in_thread(function, *arguments)
        return await result if inspect.isawaitable(result) else result

    return called


def self_cancelled(error: asyncio.CancelledError) -> RuntimeError:
    """The error for what cancelled itself, which is no reason to end anything else."""
    task = asyncio.current_task()
    while task is not None and task.uncancel():
        pass
    raised = RuntimeError("it was cancelled, or raised CancelledError, though the training goes on")
    raised.__cause__ = error
    return raised


def finished(result: Any) -> Any:
    """A result; if it turns out to be something to await, what that gives, on a loop of this thread."""

    async def awaited() -> Any:
        return await result

    return asyncio.run(awaited()) if inspect.isawaitable(result) else result
