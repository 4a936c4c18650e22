"""In which recorded call we are: AG2 passes nothing on to its hooks that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from trace_core.recording import Call

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
