"""The texts about a tool, in the tool itself and in the forms in which models are sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.tools import BaseTool

from trace_core.exposing import redescribed


class ToolDescription:
    """What the tool is for."""

    key = None
    fields = ("description", "tool_call_schema")
    """By which of the tool's fields it is read."""

    def __init__(self, tool: str) -> None:
        self.argument = f"{tool}_tool_description"

    def read(self, tool: BaseTool) -> str:
        """The description."""
        return str(vars(tool)["description"])

    def write(self, tool: BaseTool, value: str) -> None:
        """Another description."""
        tool.description = value

    def read_sent(self, sent: Mapping[str, Any]) -> str:
        """What the tool is for, in the form in which a model is given it."""
        return str(sent.get("description") or "")

    def sent_with(self, sent: Mapping[str, Any], value: str) -> dict[str, Any]:
        """What is sent, with another description."""
        return {**sent, "description": value} if value or "description" in sent else dict(sent)


class ArgumentDescription:
    """What one argument is for."""

    fields = ("args_schema", "tool_call_schema")

    def __init__(self, tool: str, key: str) -> None:
        self.key = key
        self.argument = f"{tool}_{key}_description"

    def read(self, tool: BaseTool) -> str:
        """The description; empty if there is none."""
        schema = vars(tool)["args_schema"]
        if isinstance(schema, dict):
            return str(schema["properties"][self.key].get("description", ""))
        return schema.model_fields[self.key].description or ""

    def write(self, tool: BaseTool, value: str) -> None:
        """Another description, in a new schema: changing a field of the old one has no effect."""
        schema = vars(tool)["args_schema"]
        if isinstance(schema, dict):
            tool.args_schema = {**schema, "properties": described(schema["properties"], self.key, value)}
        else:
            tool.args_schema = redescribed(schema, {self.key: value})

    def read_sent(self, sent: Mapping[str, Any]) -> str:
        """What it is for, in the form in which a model is given the tool."""
        return str(properties_of(sent)[self.key].get("description") or "")

    def sent_with(self, sent: Mapping[str, Any], value: str) -> dict[str, Any]:
        """What is sent, with another description."""
        form = next(form for form in _SCHEMAS if isinstance(sent.get(form), dict))
        return {**sent, form: {**sent[form], "properties": described(properties_of(sent), self.key, value)}}


def described(properties: Mapping[str, Any], key: str, value: str) -> dict[str, Any]:
    """Properties of a JSON schema, one of them with another description."""
    known = properties[key]
    if value or known.get("description"):
        about = {"description": value} if value else {}
        known = {name: item for name, item in known.items() if name != "description"} | about
    return {**properties, key: known}


_SCHEMAS = ("parameters", "input_schema")
"""Where the schema of the arguments stands; the latter is Anthropic's."""


def functions_of(sent: Any) -> list[dict[str, Any]]:
    """The functions in what a model is sent as a tool, by the provider's form of it; none if the form is not known."""
    if not isinstance(sent, dict):
        return []
    declared = sent.get("function_declarations")  # Google's
    inner = sent.get("function")  # OpenAI's
    found = declared if isinstance(declared, list) else [inner if isinstance(inner, dict) else sent]
    return [each for each in found if isinstance(each, dict) and each.get("name") and (inner or _has_schema(each))]


def _has_schema(function: Mapping[str, Any]) -> bool:
    return any(key in function for key in (*_SCHEMAS, "description"))


def properties_of(function: Mapping[str, Any]) -> dict[str, Any]:
    """What a model is told of a function's arguments, by name."""
    schema: dict[str, Any] = next((function[form] for form in _SCHEMAS if isinstance(function.get(form), dict)), {})
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def with_functions(sent: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """What a model is sent as a tool, with each of its functions changed."""
    if isinstance(declared := sent.get("function_declarations"), list):
        return {
            **sent,
            "function_declarations": [change(each) if isinstance(each, dict) else each for each in declared],
        }
    inner = sent.get("function")
    return {**sent, "function": change(inner)} if isinstance(inner, dict) else change(sent)
