"""Group chats that AG2 makes itself: those whom a traced agent chats with are traced for the time of the chat."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trace_autogen.classic import private

if TYPE_CHECKING:
    from trace_autogen.classic.recorder import Recorder


def joining(original: Callable[..., Any], recorder: Callable[[], Recorder | None]) -> Callable[..., Any]:
    """A method that begins a chat with its first argument; a group chat's agents are traced as long as it lasts."""

    @functools.wraps(original)
    def called(recipient: Any, *args: Any, **kwargs: Any) -> Any:
        with joined(recipient, recorder()):
            return original(recipient, *args, **kwargs)

    @functools.wraps(original)
    async def awaited(recipient: Any, *args: Any, **kwargs: Any) -> Any:
        with joined(recipient, recorder()):
            return await original(recipient, *args, **kwargs)

    return awaited if inspect.iscoroutinefunction(original) else called


@contextmanager
def joined(recipient: Any, recorder: Recorder | None) -> Iterator[None]:
    """Trace a manager and the agents of its group chat, as far as they are not traced yet."""
    from trace_autogen.classic.tracing import begin_to_trace, stop_to_trace

    begun = begin_to_trace(recipient, recorder) if recorder is not None and private.groups_of(recipient) else []
    try:
        yield
    finally:
        stop_to_trace(begun)
