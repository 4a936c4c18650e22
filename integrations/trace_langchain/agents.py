"""Agents of `create_agent` and `create_react_agent`: their system prompt.

Both keep it in closures of a graph node's functions. That is private to the frameworks: the
names of the cells stand here alone, `tests/langchain/test_private.py` fails when one is gone, and then the prompt is
not offered.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

from langchain_core.messages import SystemMessage

from trace_core.bindings import Isolation
from trace_core.exposing import NotOffered, Offer, read_now
from trace_core.parameter_nodes import ParameterNode
from trace_langchain.reads import note

SYSTEM_CELLS = ("system_message", "system_prompt", "_system_message")
"""Of `create_agent` (from 1.1 on, and 1.0), of `create_react_agent`."""


class AgentFunctions:
    """The functions of a node of an agent, called with the system prompt that holds here and now."""

    def __init__(self, node: Any, cell: str, parameter: ParameterNode) -> None:
        self.node = node
        self.cell = cell
        self.parameter = parameter
        self.originals = {name: getattr(node, name, None) for name in ("func", "afunc")}
        for name, function in self.originals.items():
            if isinstance(function, FunctionType):
                setattr(node, name, self._standing(function))

    @staticmethod
    def on(node: Any) -> AgentFunctions | None:
        """The node's, if its prompt has a parameter already."""
        functions = (getattr(node, name, None) for name in ("func", "afunc"))
        return next((found for f in functions if (found := getattr(f, "_trace_agent", None)) is not None), None)

    def release(self) -> None:
        """Put the framework's functions back."""
        for name, function in self.originals.items():
            if isinstance(function, FunctionType):
                setattr(self.node, name, function)

    def _standing(self, function: FunctionType) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                return await self._current(function)(*args, **kwargs)

            standing: Any = awaited
        else:

            @functools.wraps(function)
            def called(*args: Any, **kwargs: Any) -> Any:
                return self._current(function)(*args, **kwargs)

            standing = called
        standing._trace_agent = self
        return standing  # type: ignore[no-any-return]

    def _current(self, function: FunctionType) -> FunctionType:
        """The function, or where a candidate's value holds, one with another cell."""
        cells = cells_of(function)
        if self.cell not in cells:
            return function
        read = read_now(self.parameter)
        note("system_prompt", self.parameter, read)
        if not isinstance(read.version, str):
            return function
        changed = CellType(_system(cells[self.cell].cell_contents, read.value, self.cell))
        named = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        closure = tuple(changed if name == self.cell else cell for name, cell in named)
        made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, closure)
        made.__kwdefaults__ = function.__kwdefaults__
        return made


def cells_of(function: Any) -> dict[str, CellType]:
    """A function's closure by name."""
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, FunctionType):
        return {}
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))


def _system(before: Any, value: str, name: str) -> Any:
    """What stands in the cell for a text: a message, or in the oldest version the text itself; nothing for none."""
    if name == "system_prompt" and not isinstance(before, SystemMessage):
        return value or None
    if before is None:
        return SystemMessage(value) if value else None
    return before.model_copy(update={"content": with_text(before.content, value)})


def text_of(content: Any) -> str | None:
    """The text of a message's content: the content itself or its only block of text; None if there are several."""
    if isinstance(content, str):
        return content
    blocks = _text_blocks(content)
    if len(blocks) != 1:
        return None
    block = content[blocks[0]]
    return block if isinstance(block, str) else str(block["text"])


def with_text(content: Any, value: str) -> Any:
    """The content with another text, all else as it is."""
    if isinstance(content, str):
        return value
    changed = list(content)
    for index in _text_blocks(content):
        changed[index] = value if isinstance(changed[index], str) else {**changed[index], "text": value}
    return changed


def _text_blocks(content: Any) -> list[int]:
    blocks = content if isinstance(content, list) else ()
    return [i for i, b in enumerate(blocks) if isinstance(b, str) or (isinstance(b, dict) and "text" in b)]


class SystemPromptBinding:
    """An agent's system prompt: the cell in which its node's functions find it."""

    isolation: Isolation = "overlay"

    def __init__(self, node: Any, name: str, cell: CellType) -> None:
        self.owner = node
        self.lock = threading.Lock()
        self._name = name
        self._cell = cell
        self._started_empty = cell.cell_contents is None
        self._functions: AgentFunctions | None = None

    def get(self) -> str:
        """The text; empty if there is none."""
        content = self._cell.cell_contents
        return str(text_of(getattr(content, "content", content or "")) or "")

    def set(self, value: str) -> None:
        """Another message with this text: the one that ran before stays as it was."""
        before = self._cell.cell_contents
        self._cell.cell_contents = None if not value and self._started_empty else _system(before, value, self._name)

    def known(self) -> ParameterNode | None:
        """The parameter that the node's prompt has already."""
        found = AgentFunctions.on(self.owner)
        return None if found is None else found.parameter

    def install(self, parameter: ParameterNode) -> None:
        """Have the node's functions look for candidates from now on."""
        self._functions = AgentFunctions(self.owner, self._name, parameter)

    def release(self) -> None:
        """Put the node's functions back; the prompt stays as it is now."""
        if self._functions is not None and AgentFunctions.on(self.owner) is self._functions:
            self._functions.release()


def offers(node: Any, path: tuple[str, ...]) -> Iterator[Offer | NotOffered]:
    """The system prompt of an agent, also of one that has none yet."""
    found = agent_cell(node)
    if found is None:
        return
    name, cell = found
    label = (*path, "system_prompt")
    if text_of(getattr(_content(cell), "content", _content(cell) or "")) is None:
        yield NotOffered(label, "system_prompt", "its content has not just one block of text")
        return
    about = "the agent's instructions to the model"
    yield Offer(label, "system_prompt", SystemPromptBinding(node, name, cell), str, (), about)


def agent_cell(node: Any) -> tuple[str, CellType] | None:
    """The cell of the system prompt in the closure of an agent's node, if it is one."""
    for function in (getattr(node, "func", None), getattr(node, "afunc", None)):
        if getattr(inspect.unwrap(function) if function else None, "__module__", "") not in _FRAMEWORKS:
            continue
        for name, cell in cells_of(function).items():
            content = _content(cell)
            is_message = isinstance(content, SystemMessage)
            if is_message and name in (*SYSTEM_CELLS, "prompt"):
                return name, cell
            if name in SYSTEM_CELLS and (content is None or isinstance(content, str)):
                return name, cell
    return None


_FRAMEWORKS = ("langchain.agents.factory", "langgraph.prebuilt.chat_agent_executor")


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
