"""Functions of tools: their code is learned; what an LLM wrote runs in the sandbox.

A `FunctionTool` keeps the user's function; while its text is rewritten, the tool shows what the text stands for, both
where it calls and where it awaits.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

from llama_index.core.tools import BaseTool, FunctionTool
from llama_index.core.tools.function_tool import async_to_sync, sync_to_async

from trace_core.bindings import Isolation
from trace_core.bundles import LearnedCode
from trace_core.code import TrainableCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import NotOffered, Offer
from trace_core.parameter_nodes import ParameterNode
from trace_llamaindex import private
from trace_llamaindex.standing import Stand, stand_for
from trace_llamaindex.walking import Path

_CALLED, _AWAITED, _REAL = private.TOOL_FUNCTIONS
_MADE = (sync_to_async.__name__, async_to_sync.__name__)


class CodePlace:
    """Where a tool holds a function, which stays as it is: a rewritten text is called in its place."""

    argument = "code"

    def __init__(self, code: TrainableCode, function: Any, attributes: tuple[str, ...], native: bool) -> None:
        self.code = code
        self.function = function
        self.attributes = attributes
        self.key = attributes
        self.native = native
        self._receiver = (function.__self__,) if isinstance(function, MethodType) else ()

    def read(self, owner: Any) -> str:
        """The user's own text."""
        return self.code.source

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the text stands for; the user's function itself for their own text."""
        if value == self.code.source:
            return stored
        made = self._awaited(value) if self.code.is_async else self._called(value)
        if attribute == _AWAITED and not self.code.is_async:
            return sync_to_async(made)
        return async_to_sync(made) if attribute == _CALLED and self.code.is_async else made

    def _called(self, text: str) -> Any:
        @functools.wraps(self.function)
        def rewritten(*args: Any, **kwargs: Any) -> Any:
            return self.code.call(text, (*self._receiver, *args), kwargs, self.native)

        return rewritten

    def _awaited(self, text: str) -> Any:
        @functools.wraps(self.function)
        async def rewritten(*args: Any, **kwargs: Any) -> Any:
            return await self.code.acall(text, (*self._receiver, *args), kwargs, self.native)

        return rewritten


class FunctionBinding:
    """The text of a function that tools call.

    Args:
        tool: the tool; `join` adds others with the same function.
        function: the function.
        attributes: where the tool holds it, as it is and as what LlamaIndex made of it.
        learned_code: "sandbox" or "native".

    Raises:
        UntrainableCode: it has no source, or rewritten code of it could not run in the sandbox.
    """

    isolation: Isolation = "overlay"

    def __init__(
        self, tool: FunctionTool, function: Any, attributes: tuple[str, ...], learned_code: LearnedCode
    ) -> None:
        native = learned_code == "native"
        self.function = function
        self.code = TrainableCode(function, native=native)
        self.place = CodePlace(self.code, function, attributes, native)
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

    def shared(self) -> tuple[int, tuple[str, ...]]:
        """What tools with the same function have in common."""
        return id(self.function), self.place.attributes

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


def offers(tool: BaseTool, path: Path, learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    """The code of a tool's functions: of the one that the user gave, or of both that it calls and awaits."""
    if not isinstance(tool, FunctionTool) or not private.has(tool, *private.TOOL_FUNCTIONS):
        reason = f"a {type(tool).__name__} is no function; only the code of a FunctionTool is learned"
        yield NotOffered((*path, "code"), "code", reason, True)
        return
    held = vars(tool)
    own = [name for name in (_CALLED, _AWAITED) if not _is_made(held[name])]
    if len(own) == 1:
        yield _offer(tool, held[own[0]], private.TOOL_FUNCTIONS, (*path, "code"), learned_code)
        return
    for name, label in zip(own, ("code", "async_code"), strict=False):
        attributes = tuple(each for each in private.TOOL_FUNCTIONS if held[each] is held[name])
        yield _offer(tool, held[name], attributes, (*path, label), learned_code)


def _is_made(function: Any) -> bool:
    """Whether LlamaIndex made it of the function that the user gave."""
    return str(getattr(function, "__qualname__", "")).partition(".")[0] in _MADE


def _offer(
    tool: FunctionTool, function: Any, attributes: tuple[str, ...], path: Path, learned_code: LearnedCode
) -> Offer | NotOffered:
    inner = unwrapped(function)
    inner = inner.__func__ if isinstance(inner, MethodType) else inner
    if not isinstance(inner, FunctionType) or inner.__name__ == "<lambda>":
        return NotOffered(path, "code", "it is no def; only a function's code is learned", True)
    if tool.requires_context and learned_code != "native":
        reason = f"it takes the workflow's context ({tool.ctx_param_name}), which stays outside of the sandbox"
        return NotOffered(path, "code", f'{reason}; learned_code="native" allows it')
    try:
        binding = FunctionBinding(tool, function, attributes, learned_code)
    except UntrainableCode as error:
        return NotOffered(path, "code", str(error))
    about = f"the function that the tool {tool.metadata.name} calls"
    return Offer(path, "code", binding, str, (binding.check,), about)


def unwrapped(function: Any) -> Any:
    """The function under what was made with `functools.wraps`."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function
