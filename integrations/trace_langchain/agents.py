"""Agents of `create_agent` and `create_react_agent`: their system prompt, and the tools that they hand to the model.

Both keep what they were built with in closures of a graph node's functions. That is private to the frameworks: the
names of the cells stand here alone, `tests/langchain/test_private.py` fails when one is gone, and then the prompt is
not offered.
"""

from __future__ import annotations

import functools
import inspect
import threading
import weakref
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

from langchain_core.messages import SystemMessage

from trace_core.bindings import Isolation
from trace_core.context import Read
from trace_core.parameter_nodes import ParameterNode
from trace_langchain import tools
from trace_langchain.offers import Offer
from trace_langchain.reads import note

SYSTEM_CELLS = ("system_message", "system_prompt", "_system_message")
"""Of `create_agent` (from 1.1 on, and 1.0), of `create_react_agent`."""
TOOL_CELLS = ("default_tools",)


class AgentFunctions:
    """The functions of a node of an agent, called with the cells that hold here and now."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.originals = {name: getattr(node, name) for name in ("func", "afunc")}
        self.prompt: Callable[[], ParameterNode | None] = lambda: None
        for name, function in self.originals.items():
            if isinstance(function, FunctionType):
                setattr(node, name, self._standing(function))

    @staticmethod
    def of(node: Any) -> AgentFunctions:
        """The node's; made when it is first asked for."""
        found = getattr(node.func, "_trace_agent", None) or getattr(node.afunc, "_trace_agent", None)
        return found if isinstance(found, AgentFunctions) else AgentFunctions(node)

    @staticmethod
    def known_prompt(node: Any) -> ParameterNode | None:
        """The parameter of the node's system prompt, if it has one already."""
        found = getattr(node.func, "_trace_agent", None) or getattr(node.afunc, "_trace_agent", None)
        return found.prompt() if isinstance(found, AgentFunctions) else None

    def release(self) -> None:
        """Put the framework's functions back."""
        for name, function in self.originals.items():
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
        """The function, or where a candidate's values hold, one with other cells."""
        cells = cells_of(function)
        changed: dict[str, Any] = {}
        parameter = self.prompt()
        for name in SYSTEM_CELLS:
            if parameter is not None and name in cells:
                read = parameter._read()[1] or Read(parameter._peek(), parameter.version)
                note("system_prompt", parameter, read)
                if isinstance(read.version, str):
                    changed[name] = _system(cells[name].cell_contents, read.value, name)
        for name in TOOL_CELLS:
            if name in cells:
                given = cells[name].cell_contents
                handed = _handed(given)
                if handed is not given:
                    changed[name] = handed
        if not changed:
            return function
        closure = tuple(
            CellType(changed[name]) if name in changed else cell
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        )
        made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, closure)
        made.__kwdefaults__ = function.__kwdefaults__
        return made


def _handed(given: list[Any]) -> list[Any]:
    """The tools that the model is handed here and now; each read of a parameter is noted."""
    changes: dict[int, list[tuple[Any, str]]] = {}
    for tool, place, parameter, read in tools.reads_of(given):
        note(f"{tool.name}_{place.argument}", parameter, read)
        if isinstance(read.version, str):
            changes.setdefault(id(tool), []).append((place, read.value))
    if not changes:
        return given
    return [tools.described(tool, changes[id(tool)]) if id(tool) in changes else tool for tool in given]


def cells_of(function: Any) -> dict[str, CellType]:
    """A function's closure by name."""
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, FunctionType):
        return {}
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))


def _system(before: Any, value: str, name: str) -> Any:
    """What stands in the cell for a text: a message, or in the oldest version the text itself; nothing for none."""
    if name == "system_prompt":
        return value or None
    if not value and before is None:
        return None
    return before.model_copy(update={"content": value}) if before is not None else SystemMessage(value)


class SystemPromptBinding:
    """An agent's system prompt: the cell in which its node's functions find it."""

    isolation: Isolation = "overlay"

    def __init__(self, node: Any, name: str, cell: CellType) -> None:
        self.owner = node
        self.lock = threading.Lock()
        self._name = name
        self._cell = cell
        self._started_empty = cell.cell_contents is None

    def get(self) -> str:
        """The text; empty if there is none."""
        content = self._cell.cell_contents
        return content if isinstance(content, str) else "" if content is None else str(content.content)

    def set(self, value: str) -> None:
        """Another message with this text: the one that ran before stays as it was."""
        before = self._cell.cell_contents
        self._cell.cell_contents = None if not value and self._started_empty else _system(before, value, self._name)

    def install(self, parameter: ParameterNode) -> None:
        """Have the node's functions look for candidates from now on."""
        AgentFunctions.of(self.owner).prompt = weakref.ref(parameter)

    def release(self) -> None:
        """Put the node's functions back; the prompt stays as it is now."""
        AgentFunctions.of(self.owner).release()


def offers(node: Any, path: tuple[str, ...]) -> Iterator[Offer]:
    """The system prompt of an agent, also of one that has none yet."""
    found = agent_cell(node)
    if found is not None:
        binding = SystemPromptBinding(node, *found)
        yield Offer(
            (*path, "system_prompt"), "system_prompt", binding, str, (), "the agent's instructions to the model"
        )


def agent_cell(node: Any) -> tuple[str, CellType] | None:
    """The cell of the system prompt in the closure of an agent's node, if it is one."""
    for function in (getattr(node, "func", None), getattr(node, "afunc", None)):
        if getattr(inspect.unwrap(function) if function else None, "__module__", "") not in _FRAMEWORKS:
            continue
        for name, cell in cells_of(function).items():
            content = _content(cell)
            is_text = content is None or isinstance(content, (str, SystemMessage))
            plain = not (isinstance(content, SystemMessage) and not isinstance(content.content, str))
            if (
                (name in SYSTEM_CELLS or (name == "prompt" and isinstance(content, SystemMessage)))
                and is_text
                and plain
            ):
                return name, cell
    return None


def hands_out_tools(node: Any) -> bool:
    """Whether the node hands tools to its model at each call."""
    functions = (getattr(node, "func", None), getattr(node, "afunc", None))
    return any(name in cells_of(function) for function in functions for name in TOOL_CELLS)


_FRAMEWORKS = ("langchain.agents.factory", "langgraph.prebuilt.chat_agent_executor")


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None
