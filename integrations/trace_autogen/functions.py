"""Functions of tools: their code is learned; what an LLM wrote runs in the sandbox.

A `FunctionTool` keeps the user's function; while its text is rewritten, the tool shows what the text stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from autogen_core.tools import FunctionTool

from trace_autogen import private
from trace_autogen.besides import stand_for
from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import CodeBinding, CodePlace, NotOffered, Offer, StandingCodeBinding, unwrapped


class ToolCode(CodePlace):
    """The function of a tool."""

    def __init__(self, binding: CodeBinding) -> None:
        super().__init__(binding, (private.TOOL_FUNCTION,))

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the text stands for, unless the user put another function there since."""
        is_its = unwrapped(stored) is unwrapped(self.binding.function)
        return super().shown(stored, attribute, value, use) if is_its else stored


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
        binding = StandingCodeBinding(tool, ToolCode, stand_for, function, learned_code)
    except UntrainableCode as error:
        yield NotOffered((*path, "code"), "code", str(error))
        return
    about = f"the function that the tool {tool.name} calls"
    yield Offer((*path, "code"), "code", binding, str, (binding.check,), about)
