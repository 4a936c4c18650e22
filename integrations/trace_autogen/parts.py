"""What an agent or a team uses: models, tools, memories, code executors, and agents and teams in it.

What a part is called does not matter, only what it is: so agents of the user's own classes are looked through too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from autogen_agentchat.base import ChatAgent, Team
from autogen_core.code_executor import CodeExecutor
from autogen_core.memory import Memory
from autogen_core.models import ChatCompletionClient
from autogen_core.tools import BaseTool, Workbench

from trace_autogen import private
from trace_autogen.clients import ClientHooks
from trace_autogen.executors import ExecutorHooks
from trace_autogen.hooks import ATTRIBUTE, Hooks, ProgramHooks, hooked, unwrapped
from trace_autogen.tools import HandoffToolHooks, MemoryHooks, ToolHooks, WorkbenchHooks

_PLAIN = frozenset({str, int, float, bool, type(None), FunctionType, MethodType})
_CONTAINERS = frozenset({list, tuple, dict, set})
_DEEPEST = 3


def parts(agent: Any) -> list[Hooks]:
    """The hooks of what an agent uses."""
    found: list[Hooks] = [hooked(tool, HandoffToolHooks) for tool in private.handoff_tools(agent)]
    referred = list(referred_to(agent))
    for part in referred:
        kind = _kind_of(part)
        if kind in (ClientHooks, MemoryHooks, ExecutorHooks):
            found.append(hooked(part, kind))
        elif kind is WorkbenchHooks:
            found.append(hooked(part, kind))
            for tool in referred_to(part):
                if _kind_of(tool) is ToolHooks:
                    found += [hooked(tool, ToolHooks), *_programs(agent, referred_to(tool))]
    return [*found, *_programs(agent, referred)]


def models(*owners: Any) -> list[Hooks]:
    """The hooks of the models that teams and managers refer to."""
    referred = [value for owner in owners for value in referred_to(owner)]
    return [hooked(value, ClientHooks) for value in referred if _kind_of(value) is ClientHooks]


def program(value: Any) -> ProgramHooks:
    """The hooks of an agent or a team."""
    from trace_autogen.agents import AgentHooks
    from trace_autogen.teams import TeamHooks

    value = unwrapped(value)
    return hooked(value, TeamHooks) if isinstance(value, Team) else hooked(value, AgentHooks)


def _programs(agent: Any, values: Iterable[Any]) -> list[Hooks]:
    found = [value for value in values if _kind_of(value) is ProgramHooks]
    return [program(value) for value in found if unwrapped(value) is not agent]


def referred_to(owner: Any) -> Iterator[Any]:
    """What an object's attributes are, and what is in those that are lists and dicts."""
    for name, value in list(getattr(owner, "__dict__", {}).items()):
        kind = type(value)
        if kind in _CONTAINERS:
            if value:
                yield from _held_in(value, _DEEPEST)
        elif kind not in _PLAIN and name != ATTRIBUTE:
            yield value


def _held_in(container: Any, depth: int) -> Iterator[Any]:
    for each in list(container.values() if type(container) is dict else container):
        kind = type(each)
        if kind in _CONTAINERS:
            if depth > 1:
                yield from _held_in(each, depth - 1)
        elif kind not in _PLAIN:
            yield each


def _kind_of(value: Any) -> Any:
    cls: Any = type(value)
    return _kind(cls)


@lru_cache(maxsize=1024)
def _kind(cls: type) -> Any:
    """By what an object of this class is hooked; asking so at each turn would take longer than the turn's own code."""
    kinds = {ChatCompletionClient: ClientHooks, Workbench: WorkbenchHooks, Memory: MemoryHooks, BaseTool: ToolHooks}
    for known, hooks in {**kinds, CodeExecutor: ExecutorHooks, ChatAgent: ProgramHooks, Team: ProgramHooks}.items():
        if issubclass(cls, known):
            return hooks
    return None
