"""What stands in an object in place of a function whose code is learned."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from types import FunctionType
from typing import Any

from trace_core.code import TrainableCode
from trace_core.exposing import read_now
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.reads import note

_SHARED = ("__code__", "__defaults__", "__kwdefaults__", "__globals__", "__closure__")


class StandingFunction:
    """Calls the user's function, or what its text is here and now.

    It answers as the function does to whoever asks for its signature, its annotations, or whether it is to be awaited.
    A copy, and what is stored, is the user's function, or if its text was changed one with that text; neither follows
    a parameter.

    Args:
        code: the function's code.
        native: whether a rewritten text runs natively.
        parameter: whose value the text is; None for a copy.
        text: the text of a copy.
    """

    def __init__(
        self, code: TrainableCode, function: Any, native: bool, parameter: ParameterNode | None, text: str = ""
    ):
        functools.update_wrapper(self, function)
        vars(self).update((name, getattr(function, name)) for name in _SHARED if hasattr(function, name))
        self._trace = (code, function, native, parameter, text)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """That of functions, by which frameworks tell them from other callables."""
        return FunctionType

    def __repr__(self) -> str:
        return repr(self._trace[1])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it with the text that holds here and now."""
        code, _, native, parameter, text = self._trace
        if parameter is not None:
            read = read_now(parameter)
            note("code", parameter, read)
            text = str(read.value)
        return code.call(text, args, kwargs, native)

    def __copy__(self) -> Callable[..., Any]:
        code, function, native, _, _ = self._trace
        text = text_of(self)
        return function if text == code.source else StandingFunction(code, function, native, None, text)

    def __deepcopy__(self, memo: Any) -> Callable[..., Any]:
        return self.__copy__()

    def __reduce__(self) -> Any:
        code, function, native, _, _ = self._trace
        text = text_of(self)
        return (operator.getitem, ([function], 0)) if text == code.source else (with_text, (function, text, native))


def with_text(function: Callable[..., Any], text: str, native: bool) -> Callable[..., Any]:
    """A function with another text, as it was stored."""
    return StandingFunction(TrainableCode(function, native=native), function, native, None, text)


def text_of(standing: StandingFunction) -> str:
    """Its text, whatever a candidate says."""
    _, _, _, parameter, text = standing._trace
    binding: Any = None if parameter is None else parameter.binding
    return text if binding is None else str(binding.get())


def parameter_of(function: Any) -> ParameterNode | None:
    """The parameter of a function that stands for another."""
    return function._trace[3] if isinstance(function, StandingFunction) else None
