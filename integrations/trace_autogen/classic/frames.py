"""In which recorded call we are: AG2 passes nothing on to its hooks that says so, and sometimes goes to another thread.

AG2 asks the model of an agent that is awaited in an executor, and runs `async` tools of a chat that is not awaited in a
thread with an event loop of its own. Neither knows what the code around it knows: which call it is in, and which
candidate is tried. The messages of a reply carry that to the first, the coroutine of a tool to the second.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder
    from trace_core.recording import Call

FRAME: ContextVar[Call | None] = ContextVar("trace_autogen_classic_frame", default=None)

Begun = tuple["Recorder", "Call"] | None
"""A call that began, and where it is recorded."""


@contextmanager
def inside(begun: Begun) -> Iterator[None]:
    """Be in a call; where it was not recorded, in the one around it."""
    if begun is None:
        yield
        return
    token = FRAME.set(begun[1])
    try:
        yield
    finally:
        FRAME.reset(token)


def recorded(
    original: Callable[..., Any],
    enter: Callable[[Any, Any], Begun],
    leave: Callable[[Begun, Any], None],
    closed: Callable[[Begun], None] = lambda begun: None,
) -> Callable[..., Any]:
    """A method, sync or async, that runs inside a call: `enter` begins it, `leave` ends it with the result."""

    def fail(begun: Begun, error: BaseException) -> None:
        if begun is not None:
            begun[0]._fail(begun[1].id, error)

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        begun = enter(args, kwargs)
        try:
            with inside(begun):
                result = original(*args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        finally:
            closed(begun)
        leave(begun, result)
        return result

    @functools.wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        begun = enter(args, kwargs)
        try:
            with inside(begun):
                result = await original(*args, **kwargs)
        except BaseException as error:
            fail(begun, error)
            raise
        finally:
            closed(begun)
        leave(begun, result)
        return result

    return awaited if inspect.iscoroutinefunction(original) else called


class Carried(list[Any]):
    """The messages that a reply is made from, with the context in which it is made."""

    def __init__(self, messages: Any) -> None:
        super().__init__(messages)
        self.context = copy_context()
        self.thread = get_ident()


def in_carried_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method that gets messages; in another thread than their reply, it runs in that one's context."""

    @functools.wraps(original)
    def called(messages: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(messages, Carried) and messages.thread != get_ident():
            return messages.context.copy().run(original, messages, *args, **kwargs)
        return original(messages, *args, **kwargs)

    return called


def in_callers_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """An `async` method; what another thread awaits of it runs in the context of where it was called."""

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        context, thread = copy_context(), get_ident()

        async def awaited() -> Any:
            if thread == get_ident():
                return await original(*args, **kwargs)
            return await asyncio.create_task(original(*args, **kwargs), context=context)

        return awaited()

    return called
