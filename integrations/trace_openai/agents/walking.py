"""Walking through agents, those they hand over to, and those that are tools of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agents import Agent, FunctionTool, Handoff

from trace_openai.agents import private


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a program: how it is called by parts, and what it is."""

    path: tuple[str, ...]
    kind: Literal["agent", "tool", "handoff"]
    value: Any


def walk(program: Any) -> list[Found]:
    """All that a program is made of, each object once, in the order in which it would be read.

    Args:
        program: an agent, a tool, or a list or dict of them.

    Raises:
        TypeError: it is none of these.
    """
    return list(_each(program, (), set()))


def _each(value: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[Found]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _each(each, (*path, str(key)), seen)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _each(each, path, seen)
    elif isinstance(value, Agent):
        yield from _agent(value, path, seen)
    elif isinstance(value, FunctionTool):
        yield from _tool(value, path, seen)
    else:
        raise TypeError(f"an agent or a function tool of the SDK is expected, not {type(value).__name__}")


def _agent(agent: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[Found]:
    if not _is_new(agent, seen):
        return
    own = (*path, named(agent.name))
    yield Found(own, "agent", agent)
    for tool in agent.tools:
        if isinstance(tool, FunctionTool):
            yield from _tool(tool, own, seen)
    for each in agent.handoffs:
        if isinstance(each, Handoff) and _is_new(each, seen):
            yield Found((*own, named(each.tool_name)), "handoff", each)
    for other in handed_to(agent):
        yield from _agent(other, path, seen)


def _tool(tool: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[Found]:
    if not _is_new(tool, seen):
        return
    yield Found((*path, named(tool.name)), "tool", tool)
    inner = private.agent_of_tool(tool)
    if isinstance(inner, Agent):
        yield from _agent(inner, path[:-1], seen)


def handed_to(agent: Any) -> list[Any]:
    """The agents to which an agent may hand over."""
    found = [private.agent_of_handoff(each) if isinstance(each, Handoff) else each for each in agent.handoffs]
    return [each for each in found if isinstance(each, Agent)]


def named(name: str) -> str:
    """A name as a part of a parameter's name."""
    return re.sub(r"\W+", "_", name.strip()).strip("_") or "agent"


def _is_new(value: Any, seen: set[int]) -> bool:
    is_new = id(value) not in seen
    seen.add(id(value))
    return is_new
