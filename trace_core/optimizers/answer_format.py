"""How an LLM is asked to answer: as JSON under a schema, or in fenced blocks.

Code and long text are asked for in blocks, since models write them badly inside JSON strings; short typed values as
JSON. The instructions depend on the variables' names and kinds only, so that servers can reuse their prefix cache, and
are short: small models lose the thread in long ones, and reasoning asked before code costs them tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trace_core.optimizers.answer_values import Variable, is_text, takes_null
from trace_core.rendering import without_headings
from trace_core.validators import type_adapter

_LONG = 80
_NEW = "Write a new {} that replaces the old one"
_PROMPT = f"{_NEW}, with a rule for each thing that the feedback teaches. Give it in one block."
_LONE = {
    "code": "Give the corrected function in one block.",
    "prompt": _PROMPT,
    "system_prompt": _PROMPT,
    "examples": "Give the improved examples in one block.",
    "setting": "Give the improved value in one block.",
}
_UNSUPPORTED = ("title", "default", "examples", "discriminator", "minLength", "maxLength", "uniqueItems")


def is_long(variable: Variable) -> bool:
    """Whether a value takes a block: code, a prompt, text that is long or has several lines."""
    if variable.kind in ("code", "prompt", "system_prompt"):
        return True
    text = variable.data if is_text(variable) else None
    return isinstance(text, str) and ("\n" in text or len(text) > _LONG)


def answers_in_blocks(variables: Mapping[str, Variable]) -> bool:
    """Whether to ask for blocks: any value takes one."""
    return any(map(is_long, variables.values()))


def is_lone_text(variables: Mapping[str, Variable]) -> bool:
    """Whether there is one variable, and it is a text: then it is to change, and nothing has to be told apart."""
    return len(variables) == 1 and all(map(is_text, variables.values()))


def format_instruction(variables: Mapping[str, Variable]) -> str:
    """What to tell the LLM about the form of its answer.

    Example:
        >>> format_instruction(strange_sort.parameters())
        'Give the corrected function in one block.'
    """
    names = list(variables)
    if not answers_in_blocks(variables):
        if is_lone_text(variables):  # a reason asked before it costs small models the task
            return (
                f'{_NEW.format(without_headings(names[0]))}. Answer as JSON: {{"suggestion": {{"{names[0]}": ...}}}}.'
            )
        fields = ", ".join(f'"{name}": ...' for name in names)
        return f'Answer as JSON: {{"reasoning": "why", "suggestion": {{{fields}}}}}. null keeps a value.'
    if len(names) == 1:
        asked = _LONE.get(variables[names[0]].kind, f"{_NEW}. Give it in one block.")
        return asked.format(without_headings(names[0]))
    verb = "corrected" if all(each.kind == "code" for each in variables.values()) else "new"
    return f"Give the {verb} value of {' and of '.join(names)}, each in a block under its name."


def schema(variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The JSON Schema of a JSON answer, for `ChatModel.complete(messages, schema)`.

    `suggestion` requires every variable, as its type or null; a lone text has to change. The schema keeps to what
    OpenAI's strict mode takes (https://platform.openai.com/docs/guides/structured-outputs) where the types allow it.
    Servers may ignore parts of it, as llama.cpp does with bounds, so answers are checked all the same; lengths are left
    out, since a server that holds them cuts a text in mid-sentence.
    """
    definitions: dict[str, Any] = {}
    properties = {}
    is_alone = is_lone_text(variables)
    for index, (name, variable) in enumerate(variables.items()):
        own = _schema_of_type(variable.type, f"v{index}_")
        definitions |= {f"v{index}_{key}": each for key, each in own.pop("$defs", {}).items()}
        properties[name] = own if takes_null(variable) or is_alone else {"anyOf": [own, {"type": "null"}]}
    suggestion = _closed(properties)
    result = _closed(
        {"suggestion": suggestion} if is_alone else {"reasoning": {"type": "string"}, "suggestion": suggestion}
    )
    return result | {"$defs": definitions} if definitions else result


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _schema_of_type(kind: Any, prefix: str) -> dict[str, Any]:
    from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

    try:
        made = type_adapter(kind).json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError):
        return {"type": "string"}  # a type that JSON does not know is written as text, and checked
    strict: dict[str, Any] = _strict(made)
    return strict


def _strict(part: Any) -> Any:
    """A schema as strict mode wants it: every object closed with all its properties required, no annotations."""
    if isinstance(part, list):
        return [_strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        part = {key: part[key] for key in ("$ref", "$defs") if key in part}
    named = {
        key: {name: _strict(each) for name, each in part[key].items()} for key in ("properties", "$defs") if key in part
    }
    kept = {key: _strict(each) for key, each in part.items() if key not in (*_UNSUPPORTED, *named, "enum", "const")}
    kept |= named | {key: part[key] for key in ("enum", "const") if key in part}
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")
    if "properties" in kept:
        kept |= _closed(kept["properties"])
    return kept or {"anyOf": [{"type": each} for each in ("string", "number", "boolean")]}
