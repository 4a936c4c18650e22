"""Calling a user's functions: async ones are awaited, sync ones run in threads, both in their caller's context."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from trace_train.threads import Threads

Result = TypeVar("Result")


def face_of(program: Any, prefer_async: bool) -> Callable[[Any], Any]:
    """What is called: an adapter's program has an async face, `acall`, beside its sync one."""
    if not callable(program):
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


async def in_thread(threads: Threads | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call it in a thread, in the caller's context; what is `quick`, or belongs to such an object, at once."""
    if getattr(getattr(function, "__self__", function), "quick", False):
        return function(*arguments)
    return await (asyncio.to_thread if threads is None else threads.call)(function, *arguments)


def awaited(threads: Threads | None, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The function as one to await, whichever it is."""
    if is_async(function):
        return function

    async def called(*arguments: Any) -> Any:
        result = await in_thread(threads, function, *arguments)
        return await result if inspect.isawaitable(result) else result

    return called


async def uninterrupted(awaited: Awaitable[Result]) -> Result:
    """What it gives; that it cancels itself, and nobody us, is an error like any other."""
    try:
        return await awaited
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("it ended with a CancelledError of its own") from error


def finished(result: Any) -> Any:
    """A result; if it turns out to be something to await, what that gives, on a loop of this thread."""

    async def awaited() -> Any:
        return await result

    return asyncio.run(awaited()) if inspect.isawaitable(result) else result
