"""Tools: how they and their arguments are described to the model. Names and schemas stay as they are."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel

from trace_core.bindings import Isolation
from trace_core.exposing import NotOffered, Offer
from trace_core.parameter_nodes import ParameterNode
from trace_core.validators import NotEmpty
from trace_langchain.looking import Field, unread
from trace_langchain.sent_tools import Sent
from trace_langchain.standing_in import PlaceBinding, Stand
from trace_langchain.tool_texts import ArgumentDescription, ToolDescription

FIELDS = ("description", "args_schema", "tool_call_schema")
"""By what a model is told of a tool, whoever tells it."""
RUNS = ("run", "arun")
_RESERVED = ("description", "code")


class ToolHome(PlaceBinding):
    """A text in the tool itself; whoever reads it there in a candidate reads the candidate's."""

    def _members(self, stand: Stand) -> dict[str, Any]:
        fields = {name: Field(stand, name) for name in FIELDS if _is_field(stand.original, name)}
        return {**fields, **{name: unread(stand, getattr(stand.original, name)) for name in RUNS}}


def _is_field(cls: Any, name: str) -> bool:
    return name in cls.model_fields or isinstance(inspect.getattr_static(cls, name, None), property)


def tool_home(tool: BaseTool, key: str | None) -> ToolHome:
    """Where the text stands about the tool, or about one argument."""
    return ToolHome(tool, ToolDescription(tool.name) if key is None else ArgumentDescription(tool.name, key), ())


class ToolBinding:
    """A text about a tool, wherever it stands: in the tool, and in what models were told when they were bound.

    Args:
        homes: the places, the one that is read first.
    """

    isolation: Isolation = "overlay"

    def __init__(self, homes: Sequence[PlaceBinding]) -> None:
        self.homes = list(homes)
        self.lock = threading.Lock()

    def get(self) -> str:
        """The text as it is now."""
        return str(self.homes[0].get())

    def set(self, value: str) -> None:
        """Another text, for the next call."""
        for home in self.homes:
            home.set(value)

    def known(self) -> ParameterNode | None:
        """The parameter that a place has already, that of the tool first."""
        return next((known for home in self.homes if (known := home.known()) is not None), None)

    def install(self, parameter: ParameterNode) -> None:
        """Have all places look for candidates from now on."""
        for home in self.homes:
            home.install(parameter)

    def join(self, other: ToolBinding) -> None:
        """Take in places that were found later; they say from now on what the parameter says."""
        parameter, text = self.known(), self.get()
        for home in other.homes:
            if parameter is not None and home.known() is None:
                home.set(text)
                home.install(parameter)
                self.homes.append(home)
        self.homes.sort(key=lambda home: not isinstance(home, ToolHome))

    def release(self) -> None:
        """Put all back; the text stays as it is."""
        for home in self.homes:
            home.release()


def offers(tool: BaseTool, path: tuple[str, ...], sent: Sequence[Sent]) -> Iterator[Offer | NotOffered]:
    """What a model is told of a tool."""
    if "description" in vars(tool):
        yield _offer(tool.name, path, None, [tool_home(tool, None), *(each.home(None) for each in sent)])
    else:
        yield NotOffered((*path, "description"), "tool_description", "the tool's class works its description out")
    for key in _arguments(tool):
        yield _offer(tool.name, path, key, [tool_home(tool, key), *(each.home(key) for each in sent)])


def sent_offers(sent: Sent) -> Iterator[Offer]:
    """What a model was told, when it was bound, of a tool that the program does not hold otherwise."""
    for key in sent.texts():
        yield _offer(sent.name, (*sent.path, sent.name), key, [sent.home(key)])


def _offer(name: str, path: tuple[str, ...], key: str | None, homes: Sequence[PlaceBinding]) -> Offer:
    """The offer of one text; a place that has a parameter of its own keeps it."""
    known = [(home, home.known()) for home in homes]
    first = next((parameter for _, parameter in known if parameter is not None), None)
    binding = ToolBinding([home for home, parameter in known if parameter is None or parameter is first])
    if key is None:
        about = f"how the tool {name} is described to the model"
        return Offer((*path, "description"), "tool_description", binding, str, (NotEmpty(),), about)
    about = f"how the argument {key} of the tool {name} is described to the model"
    label = (*path, "args", key) if key in _RESERVED else (*path, key)
    return Offer(label, "argument_description", binding, str, (), about)


def _arguments(tool: BaseTool) -> list[str]:
    """The arguments that the model gives; what LangGraph injects is not among them."""
    schema = vars(tool).get("args_schema")
    if isinstance(schema, dict):
        return [key for key, about in (schema.get("properties") or {}).items() if isinstance(about, dict)]
    if not (inspect.isclass(schema) and issubclass(schema, BaseModel)):
        return []
    shown = tool.tool_call_schema
    names = shown.model_fields if inspect.isclass(shown) and issubclass(shown, BaseModel) else ()
    return [name for name in names if name in schema.model_fields]
