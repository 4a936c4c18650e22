"""In which recorded call we are: AG2 passes nothing on to its hooks that says so."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from trace_core.recording import BaseRecorder, Call

FRAME: ContextVar[Call | None] = ContextVar("trace_autogen_classic_frame", default=None)


@contextmanager
def inside(call: Call | None) -> Iterator[None]:
    """Be in a call; where it was not recorded, in the one around it."""
    if call is None:
        yield
        return
    token = FRAME.set(call)
    try:
        yield
    finally:
        FRAME.reset(token)


def recorded(
    original: Callable[..., Any],
    enter: Callable[[Any, Any], Call | None],
    leave: Callable[[Call | None, Any], None],
    recorder: BaseRecorder,
    closed: Callable[[Call | None], None] = lambda call: None,
) -> Callable[..., Any]:
    """A method, sync or async, that runs inside a call: `enter` begins it, `leave` ends it with the result."""

    def fail(call: Call | None, error: BaseException) -> None:
        if call is not None:
            recorder._fail(call.id, error)

    def called(*args: Any, **kwargs: Any) -> Any:
        call = enter(args, kwargs)
        try:
            with inside(call):
                result = original(*args, **kwargs)
        except BaseException as error:
            fail(call, error)
            raise
        finally:
            closed(call)
        leave(call, result)
        return result

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        call = enter(args, kwargs)
        try:
            with inside(call):
                result = await original(*args, **kwargs)
        except BaseException as error:
            fail(call, error)
            raise
        finally:
            closed(call)
        leave(call, result)
        return result

    return awaited if inspect.iscoroutinefunction(original) else called
