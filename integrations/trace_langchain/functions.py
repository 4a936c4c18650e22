"""Functions of a program: their code is learned; what an LLM wrote runs in the sandbox.

LangChain's objects keep functions in attributes (`RunnableLambda.func`, `tool.func`, a graph node's `bound.func`).
There an object stands that calls the user's own function until its text is rewritten (`trace_core.code`).
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from trace_core.bundles import LearnedCode
from trace_core.exposing import CodeBinding
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.standing_functions import StandingFunction, parameter_of, text_of

__all__ = ["FunctionBinding", "parameter_of"]


class FunctionBinding(CodeBinding):
    """The text of a function that attributes of objects hold.

    Args:
        owner, attribute: where the function stands; `join` adds other places of the same function.
        function: the function, or what stands for it.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    def __init__(self, owner: Any, attribute: str, function: Callable[..., Any], learned_code: LearnedCode) -> None:
        super().__init__(function._trace[1] if isinstance(function, StandingFunction) else function, learned_code)
        self.owner = owner
        self.attribute = attribute
        self._is_copy = isinstance(function, StandingFunction)  # of an object with learned code, with its own text
        if isinstance(function, StandingFunction):
            self.set(text_of(function))
        self._places = [(owner, attribute)]
        self._standing: StandingFunction | None = None
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def known(self) -> ParameterNode | None:
        """The parameter that the function has already, here or in another place."""
        here = parameter_of(getattr(self.owner, self.attribute, None))
        reference = getattr(self.function, "__dict__", {}).get("_trace_standing")
        standing = reference() if reference is not None else None
        is_its = standing is not None and standing._trace[1] is self.function  # `functools.wraps` copies what it holds
        return here or (parameter_of(standing) if is_its and not self._is_copy else None)

    def shared(self) -> int | None:
        """What places of the same function have in common, while it has no parameter."""
        return id(getattr(self.owner, self.attribute)) if self.known() is None else None

    def join(self, other: FunctionBinding) -> None:
        """Stand in further places of the same function."""
        for place in other._places:
            if not any(place[0] is owner and place[1] == attribute for owner, attribute in self._places):
                self._places.append(place)
                if self._standing is not None:
                    self._put(*place, self._standing)

    def install(self, parameter: ParameterNode) -> None:
        """Put there what calls the function whose text is current."""
        if self._standing is not None:
            return
        self._standing = StandingFunction(self.code, self.function, self.native, parameter)
        if not self._is_copy:
            vars(self.function)["_trace_standing"] = weakref.ref(self._standing)
        for place in self._places:
            self._put(*place, self._standing)

    def release(self) -> None:
        """Put the user's function back, if it still stands there for it; a learned text is no longer used."""
        for owner, attribute, before, standing in reversed(self._replaced):
            if getattr(owner, attribute, None) is standing:
                setattr(owner, attribute, before)
        self._replaced = []
        self._standing = None
        if not self._is_copy:
            vars(self.function).pop("_trace_standing", None)

    def _put(self, owner: Any, attribute: str, standing: StandingFunction) -> None:
        self._replace(owner, attribute, standing)
        # LangGraph awaits a node's sync function as `partial(run_in_executor, None, func)`.
        awaited = getattr(owner, "afunc", None)
        if isinstance(awaited, functools.partial) and self.function in awaited.args:
            arguments = tuple(standing if argument is self.function else argument for argument in awaited.args)
            self._replace(owner, "afunc", functools.partial(awaited.func, *arguments, **awaited.keywords))

    def _replace(self, owner: Any, attribute: str, value: Any) -> None:
        self._replaced.append((owner, attribute, getattr(owner, attribute), value))
        setattr(owner, attribute, value)
