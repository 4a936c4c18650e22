"""Walking through agents, teams, nested teams, and agents that are tools of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from autogen_agentchat.base import ChatAgent, Team
from autogen_core.models import ChatCompletionClient
from autogen_core.tools import BaseTool, Workbench

from trace_autogen import private
from trace_autogen.hooks import unwrapped

Kind = Literal["agent", "team", "workbench", "tool", "client"]


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a program: how it is called by parts, what it is, and in what it was found."""

    path: tuple[str, ...]
    kind: Kind
    value: Any
    parent: Any = None


def walk(program: Any) -> list[Found]:
    """All that a program is made of, each object once, in the order in which it would be read.

    Args:
        program: an agent, a team, a tool, a workbench, or a list or dict of them; traced ones count as what they trace.

    Raises:
        TypeError: it is none of these.
    """
    return list(_once(program, (), None, set()))


def _once(value: Any, path: tuple[str, ...], parent: Any, seen: set[int]) -> Iterator[Found]:
    value = unwrapped(value)
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _once(each, (*path, str(key)), value, seen)
        return
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _once(each, path, value, seen)
        return
    kind = _kind(value)
    if kind is None:
        raise TypeError(f"an AutoGen agent, team, workbench or tool is expected, not {type(value).__name__}")
    if kind == "agent" or (kind == "team" and parent is not None and isinstance(parent, Team)) or kind == "tool":
        path = below(path, value.name)
    if id(value) in seen:
        return
    seen.add(id(value))
    yield Found(path, kind, value, parent)
    for each, where in _parts(value, path, kind):
        yield from _once(each, where, value, seen)


def _kind(value: Any) -> Kind | None:
    kinds: dict[Kind, type] = {
        "agent": ChatAgent,
        "team": Team,
        "workbench": Workbench,
        "tool": BaseTool,
        "client": ChatCompletionClient,
    }
    return next((kind for kind, cls in kinds.items() if isinstance(value, cls)), None)


def _parts(value: Any, path: tuple[str, ...], kind: Kind) -> Iterator[tuple[Any, tuple[str, ...]]]:
    if kind == "client":
        return
    if kind == "workbench":
        yield from ((tool, path) for tool in private.tools_in(value))
        return
    if kind == "team":
        yield from ((participant, path) for participant in private.given_participants(value))
    if kind == "agent":
        yield from ((workbench, path) for workbench in private.workbenches_of(value))
    if (inner := private.inside(value)) is not None:
        yield inner, path
    if (client := private.model_client_of(value)) is not None:
        yield client, (*path, "model")


def below(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The path of what is called `name` there; a name is not said twice (an `AgentTool` is called as its agent)."""
    return path if path and path[-1] == name else (*path, name)
