"""The code of tools, and of functions that write an agent's instructions; what an LLM wrote runs in the sandbox.

The SDK calls a tool by a function that it makes of the user's own: while that one's text is rewritten, the tool shows
one that was made of what the text stands for. Schemas stay as they are.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from agents import function_tool

from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import CodeBinding, CodePlace, NotOffered, Offer, StandingCodeBinding, unwrapped
from trace_openai.agents.places import INSTRUCTIONS, INVOKE
from trace_openai.agents.standing import RUNNING, AgentsStand, stand_for


class ToolCode(CodePlace):
    """The function of a tool."""

    def __init__(self, tool: Any, binding: CodeBinding) -> None:
        super().__init__(binding, (INVOKE,))
        self._tool = tool

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What calls the function that the text stands for."""
        is_own = value == self.binding.code.source
        function = noting_errors(self.binding.function if is_own else self.binding.rewritten(value))
        made = function_tool(function, strict_mode=self._tool.strict_json_schema, use_docstring_info=False)
        tool = _as_written(self._tool, on_invoke_tool=made.on_invoke_tool)
        return copy.copy(tool).on_invoke_tool  # which tells of errors as the tool does


def _as_written(tool: Any, **changes: Any) -> Any:
    """A tool as the user wrote it, but for some attributes: what is learned of it does not show."""
    stand = AgentsStand.of(tool)
    made = object.__new__(type(tool) if stand is None else stand.original)
    vars(made).update(vars(tool), **changes)
    return made


def noting_errors(function: Any) -> Any:
    """A function of which the recorder sees what it raises: the model is told what the tool makes of it."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with _noting():
            return function(*args, **kwargs)

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with _noting():
            return await function(*args, **kwargs)

    return awaited if inspect.iscoroutinefunction(function) else called


@contextmanager
def _noting() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        run = RUNNING.get()
        if run is not None:
            run.around().details["raised"] = error
        raise


class ToolCodeBinding(StandingCodeBinding):
    """The text of a tool's function."""

    def shared(self) -> Any:
        """One text for each tool: how the SDK calls a function is the tool's."""
        return None


class InstructionsCode(CodePlace):
    """The function that writes an agent's instructions."""

    is_own = True

    def __init__(self, binding: CodeBinding) -> None:
        super().__init__(binding, (INSTRUCTIONS,))
        self.argument = INSTRUCTIONS


def tool_offers(tool: Any, path: tuple[str, ...], learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    """The code of a tool's function."""
    function = getattr(_as_written(tool), "__wrapped__", None)

    def binding() -> CodeBinding:
        def place(made: CodeBinding) -> ToolCode:
            return ToolCode(tool, made)

        return ToolCodeBinding(tool, place, stand_for, function, learned_code)

    yield _offer(function, (*path, "code"), binding, f"the function that the tool {tool.name} calls")


def instructions_offers(agent: Any, path: tuple[str, ...], learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    """The code of the function that writes an agent's instructions."""
    function = vars(agent)[INSTRUCTIONS]
    if not callable(function):
        return

    def binding() -> CodeBinding:
        return StandingCodeBinding(agent, InstructionsCode, stand_for, function, learned_code)

    yield _offer(function, (*path, "instructions", "code"), binding, f"the function that writes what {agent.name} is")


def _offer(function: Any, label: tuple[str, ...], binding: Callable[[], CodeBinding], about: str) -> Offer | NotOffered:
    if not isinstance(unwrapped(function), FunctionType) or unwrapped(function).__name__ == "<lambda>":
        return NotOffered(label, "code", "it is no def; only a function's code is learned", True)
    try:
        made = binding()
    except UntrainableCode as error:
        return NotOffered(label, "code", str(error))
    return Offer(label, "code", made, str, (made.check,), about)
