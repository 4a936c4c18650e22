"""Functions of tools: their code is learned; what an LLM wrote runs in the sandbox.

A `FunctionTool` keeps the user's function; while its text is rewritten, the tool shows what the text stands for.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from autogen_core.tools import FunctionTool

from trace_autogen import private
from trace_autogen.besides import stand_for
from trace_autogen.standing import Stand
from trace_core.bindings import Isolation
from trace_core.bundles import LearnedCode
from trace_core.code import TrainableCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import NotOffered, Offer
from trace_core.parameter_nodes import ParameterNode


class CodePlace:
    """The function of a tool, which stays as it is: a rewritten text is called in its place."""

    argument = "code"
    key = private.TOOL_FUNCTION
    noted = None
    attributes = (private.TOOL_FUNCTION,)

    def __init__(self, code: TrainableCode, function: Any, native: bool) -> None:
        self.code = code
        self.function = function
        self.native = native

    def read(self, owner: Any) -> str:
        """The user's own text."""
        return self.code.source

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the text stands for; the user's function itself for their own text, and what they put there since."""
        if value == self.code.source or unwrapped(stored) is not unwrapped(self.function):
            return stored
        return self._awaited(value) if self.code.is_async else self._called(value)

    def _called(self, text: str) -> Any:
        @functools.wraps(self.function)
        def rewritten(*args: Any, **kwargs: Any) -> Any:
            return self.code.call(text, args, kwargs, self.native)

        return rewritten

    def _awaited(self, text: str) -> Any:
        @functools.wraps(self.function)
        async def rewritten(*args: Any, **kwargs: Any) -> Any:
            return await self.code.acall(text, args, kwargs, self.native)

        return rewritten


class FunctionBinding:
    """The text of a function that tools call.

    Args:
        tool: the tool; `join` adds others with the same function.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    isolation: Isolation = "overlay"

    def __init__(self, tool: FunctionTool, learned_code: LearnedCode) -> None:
        self.function = vars(tool)[private.TOOL_FUNCTION]
        native = learned_code == "native"
        self.code = TrainableCode(self.function, native=native)
        self.place = CodePlace(self.code, self.function, native)
        self.lock = threading.Lock()
        self.parameter: ParameterNode | None = None
        self._text = self.code.source
        self._tools: list[Any] = [tool]

    def get(self) -> str:
        """The text as it is now."""
        return self._text

    def set(self, value: str) -> None:
        """Another text, for the next call."""
        self._text = value

    def check(self, value: str) -> None:
        """Raise `InvalidCode` if the text cannot stand in for the function."""
        self.code.check(value)

    def shared(self) -> int:
        """What tools with the same function have in common."""
        return id(self.function)

    def known(self) -> ParameterNode | None:
        """The parameter that a tool's function has already."""
        return next((known for tool in self._tools if (known := Stand.known(tool, self.place)) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have the tools call what the text stands for."""
        self.parameter = parameter
        for tool in self._tools:
            if Stand.known(tool, self.place) is None:
                stand_for(tool).add(self.place, parameter)

    def join(self, other: FunctionBinding) -> None:
        """Take in tools with the same function that were found later."""
        for tool in other._tools:
            if self.parameter is not None and Stand.known(tool, self.place) is None:
                stand_for(tool).add(self.place, self.parameter)
            if not any(tool is known for known in self._tools):
                self._tools.append(tool)

    def release(self) -> None:
        """Have the tools call the user's function again; a learned text is no longer used."""
        for tool in self._tools:
            stand = Stand.of(tool)
            if stand is not None and Stand.known(tool, self.place) is self.parameter:
                stand.release(self.place)
        self.parameter = None


def unwrapped(function: Any) -> Any:
    """The function under what was made with `functools.wraps`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def offers(tool: Any, path: tuple[str, ...], learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    """The code of a tool's function."""
    function = vars(tool).get(private.TOOL_FUNCTION) if isinstance(tool, FunctionTool) else None
    if function is None:
        reason = f"a {type(tool).__name__} is no function; only the code of a FunctionTool is learned"
        yield NotOffered((*path, "code"), "code", reason, True)
        return
    if not isinstance(unwrapped(function), FunctionType) or unwrapped(function).__name__ == "<lambda>":
        yield NotOffered((*path, "code"), "code", "it is no def; only a function's code is learned", True)
        return
    try:
        binding = FunctionBinding(tool, learned_code)
    except UntrainableCode as error:
        yield NotOffered((*path, "code"), "code", str(error))
        return
    about = f"the function that the tool {tool.name} calls"
    yield Offer((*path, "code"), "code", binding, str, (binding.check,), about)
