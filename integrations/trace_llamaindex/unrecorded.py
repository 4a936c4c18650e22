"""What is asked here is no part of a program: an optimizer asks the user's own model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNRECORDED: ContextVar[bool] = ContextVar("trace_llamaindex_unrecorded", default=False)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Nothing that begins in the block is recorded."""
    token = _UNRECORDED.set(True)
    try:
        yield
    finally:
        _UNRECORDED.reset(token)


def is_unrecorded() -> bool:
    """Whether what begins here is to be left out."""
    return _UNRECORDED.get()
