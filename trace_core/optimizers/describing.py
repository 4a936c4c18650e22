"""How a variable is described to an LLM: its value as plain data, and what it must satisfy, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from trace_core.nodes import Node
from trace_core.optimizers.answer_format import schema
from trace_core.parameter_nodes import ParameterNode
from trace_core.rendering import is_plain, without_headings
from trace_core.validators import type_adapter


def in_json(value: Any, kind: Any) -> Any:
    """A learned value as its type writes it in JSON, where it is no plain data."""
    if is_plain(value):
        return value
    try:
        return type_adapter(kind).dump_python(value, mode="json", warnings=False)
    except Exception:  # noqa: BLE001 - a serializer may raise anything; then the value is shown by its type
        return value


def as_read(node: Node, value: Any) -> Any:
    """What a node held, as it is shown: what others than parameters hold may be no business of an LLM's."""
    return in_json(value, node.type) if isinstance(node, ParameterNode) else value


def constraints(variables: Mapping[str, ParameterNode]) -> list[str]:
    """What each variable must satisfy, a line each: its description, its type where that says something, its rules."""
    lines = []
    for name, parameter in variables.items():
        said = [parameter.description or "", _type_text(parameter), *map(_rule_text, parameter.validators)]
        text = "; ".join(part for part in said if part)
        if text:
            lines.append(without_headings(f"{name}: {text}"))
    return lines


def _rule_text(validator: Any) -> str:
    says_something = "__str__" in vars(type(validator))  # a plain function's text says nothing to an LLM
    return str(validator) if says_something else ""


_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


def _type_text(parameter: ParameterNode) -> str:
    """A type's bounds, choices and fields in words, from its JSON Schema."""
    if parameter.type in (str, Any):
        return ""
    made = schema({"x": parameter})
    return _in_words(made["properties"]["suggestion"]["properties"]["x"], made.get("$defs", {}), ())


def _in_words(part: Mapping[str, Any], definitions: Mapping[str, Any], within: Collection[str]) -> str:
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return "object" if name in within else _in_words(definitions[name], definitions, (*within, name))
    if "anyOf" in part:
        words = [_in_words(each, definitions, within) for each in part["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(filter(None, words)))
    if "enum" in part or "const" in part:
        choices = part.get("enum", [part.get("const")])
        return ("one of " if len(choices) > 1 else "") + ", ".join(map(repr, choices))
    if "properties" in part:
        fields = (f"{name}: {_in_words(each, definitions, within)}" for name, each in part["properties"].items())
        return f"object of {{{', '.join(fields)}}}"
    inside = part.get("items") or part.get("additionalProperties")
    of = _in_words(inside, definitions, within) if isinstance(inside, dict) else ""
    bounds = [f"{words} {part[key]:g}" for key, words in _BOUNDS.items() if key in part]
    return " ".join([part.get("format") or str(part.get("type", "")), *bounds, *([f"of {of}"] if of else [])]).strip()
