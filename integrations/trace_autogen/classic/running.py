"""`run` and its like: AG2 has the chat in another thread, which knows nothing of what the caller is in.

The context goes there with the chat's own arguments, and is taken over where the chat begins. A chat without another
agent is with one that AG2 makes for it, which is traced for its time.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder

_CARRIED = "_trace_classic_context"


class _Options(dict[str, Any]):
    """Arguments of the agent that AG2 makes, with the context of the caller."""

    context: Context


def running(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method that has a chat in another thread."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        if bound.arguments.get("recipient") is not None:
            bound.arguments["kwargs"] = {**bound.arguments.get("kwargs", {}), _CARRIED: copy_context()}
        else:
            options = _Options(bound.arguments.get("executor_kwargs") or {})
            options.context = copy_context()
            bound.arguments["executor_kwargs"] = options
        return original(*bound.args, **bound.kwargs)

    return called


def taking_over(original: Callable[..., Any]) -> Callable[..., Any]:
    """A method that begins a chat, in the context that was carried to it."""

    @functools.wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        _take_over(kwargs.pop(_CARRIED, None))
        return original(*args, **kwargs)

    @functools.wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        _take_over(kwargs.pop(_CARRIED, None))
        return await original(*args, **kwargs)

    return awaited if inspect.iscoroutinefunction(original) else called


def executing(original: Callable[..., Any], recorder: Callable[[], Recorder | None]) -> Callable[..., Any]:
    """The method that gives the agent that AG2 makes for a chat."""
    signature = inspect.signature(original)

    @contextmanager
    def called(*args: Any, **kwargs: Any) -> Iterator[Any]:
        from trace_autogen.classic.tracing import begin_to_trace, stop_to_trace

        options = signature.bind(*args, **kwargs).arguments.get("executor_kwargs")
        _take_over(getattr(options, "context", None))
        with original(*args, **kwargs) as executor:
            known = recorder()
            begun = [] if known is None else begin_to_trace(executor, known)
            try:
                yield executor
            finally:
                stop_to_trace(begun)

    return called


def _take_over(context: Context | None) -> None:
    """Set here what is not set: the thread is AG2's, for this chat alone."""
    here = copy_context()
    for variable, value in (context or {}).items():
        if variable not in here:
            variable.set(value)
