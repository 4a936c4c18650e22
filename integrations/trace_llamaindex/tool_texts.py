"""What a model is told of tools and their arguments. Names and schemas stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.core.tools import BaseTool, ToolMetadata
from pydantic import BaseModel

from trace_core.exposing import NotOffered, Offer, redescribed
from trace_core.validators import MaxLength, NotEmpty
from trace_llamaindex.places import AttributeValue
from trace_llamaindex.standing import binding_at
from trace_llamaindex.walking import Found, Path

_LONGEST = 1024
"""Longer descriptions raise when a model is told of the tool (`ToolMetadata.to_openai_tool`)."""
_RESERVED = ("description", "code", "async_code")


class ArgumentText:
    """What one argument of a tool is for; a new text is in a new schema, since others may have the old one."""

    attributes = ("fn_schema",)

    def __init__(self, tool: str, name: str) -> None:
        self.argument = f"{tool}_{name}_description"
        self.key = ("fn_schema", name)
        self._name = name

    def read(self, owner: Any) -> str:
        """The description; empty if there is none."""
        return vars(owner)["fn_schema"].model_fields[self._name].description or ""

    def shown(self, stored: Any, attribute: str, value: Any, use: Any) -> Any:
        """The schema, one field with another description."""
        return redescribed(stored, {self._name: value})


def offers(found: Found) -> Iterator[Offer | NotOffered]:
    """What a model is told of a tool, by those to whom it was given."""
    metadata: ToolMetadata = found.value
    tools = [holder for holder in found.holders if isinstance(holder, BaseTool)]
    if tools and all(tool.metadata is not metadata for tool in tools):
        reason = f"a {type(tools[0]).__name__} makes its description anew each time that it is asked for"
        yield NotOffered((*found.path, "description"), "tool_description", reason)
        return
    name = str(metadata.name or found.path[-1])
    binding = binding_at([(metadata, AttributeValue("description", f"{name}_tool_description"))])
    rule = MaxLength(max(_LONGEST, len(metadata.description or "")))
    about = f"how the tool {name} is described to the model"
    yield Offer((*found.path, "description"), "tool_description", binding, str, (NotEmpty(), rule), about)
    if tools:  # a router and a sub-question engine tell their model of no arguments
        yield from _arguments(metadata, name, found.path)


def _arguments(metadata: ToolMetadata, tool: str, path: Path) -> Iterator[Offer]:
    schema = metadata.fn_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        for name in schema.model_fields:
            about = f"how the argument {name} of the tool {tool} is described to the model"
            label = (*path, "args", name) if name in _RESERVED else (*path, name)
            binding = binding_at([(metadata, ArgumentText(tool, name))])
            yield Offer(label, "argument_description", binding, str, (), about)
