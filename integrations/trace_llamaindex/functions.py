"""Functions of tools: their code is learned; what an LLM wrote runs in the sandbox.

A `FunctionTool` keeps the user's function; while its text is rewritten, the tool shows what the text stands for, both
where it calls and where it awaits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from llama_index.core.tools import BaseTool, FunctionTool
from llama_index.core.tools.function_tool import async_to_sync, sync_to_async

from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import CodePlace, NotOffered, Offer, StandingCodeBinding, unwrapped
from trace_llamaindex import private
from trace_llamaindex.standing import stand_for
from trace_llamaindex.walking import Path

_CALLED, _AWAITED, _REAL = private.TOOL_FUNCTIONS
_MADE = (sync_to_async.__name__, async_to_sync.__name__)


class ToolCode(CodePlace):
    """Where a tool holds a function, as it is and as what LlamaIndex made of it."""

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the text stands for, where it is called and where it is awaited."""
        made = super().shown(stored, attribute, value, use)
        if made is stored:
            return made
        if attribute == _AWAITED and not self.binding.code.is_async:
            return sync_to_async(made)
        return async_to_sync(made) if attribute == _CALLED and self.binding.code.is_async else made


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
        place = partial(ToolCode, attributes=attributes)
        binding = StandingCodeBinding(tool, place, stand_for, function, learned_code)
    except UntrainableCode as error:
        return NotOffered(path, "code", str(error))
    about = f"the function that the tool {tool.metadata.name} calls"
    return Offer(path, "code", binding, str, (binding.check,), about)
