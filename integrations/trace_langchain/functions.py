"""Functions of a program: their code is learned; what an LLM wrote runs in the sandbox.

LangChain's objects keep functions in attributes (`RunnableLambda.func`, `tool.func`, a graph node's `bound.func`).
There a function stands that calls the user's own until its text is rewritten (`trace_core.code`).
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from trace_core.bindings import Isolation
from trace_core.bundles import LearnedCode
from trace_core.code import TrainableCode
from trace_core.context import Read
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.reads import note


class FunctionBinding:
    """The text of a function that an attribute of an object holds.

    Args:
        owner, attribute: where the function stands.
        function: the function.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    isolation: Isolation = "overlay"

    def __init__(self, owner: Any, attribute: str, function: Callable[..., Any], learned_code: LearnedCode) -> None:
        self.owner = owner
        self.attribute = attribute
        self.function = function
        self.lock = threading.Lock()
        self._native = learned_code == "native"
        self.code = TrainableCode(function, native=self._native)
        self._text = self.code.source
        self._others: list[tuple[str, Any]] = []

    def get(self) -> str:
        """The text as it is now."""
        return self._text

    def set(self, value: str) -> None:
        """Another text, for the next call."""
        self._text = value

    def check(self, value: str) -> None:
        """Raise `InvalidCode` if the text cannot stand in for the function."""
        self.code.check(value)

    def install(self, parameter: ParameterNode) -> None:
        """Put a function there that calls the one whose text is current."""
        standing = self._function_for(parameter)
        self._others = [(self.attribute, getattr(self.owner, self.attribute))]
        setattr(self.owner, self.attribute, standing)
        # LangGraph awaits a node's sync function as `partial(run_in_executor, None, func)`.
        awaited = getattr(self.owner, "afunc", None)
        if isinstance(awaited, functools.partial) and self.function in awaited.args:
            self._others.append(("afunc", awaited))
            arguments = tuple(standing if argument is self.function else argument for argument in awaited.args)
            self.owner.afunc = functools.partial(awaited.func, *arguments, **awaited.keywords)

    def release(self) -> None:
        """Put the user's function back; a learned text is no longer used."""
        for attribute, value in self._others:
            setattr(self.owner, attribute, value)
        self._others = []

    def _function_for(self, parameter: ParameterNode) -> Callable[..., Any]:
        code, native = self.code, self._native

        def text() -> str:
            read = parameter._read()[1]
            note("code", parameter, read if read is not None else Read(parameter._peek(), parameter.version))
            return str(parameter._peek() if read is None else read.value)

        if inspect.iscoroutinefunction(self.function):

            @functools.wraps(self.function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                return await code.acall(text(), args, kwargs, native)

            standing: Callable[..., Any] = awaited
        else:

            @functools.wraps(self.function)
            def called(*args: Any, **kwargs: Any) -> Any:
                return code.call(text(), args, kwargs, native)

            standing = called
        standing._trace_parameter = parameter  # type: ignore[attr-defined]
        return standing


def parameter_of(function: Any) -> ParameterNode | None:
    """The parameter of a function that stands for another."""
    return getattr(function, "_trace_parameter", None)
