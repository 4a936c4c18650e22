"""Functions that a framework's objects hold: their code is learned; what an LLM wrote runs in the sandbox."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import MethodType
from typing import Any

from trace_core.bindings import Isolation
from trace_core.bundles import LearnedCode
from trace_core.code import TrainableCode
from trace_core.exposing.standing import Stand
from trace_core.parameter_nodes import ParameterNode


class CodeBinding:
    """The text of a function.

    Args:
        function: the function.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    isolation: Isolation = "overlay"

    def __init__(self, function: Any, learned_code: LearnedCode) -> None:
        self.function = function
        self.native = learned_code == "native"
        self.code = TrainableCode(function, native=self.native)
        self.lock = threading.Lock()
        self._text = self.code.source

    def get(self) -> str:
        """The text as it is now."""
        return self._text

    def set(self, value: str) -> None:
        """Another text, for the next call."""
        self._text = value

    def check(self, value: str) -> None:
        """Raise `InvalidCode` if the text cannot stand in for the function."""
        self.code.check(value)

    def rewritten(self, text: str) -> Callable[..., Any]:
        """What is called in the function's place for another text; awaited, if the function is."""
        receiver = (self.function.__self__,) if isinstance(self.function, MethodType) else ()

        @functools.wraps(self.function)
        def called(*args: Any, **kwargs: Any) -> Any:
            return self.code.call(text, (*receiver, *args), kwargs, self.native)

        @functools.wraps(self.function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await self.code.acall(text, (*receiver, *args), kwargs, self.native)

        return awaited if self.code.is_async else called


class CodePlace:
    """Where an object holds a function, which stays as it is: a rewritten text is called in its place.

    Args:
        binding: whose text it is.
        attributes: the attributes that hold it.
    """

    argument = "code"

    def __init__(self, binding: CodeBinding, attributes: tuple[str, ...]) -> None:
        self.binding = binding
        self.attributes = self.key = attributes

    def read(self, owner: Any) -> str:
        """The user's own text."""
        return self.binding.code.source

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the text stands for; the user's function itself for their own text."""
        return stored if value == self.binding.code.source else self.binding.rewritten(value)


class StandingCodeBinding(CodeBinding):
    """The text of a function that objects hold in attributes.

    Args:
        owner: the object; `join` adds others with the same function.
        place: makes the place in it.
        stand_for: gives an object's stand, and makes it if there is none.
        function, learned_code: as of `CodeBinding`.
    """

    def __init__(
        self,
        owner: Any,
        place: Callable[[CodeBinding], CodePlace],
        stand_for: Callable[[Any], Stand],
        function: Any,
        learned_code: LearnedCode,
    ) -> None:
        super().__init__(function, learned_code)
        self.place = place(self)
        self.parameter: ParameterNode | None = None
        self._stand_for = stand_for
        self._owners: list[Any] = [owner]

    def shared(self) -> Any:
        """What objects with the same function have in common."""
        return id(self.function), self.place.key

    def known(self) -> ParameterNode | None:
        """The parameter that the function has already in one of them."""
        return next((known for owner in self._owners if (known := Stand.known(owner, self.place)) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have the objects call what the text stands for."""
        self.parameter = parameter
        for owner in self._owners:
            if Stand.known(owner, self.place) is None:
                self._stand_for(owner).add(self.place, parameter)

    def join(self, other: StandingCodeBinding) -> None:
        """Take in objects with the same function that were found later."""
        for owner in other._owners:
            if self.parameter is not None and Stand.known(owner, self.place) is None:
                self._stand_for(owner).add(self.place, self.parameter)
            if not any(owner is known for known in self._owners):
                self._owners.append(owner)

    def release(self) -> None:
        """Have the objects call the user's function again; a learned text is no longer used."""
        for owner in self._owners:
            stand = Stand.of(owner)
            if stand is not None and Stand.known(owner, self.place) is self.parameter:
                stand.release(self.place)
        self.parameter = None


def unwrapped(function: Any) -> Any:
    """The function under what was made with `functools.wraps`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function
