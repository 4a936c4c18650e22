"""Errors that are ours and the original's at once: `except ZeroDivisionError` goes on working around a bundle."""

from __future__ import annotations

from functools import lru_cache
from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

from trace_core.errors import ExecutionError

if TYPE_CHECKING:
    from trace_core.nodes import ExceptionNode


def error_text(error: BaseException) -> str:
    """`(its type) its message`; an exception whose message cannot be made has only its type."""
    try:
        return f"({type(error).__name__}) {error}".rstrip()
    except Exception:  # noqa: BLE001 - any exception's own __str__ may fail, which must not hide the exception
        return f"({type(error).__name__})"


def execution_error(original: Exception, at: ExceptionNode) -> ExecutionError:
    """An `ExecutionError` that is also of the original's type, where Python allows it, with all that it carries."""
    kind: Any = type(original)
    error: ExecutionError
    try:
        error = _combined(kind).__new__(_combined(kind), *original.args)
    except Exception:  # noqa: BLE001 - a constructor with demands of its own may raise anything
        error = ExecutionError.__new__(ExecutionError)
    _copy_fields(original, error)
    fields = vars(error)  # an exception may refuse attributes (a frozen dataclass)
    fields.update(vars(original))
    fields["node"] = at
    return error


@lru_cache(maxsize=256)
def _combined(kind: Any) -> Any:
    if issubclass(kind, ExecutionError):
        return kind
    try:
        # A class attribute, for exceptions that have a property `node` of their own.
        return type(kind.__name__, (ExecutionError, kind), {"node": None, "__module__": kind.__module__})
    except TypeError:  # a type that cannot be subclassed, or whose layout differs
        return ExecutionError


def _copy_fields(original: Exception, error: ExecutionError) -> None:
    """What the interpreter and `__slots__` keep beside `__dict__`, such as an OSError's filename."""
    for base in type(original).__mro__:
        for name, member in vars(base).items():
            if isinstance(member, (MemberDescriptorType, GetSetDescriptorType)) and not name.startswith("__"):
                try:
                    member.__set__(error, member.__get__(original))
                except (AttributeError, TypeError):  # unset, read-only, or of a type that `error` could not take on
                    continue
