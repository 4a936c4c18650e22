"""Tools: how they and their arguments are described to the model. Names and schemas stay as they are."""

from __future__ import annotations

import copy
import inspect
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableBinding
from langchain_core.tools import BaseTool
from pydantic import BaseModel, create_model

from trace_core.bindings import Isolation
from trace_core.context import Read
from trace_core.parameter_nodes import ParameterNode
from trace_core.validators import NotEmpty
from trace_langchain.models import BINDING_CALLS
from trace_langchain.offers import Offer
from trace_langchain.standing_in import PlaceBinding


class ToolDescription:
    """What the tool is for."""

    key = None
    argument = "tool_description"

    def read(self, tool: BaseTool) -> str:
        """The description."""
        return tool.description

    def write(self, tool: BaseTool, value: str) -> None:
        """Another description."""
        tool.description = value

    def read_sent(self, sent: dict[str, Any]) -> str:
        """What the tool is for, in the form in which a model is given it."""
        return str(sent.get("description", ""))

    def write_sent(self, sent: dict[str, Any], value: str) -> None:
        """Another description, in that form."""
        sent["description"] = value


class ArgumentDescription:
    """What one argument is for."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.argument = f"{key}_description"

    def read(self, tool: BaseTool) -> str:
        """The description; empty if there is none."""
        schema = tool.args_schema
        if isinstance(schema, dict):
            return str(schema["properties"][self.key].get("description", ""))
        return schema.model_fields[self.key].description or ""  # type: ignore[union-attr]

    def write(self, tool: BaseTool, value: str) -> None:
        """Another description, in a new schema: changing a field of the old one has no effect."""
        schema = tool.args_schema
        if isinstance(schema, dict):
            schema = copy.deepcopy(schema)
            schema["properties"][self.key]["description"] = value
            tool.args_schema = schema
            return
        field = copy.copy(schema.model_fields[self.key])  # type: ignore[union-attr]
        field.description = value or None
        made = create_model(schema.__name__, __base__=schema, **{self.key: (field.annotation, field)})  # type: ignore[union-attr, call-overload]
        made.__doc__ = schema.__doc__
        made.__module__ = schema.__module__
        tool.args_schema = made

    def read_sent(self, sent: dict[str, Any]) -> str:
        """What it is for, in the form in which a model is given the tool."""
        return str(sent["parameters"]["properties"][self.key].get("description", ""))

    def write_sent(self, sent: dict[str, Any], value: str) -> None:
        """Another description, in that form."""
        properties = sent["parameters"]["properties"]
        about = {"description": value} if value else {}
        properties[self.key] = {k: v for k, v in properties[self.key].items() if k != "description"} | about


class ToolBinding:
    """A description of a tool, and of the copies of it that models were bound to when the program was built.

    A candidate's value reaches the model where an agent or a bound model hands it the tool (`agents.py`, `SentTools`);
    a tool that is handed over elsewhere is written to, for one candidate at a time.
    """

    def __init__(self, tool: BaseTool, place: Any, bound: Sequence[RunnableBinding[Any, Any]]) -> None:
        self.owner = tool
        self.place = place
        self.bound = [binding for binding in bound if sent_tool(binding, tool.name) is not None]
        self.lock = threading.Lock()
        self.isolation: Isolation = "exclusive"
        self._sent: list[PlaceBinding] = []

    def get(self) -> str:
        """The description as it is now."""
        return str(self.place.read(self.owner))

    def set(self, value: str) -> None:
        """Another description, for the next call."""
        self.place.write(self.owner, value)
        for binding in self.bound:
            binding.kwargs = with_sent(binding.kwargs, self.owner.name, self.place, value)

    def install(self, parameter: ParameterNode) -> None:
        """Remember the parameter with the tool."""
        tool_parameters(self.owner).append((self.place, weakref.ref(parameter)))
        self._sent = [PlaceBinding(b, SentTool(self.owner.name, self.place), BINDING_CALLS, "llm") for b in self.bound]
        for binding in self._sent:
            binding.install(parameter)
            self.isolation = "overlay"

    def release(self) -> None:
        """Forget the parameter; the tool keeps the description that it has."""
        kept = [entry for entry in tool_parameters(self.owner) if entry[0] is not self.place]
        tool_parameters(self.owner)[:] = kept
        for binding in self._sent:
            binding.release()


class SentTool:
    """A description in the tools that a model was bound to."""

    def __init__(self, name: str, place: Any) -> None:
        self.name = name
        self.place = place
        self.key = (name, place.key)
        self.argument = f"{name}_{place.argument}"

    def read(self, owner: RunnableBinding[Any, Any]) -> str:
        """The description."""
        return str(self.place.read_sent(_sent(sent_tool(owner, self.name) or {})))

    def write(self, owner: RunnableBinding[Any, Any], value: str) -> None:
        """The description in a copy of what is sent."""
        owner.kwargs = with_sent(owner.kwargs, self.name, self.place, value)


class _Places(list[tuple[Any, Any]]):
    """The places of one tool that are parameters, with the parameters; nothing of it goes into copies and files."""

    def __init__(self, tool: BaseTool) -> None:
        super().__init__()
        self.tool = weakref.ref(tool)

    def __reduce__(self) -> Any:
        return (list, ())

    def __deepcopy__(self, memo: Any) -> list[Any]:
        return []


def tool_parameters(tool: BaseTool) -> list[tuple[Any, Any]]:
    """The places of a tool that are parameters, with the parameters."""
    found = vars(tool).get("_trace_places")
    if not isinstance(found, _Places) or found.tool() is not tool:  # a copy shares what its original had
        found = vars(tool)["_trace_places"] = _Places(tool)
    return found


def reads_of(tools: Sequence[Any]) -> list[tuple[BaseTool, Any, ParameterNode, Read]]:
    """What a model that is given these tools now reads of parameters."""
    found = []
    for tool in tools:
        known = isinstance(tool, BaseTool) and "_trace_places" in vars(tool)
        for place, reference in tool_parameters(tool) if known else ():
            parameter = reference()
            if parameter is not None:
                found.append((tool, place, parameter, parameter._read()[1]))
    return found


def described(tool: BaseTool, changes: Sequence[tuple[Any, str]]) -> BaseTool:
    """A copy of the tool with other descriptions."""
    made = tool.model_copy()
    vars(made).pop("_trace_places", None)
    for place, value in changes:
        place.write(made, value)
    return made


def sent_tool(binding: RunnableBinding[Any, Any], name: str) -> dict[str, Any] | None:
    """The tool of this name as a bound model sends it."""
    for tool in binding.kwargs.get("tools") or ():
        if isinstance(tool, dict) and _sent(tool).get("name") == name:
            return tool
    return None


def with_sent(kwargs: Mapping[str, Any], name: str, place: Any, value: str) -> dict[str, Any]:
    """A model's bound arguments with another description of a tool."""
    tools = []
    for tool in kwargs["tools"]:
        if isinstance(tool, dict) and _sent(tool).get("name") == name:
            tool = copy.deepcopy(tool)
            place.write_sent(_sent(tool), value)
        tools.append(tool)
    return {**kwargs, "tools": tools}


def _sent(tool: dict[str, Any]) -> dict[str, Any]:
    function: dict[str, Any] = tool.get("function", tool)  # OpenAI's form, or the bare one of others
    return function


def offers(tool: BaseTool, path: tuple[str, ...], bound: Sequence[RunnableBinding[Any, Any]]) -> Iterator[Offer]:
    """What a model is told of a tool."""
    about = f"how the tool {tool.name} is described to the model"
    yield Offer(
        (*path, "description"),
        "tool_description",
        ToolBinding(tool, ToolDescription(), bound),
        str,
        (NotEmpty(),),
        about,
    )
    for name in _arguments(tool):
        about = f"how the argument {name} of the tool {tool.name} is described to the model"
        binding = ToolBinding(tool, ArgumentDescription(name), bound)
        yield Offer((*path, name), "argument_description", binding, str, (), about)


def sent_offers(binding: RunnableBinding[Any, Any], path: tuple[str, ...], known: Collection[str]) -> Iterator[Offer]:
    """What a model was told, when it was bound, of tools that the program does not hold otherwise."""
    for tool in binding.kwargs.get("tools") or ():
        sent = _sent(tool) if isinstance(tool, dict) else {}
        name = sent.get("name")
        if not name or name in known:
            continue
        where = (*path, name)
        about = f"how the tool {name} is described to the model"
        place = PlaceBinding(binding, SentTool(name, ToolDescription()), BINDING_CALLS, "llm")
        yield Offer((*where, "description"), "tool_description", place, str, (NotEmpty(),), about)
        for argument in (sent.get("parameters") or {}).get("properties") or ():
            about = f"how the argument {argument} of the tool {name} is described to the model"
            place = PlaceBinding(binding, SentTool(name, ArgumentDescription(argument)), BINDING_CALLS, "llm")
            yield Offer((*where, argument), "argument_description", place, str, (), about)


def _arguments(tool: BaseTool) -> list[str]:
    """The arguments that the model gives; what LangGraph injects is not among them."""
    if isinstance(tool.args_schema, dict):
        return list(tool.args_schema.get("properties") or ())
    if not (inspect.isclass(tool.args_schema) and issubclass(tool.args_schema, BaseModel)):
        return []
    shown = tool.tool_call_schema
    names = shown.model_fields if inspect.isclass(shown) and issubclass(shown, BaseModel) else ()
    return [name for name in names if name in tool.args_schema.model_fields]
