"""What models were told of tools when they were bound to them: copies in a binding's arguments, not the tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableBinding
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from trace_core.exposing import NotOffered
from trace_langchain.models import BINDING_CALLS
from trace_langchain.standing_in import PlaceBinding
from trace_langchain.tool_texts import ArgumentDescription, ToolDescription, functions_of, properties_of, with_functions


class SentTool:
    """A text about a tool in what a model was bound to."""

    def __init__(self, name: str, text: Any) -> None:
        self.name = name
        self.text = text
        self.key = (name, text.key)
        self.argument = text.argument

    def read(self, owner: RunnableBinding[Any, Any]) -> str:
        """The text."""
        return str(self.text.read_sent(next(_named(owner.kwargs, self.name))))

    def write(self, owner: RunnableBinding[Any, Any], value: str) -> None:
        """The text in a copy of what is sent."""

        def changed(function: dict[str, Any]) -> dict[str, Any]:
            return self.text.sent_with(function, value) if function.get("name") == self.name else function

        tools = [with_functions(tool, changed) if functions_of(tool) else tool for tool in owner.kwargs["tools"]]
        owner.kwargs = {**owner.kwargs, "tools": tools}


def _named(kwargs: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The functions of this name that are sent."""
    for tool in kwargs.get("tools") or ():
        yield from (function for function in functions_of(tool) if function["name"] == name)


@dataclass(frozen=True, slots=True)
class Sent:
    """What one bound model was told of one tool."""

    path: tuple[str, ...]
    binding: RunnableBinding[Any, Any]
    name: str

    def texts(self) -> dict[str | None, str]:
        """What is said of the tool (under None) and of its arguments."""
        return texts_of(next(_named(self.binding.kwargs, self.name)))

    def home(self, key: str | None) -> PlaceBinding:
        """Where the text stands about the tool, or about one argument."""
        text = ToolDescription(self.name) if key is None else ArgumentDescription(self.name, key)
        return PlaceBinding(self.binding, SentTool(self.name, text), BINDING_CALLS, "llm")


def texts_of(function: Mapping[str, Any]) -> dict[str | None, str]:
    """What is said of a function (under None) and of its arguments."""
    known = [key for key, about in properties_of(function).items() if isinstance(about, dict)]
    texts: dict[str | None, str] = {key: ArgumentDescription("", key).read_sent(function) for key in known}
    return {None: ToolDescription("").read_sent(function)} | texts


def sent_by(binding: RunnableBinding[Any, Any], path: tuple[str, ...]) -> Iterator[Sent | NotOffered]:
    """What a bound model was told, tool by tool."""
    known: set[str] = set()
    for tool in binding.kwargs.get("tools") or ():
        functions = functions_of(tool)
        for function in functions:
            if function["name"] not in known:
                known.add(function["name"])
                yield Sent(path, binding, function["name"])
        if not functions:
            name = tool.get("name") or tool.get("type") if isinstance(tool, dict) else type(tool).__name__
            reason = "what the model was bound to is no description of a function in a form that is known"
            yield NotOffered((*path, str(name or "tool")), "tool_description", reason)


Assigned = dict[int, list[Sent]]


def assigned(tools: Sequence[tuple[tuple[str, ...], BaseTool]], sent: Iterable[Sent]) -> Assigned:
    """By the id of each tool, what models were told of just this tool: the nearest that says the same."""
    found: Assigned = {}
    for each in sent:
        fitting = [(_in_common(path, each.path), tool) for path, tool in tools if _says(tool, each)]
        nearest = [tool for near, tool in fitting if near == max(fitting, key=lambda entry: entry[0])[0]]
        if len(nearest) == 1:  # of several no one can tell
            found.setdefault(id(nearest[0]), []).append(each)
    return found


def _in_common(path: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next((i for i, (a, b) in enumerate(zip(path, other, strict=False)) if a != b), min(len(path), len(other)))


def _says(tool: BaseTool, sent: Sent) -> bool:
    """Whether a model was told of this tool: what it says now, or said before its parameters were rewritten."""
    from trace_langchain.tools import tool_home

    if tool.name != sent.name:
        return False
    try:
        told = texts_of(convert_to_openai_tool(tool)["function"])
    except Exception:  # noqa: BLE001 - a tool may hold types that have no JSON schema; then no model was told of it
        return False
    texts = sent.texts()
    for key, text in texts.items():
        known = tool_home(tool, key).known()
        theirs = sent.home(key).known()
        earlier = [] if known is None else [version.kept for version in known.history]
        if text not in (told.get(key), *earlier) or not (known is None or theirs is None or known is theirs):
            return False
    return told.keys() == texts.keys()
