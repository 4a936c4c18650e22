"""What a model is told of tools and their arguments. Names and schemas stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core.tools import FunctionTool, ToolOverride
from pydantic import BaseModel

from trace_autogen import private
from trace_autogen.besides import binding_at
from trace_autogen.places import AttributeText
from trace_core.exposing import Home, NotOffered, Offer, redescribed
from trace_core.validators import NotEmpty

_RESERVED = ("description", "code")


class OverrideText:
    """What a workbench says of a tool instead of the tool's own description.

    Args:
        tool: the tool's name.
        own: what the tool says itself.
    """

    noted = None
    attributes = (private.TOOL_OVERRIDES,)

    def __init__(self, tool: str, own: str, shown_name: str) -> None:
        self.argument = f"{tool}_tool_description"
        self.key = (private.TOOL_OVERRIDES, shown_name)
        self._tool = tool
        self._own = own

    def read(self, owner: Any) -> str:
        """The description."""
        said = vars(owner)[private.TOOL_OVERRIDES].get(self._tool)
        return self._own if said is None or said.description is None else str(said.description)

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """What the workbench says of its tools, of one of them anew."""
        said = stored.get(self._tool)
        return {**stored, self._tool: ToolOverride(name=None if said is None else said.name, description=value)}


class ArgumentText:
    """What one argument of a tool is for; a new text is in a new schema, since the old one may have been sent."""

    noted = None
    attributes = (private.TOOL_ARGUMENTS,)

    def __init__(self, tool: str, name: str) -> None:
        self.argument = f"{tool}_{name}_description"
        self.key = (private.TOOL_ARGUMENTS, name)
        self.name = name

    def read(self, owner: Any) -> str:
        """The description; empty if there is none."""
        return vars(owner)[private.TOOL_ARGUMENTS].model_fields[self.name].description or ""

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The schema, one field with another description."""
        return redescribed(stored, {self.name: value})


def offers(
    tool: Any, path: tuple[str, ...], workbench: Any, holding: Iterable[Any] = ()
) -> Iterator[Offer | NotOffered]:
    """What a model is told of a tool that stands in a workbench, or by itself; `holding` are all that hold it."""
    if private.has(tool, private.DESCRIPTION):
        about = f"how the tool {tool.name} is described to the model"
        binding = binding_at(_homes(tool, workbench, holding))
        yield Offer((*path, "description"), "tool_description", binding, str, (NotEmpty(),), about)
    schema = vars(tool).get(private.TOOL_ARGUMENTS)
    if isinstance(tool, AgentTool) or not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return
    for name in schema.model_fields:
        about = f"how the argument {name} of the tool {tool.name} is described to the model"
        label = (*path, "args", name) if name in _RESERVED else (*path, name)
        binding = binding_at([(tool, ArgumentText(tool.name, name))])
        yield Offer(label, "argument_description", binding, str, (), about)


def _homes(tool: Any, workbench: Any, holding: Iterable[Any]) -> Iterator[Home]:
    """Where the description is written: where the model is told, and where it is kept when it is dumped.

    That is the tool, unless its workbench says something else of it, or it is an `AgentTool`, which is dumped as its
    agent alone; and, for a class whose dump may have no description, what its workbenches say instead, too.
    """
    overrides = None if workbench is None else vars(workbench).get(private.TOOL_OVERRIDES)
    said = None if overrides is None else overrides.get(tool.name)
    if overrides is not None and (isinstance(tool, AgentTool) or (said is not None and said.description is not None)):
        yield _override(workbench, tool)
        return
    yield tool, AttributeText(private.DESCRIPTION, f"{tool.name}_tool_description", None)
    if not isinstance(tool, (FunctionTool, TeamTool)):
        yield from (_override(each, tool) for each in holding if private.has(each, private.TOOL_OVERRIDES))


def _override(workbench: Any, tool: Any) -> Home:
    said = vars(workbench)[private.TOOL_OVERRIDES].get(tool.name)
    shown_name = tool.name if said is None or said.name is None else said.name
    return workbench, OverrideText(tool.name, tool.description, shown_name)


def remote_offers(workbench: Any, path: tuple[str, ...]) -> Iterator[Offer | NotOffered]:
    """What a workbench says itself of tools that a server has."""
    overrides: Mapping[str, Any] = vars(workbench).get(private.TOOL_OVERRIDES) or {}
    known = {name: said for name, said in overrides.items() if said.description is not None}
    for name, said in known.items():
        binding = binding_at([(workbench, OverrideText(name, said.description, said.name or name))])
        about = f"how the tool {name} is described to the model"
        yield Offer((*path, name, "description"), "tool_description", binding, str, (NotEmpty(),), about)
    if not known:
        reason = f"the tools of a {type(workbench).__name__} are known to its server; give it tool_overrides for those"
        yield NotOffered((*path, type(workbench).__name__), "tool_description", reason)
