"""Hooks of code executors: the code that an agent had run, and what it printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autogen_core.code_executor import CodeBlock, CodeResult

from trace_autogen.frames import FRAME
from trace_autogen.hooks import Hooks
from trace_autogen.streams import in_frame
from trace_autogen.tools import ToolFailed


class CodeFailed(ToolFailed):
    """Code ended with an error: what the agent is told of it, which it may word anew after it ran."""

    def __init__(self, result: CodeResult) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        return self.result.output


class ExecutorHooks(Hooks):
    """Hooks of a code executor; one that a tool uses is a part of that tool's call."""

    def install(self) -> None:
        """Replace `execute_code_blocks`."""
        self.patches.replace(self.owner, "execute_code_blocks", self._execute)

    def _execute(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def execute_code_blocks(code_blocks: Sequence[CodeBlock], *args: Any, **arguments: Any) -> CodeResult:
            outer = FRAME.get()
            if outer is None or outer.is_tool:
                return await original(code_blocks, *args, **arguments)  # type: ignore[no-any-return]
            code = [block.code for block in code_blocks]
            frame = outer.begin("tool", type(self.owner).__name__, code, {"is": "code"})
            try:
                result: CodeResult = await in_frame(original(code_blocks, *args, **arguments), frame)
            except BaseException as error:
                frame.fail(error)
                raise
            if result.exit_code:
                frame.fail(CodeFailed(result))
            else:
                frame.end(result)
            return result

        return execute_code_blocks
