"""Walking through engines, agents, workflows and what they hold, however deep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from llama_index.core.agent.react.formatter import BaseAgentChatFormatter
from llama_index.core.agent.workflow.base_agent import DEFAULT_AGENT_NAME, BaseWorkflowAgent
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import BaseMemory, BaseMemoryBlock
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.mixin import PromptMixin
from llama_index.core.tools import BaseTool, ToolMetadata
from llama_index.core.types import BasePydanticProgram
from llama_index.core.workflow import Workflow

from trace_llamaindex import private
from trace_llamaindex.templates import defaults, is_among

KNOWN = (
    *(PromptMixin, BaseChatEngine, BaseTool, ToolMetadata, BaseLLM, BaseNodePostprocessor, Workflow),
    *(BasePromptTemplate, BaseAgentChatFormatter, BasePydanticProgram, BaseMemory, BaseMemoryBlock),
)
_LEAVES = (BaseLLM, BasePromptTemplate, ToolMetadata, BaseAgentChatFormatter)
# What a name would only say twice: `docs.text_qa` is the prompt of the synthesizer of the engine `docs`.
_UNSAID = {
    *("agents", "formatter", "memory_blocks", "metadata", "metadatas", "node_postprocessors", "program", "prompt"),
    *("query_engine", "query_engines", "response_synthesizer", "retriever", "retrievers", "selector_program", "tools"),
}
_SAID = {"llm": "model"}
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a program: how it is called by parts, what it is, and in which objects it was found."""

    path: Path
    value: Any
    holders: list[Any] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    """Under which attribute of each holder; empty where it is not an attribute itself."""
    is_default: bool = False
    """Whether it is a template that LlamaIndex shares among all programs."""


def walk(program: Any) -> list[Found]:
    """All that a program is made of, each object once, in the order in which it would be read.

    Args:
        program: an engine, agent, workflow, retriever, tool or chat engine, what they are made of, an object of the
            user's own that holds such in its attributes, or a list or dict.

    Raises:
        TypeError: it is none of these.
    """
    walking = _Walking()
    for each, path in _items(program, ()):
        if isinstance(each, KNOWN):
            walking.visit(each, path, None, "")
            continue
        inside = list(_parts(each, path)) if _is_of_the_users_own(each) else []
        if not inside:
            raise TypeError(
                "an engine, agent, workflow, retriever, tool or chat engine is expected, or an object of your own with "
                f"such in its attributes, not {type(each).__name__}"
            )
        for part, where, name in inside:
            walking.visit(part, where, each, name)
    return list(walking.found.values())


def _is_of_the_users_own(value: Any) -> bool:
    is_object = hasattr(value, "__dict__") and not isinstance(value, (type, ModuleType))
    return is_object and type(value).__module__.partition(".")[0] != "llama_index"


class _Walking:
    def __init__(self) -> None:
        self.found: dict[Any, Found] = {}
        self._defaults = defaults()

    def visit(self, value: Any, path: Path, holder: Any, attribute: str) -> None:
        """Enter an object, and all in it; one that is known has one more holder."""
        is_default = is_among(value, self._defaults)
        key = (id(value), id(holder), attribute) if is_default else id(value)
        known = self.found.get(key)
        if known is not None:
            known.holders.append(holder)
            known.attributes.append(attribute)
            return
        path = _below(path, value)
        self.found[key] = Found(path, value, [holder], [attribute], is_default)
        if isinstance(value, _LEAVES):
            return
        for each, where, name in _parts(value, path):
            self.visit(each, where, value, name)


def _below(path: Path, value: Any) -> Path:
    """The path of what has a name of its own; a name is not said twice."""
    if isinstance(value, BaseWorkflowAgent) and (value.name != DEFAULT_AGENT_NAME or path):
        return path if path[-1:] == (value.name,) else (*path, value.name)
    if isinstance(value, BaseTool) and (name := tool_name(value)):
        return path if path[-1:] == (name,) else (*path, "tools", name)
    return path


def tool_name(tool: BaseTool) -> str:
    """The name of a tool; empty if it has none."""
    return str(getattr(tool.metadata, "name", None) or "")


def _parts(value: Any, path: Path) -> Iterator[tuple[Any, Path, str]]:
    """What an object holds of what is known here, each with its path and the attribute."""
    held = private.attributes(value)
    if isinstance(value, BaseTool):
        yield value.metadata, path, private.TOOL_METADATA
    if private.TOOLS_METADATA in held:
        yield from _given_as_tools(held, path)
    for name, item in held.items():
        plain = name.lstrip("_")
        said = plain.removesuffix("_template")
        where = path if plain in _UNSAID else (*path, _SAID.get(plain, said))
        for each, below in _items(item, where):
            if isinstance(each, KNOWN):
                yield each, below, "" if each is not item else name


def _given_as_tools(held: Mapping[str, Any], path: Path) -> Iterator[tuple[Any, Path, str]]:
    """The engines or retrievers that a router was given as tools; it keeps what it was told of them apart."""
    inside = next((held[name] for name in private.IN_TOOLS if name in held), ())
    listed = list(inside.values() if isinstance(inside, Mapping) else inside)
    for number, (metadata, each) in enumerate(zip(held[private.TOOLS_METADATA], listed, strict=False)):
        where = (*path, "tools", str(metadata.name or number))
        yield metadata, where, ""
        yield each, where, ""


def _items(value: Any, path: Path, around: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Path]]:
    """The objects in lists and dicts; a key is a part of the name. What is in itself is not entered again."""
    if isinstance(value, (Mapping, list, tuple)):
        if any(value is each for each in around):
            return
        around = (*around, value)
        if isinstance(value, Mapping):
            for key, each in value.items():
                yield from _items(each, (*path, str(key)), around)
        else:
            for each in value:
                yield from _items(each, path, around)
    else:
        yield value, path
