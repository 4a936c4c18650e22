"""Errors that are ours and the original's at once, so that `except ZeroDivisionError` goes on working around a bundle."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trace_core.errors import ExecutionError

if TYPE_CHECKING:
    from trace_core.nodes import ExceptionNode


def execution_error(original: Exception, at: ExceptionNode) -> ExecutionError:
    """An `ExecutionError` that is also of the original's type, where Python allows it."""
    kind = type(original)
    try:
        error = _combined(kind).__new__(_combined(kind), *original.args)
    except TypeError:  # a constructor with demands of its own
        error = ExecutionError.__new__(ExecutionError)
    error.__dict__.update(original.__dict__)
    error.args = (str(at._data),)
    error.node = at
    return error


@lru_cache(maxsize=256)
def _combined(kind: type[Exception]) -> type[ExecutionError]:
    if issubclass(kind, ExecutionError):
        return kind
    try:
        # An exception's own __str__ may need fields that only its constructor sets.
        return type(kind.__name__, (ExecutionError, kind), {"__str__": lambda self: str(self.args[0])})
    except TypeError:  # a type that cannot be subclassed, or whose layout differs
        return ExecutionError
