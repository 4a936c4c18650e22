"""What a sandboxed call gives: data of a bearable size, as the annotated type.

Types are pydantic's (https://docs.pydantic.dev/latest/concepts/type_adapter/): a value is converted where pydantic
converts leniently, and anything else is an error that says what was expected.
"""

from __future__ import annotations

import collections.abc
import types
import typing
from functools import cached_property
from types import FunctionType
from typing import Any

from trace_core.code.surroundings import Surroundings
from trace_core.errors import SandboxedError, SandboxError, SandboxLimit

_LAZY = (collections.abc.Iterable, collections.abc.Iterator, collections.abc.Generator, collections.abc.AsyncIterator)


class Result:
    """The result of a function, as its annotation says; `size` is how many items and characters it may have."""

    def __init__(self, function: FunctionType, size: int) -> None:
        self._function = function
        self._size = size

    def accept(self, kind: str, texts: int, value: Any) -> Any:
        """The result as the annotated type; `kind` is the name of its type in the sandbox, `texts` how many it held.

        Raises:
            SandboxedError: it is no data, or does not fit the annotation.
            SandboxLimit: it is too large or nested too deeply.
            SandboxError: the annotation cannot be resolved.
        """
        try:
            check_result(kind, texts, value, self._size)
            return value if self._adapter is None else self._adapter.validate_python(value)
        except (TypeError, ValueError) as error:
            wrong = TypeError(f"{self._function.__name__}() returned a wrong value: {_reason(error)}")
            raise SandboxedError(wrong, None) from error

    @cached_property
    def _adapter(self) -> Any:
        function = self._function
        if "return" not in function.__annotations__:
            return None
        holder = types.SimpleNamespace(__annotations__={"return": function.__annotations__["return"]})
        closure = Surroundings(function, ()).closure()
        try:
            hint = typing.get_type_hints(holder, function.__globals__, closure, include_extras=True)["return"]
        except NameError as error:
            reason = f"the return annotation of {function.__name__} cannot be resolved: {error}; import it"
            raise SandboxError(reason) from None
        # pydantic would make a one-time iterator of what is annotated as iterable
        return None if typing.get_origin(hint) in _LAZY or hint in (Any, *_LAZY) else _adapter(hint)


COUNT_TEXTS = """
def __texts(value):
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            count += 1
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)) or type(item).__name__ == "deque":
            waiting.extend(item)
    return count
"""
"""Code for the sandbox: what is no data arrives as text, so the texts are counted on both sides."""


def check_result(kind: str, texts: int, value: Any, size: int) -> None:
    """Refuse a result that is no data, or too large. `kind` is its type's name in the sandbox, where it held `texts`.

    Raises:
        TypeError: it is, or holds, a function, an iterator, a module or an object of a class of the code's own.
        SandboxLimit: it has more than `size` items and characters, or is nested too deeply.
    """
    from trace_core.code.crossing import FOREIGN, MAXIMUM_DEPTH

    if isinstance(value, str) and kind != "str":
        raise TypeError(f"the result is a {kind}, which cannot leave the sandbox; return plain data, such as a list")
    texts_here = 0
    waiting: list[tuple[Any, int]] = [([value], -1)]
    while waiting:
        container, depth = waiting.pop()
        if depth > MAXIMUM_DEPTH:
            raise SandboxLimit(f"the result is nested more than {MAXIMUM_DEPTH} deep")
        size -= len(container)
        for item in container:
            if isinstance(item, str | bytes):
                size -= len(item)
                texts_here += isinstance(item, str)
            elif isinstance(item, dict):
                waiting += [(item.keys(), depth + 1), (item.values(), depth + 1)]
            elif isinstance(item, list | tuple | set | frozenset):
                waiting.append((item, depth + 1))
            elif isinstance(item, FOREIGN):
                raise TypeError(f"the result has an object of {item.name}; return plain data, such as a dict")
        if size < 0:
            raise SandboxLimit("the result is larger than it may be")
    if texts_here > texts:
        raise TypeError(
            "the result holds what cannot leave the sandbox, such as a function or a range; return plain data"
        )


def _adapter(hint: Any) -> Any:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    if typing.is_typeddict(hint):  # which keys are there is a type checker's business: a graph's node gives some
        return TypeAdapter(dict[str, Any])

    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a type that has its own configuration
        return TypeAdapter(hint)


def _reason(error: Exception) -> str:
    """What is wrong, without pydantic's count of errors and its links."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
