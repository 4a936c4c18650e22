"""Agents and group chats that are traced, as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from trace_autogen.classic import private
from trace_autogen.classic.groups import GroupHooks
from trace_autogen.classic.hooks import AgentHooks, ToolFailed
from trace_autogen.classic.recorder import Recorder
from trace_core.errors import TraceError

__all__ = ["Recorder", "ToolFailed", "trace", "untrace"]

_LOCK = threading.RLock()


def trace(agent_or_groupchat: Any, recorder: Recorder | None = None) -> Recorder:
    """Trace an agent or a group chat, which stays the object that it is: it has hooks until `untrace`.

    Trace all agents that talk to each other with one recorder; a group chat's agents, or a manager's, are traced with
    it.

    Args:
        agent_or_groupchat: a `ConversableAgent`, a `GroupChat` or a `GroupChatManager`.
        recorder: where it is recorded; by default the one that it has, or a new one.

    Raises:
        TraceError: it, or one of its agents, is traced with another recorder, or this release cannot be traced.
        TypeError: it is no agent and no group chat.

    Example:
        recorder = trace(user)
        trace(assistant, recorder)
        user.initiate_chat(assistant, message="Write a poem.")
        recorder.last.output.backward("too long")
    """
    agents, groups = parts(agent_or_groupchat)
    with _LOCK:
        there = [hooks for each in [*agents, *groups] if (hooks := _hooks(each)) is not None]
        known = recorder or (there[0].recorder if there else Recorder())
        for hooks in there:
            if hooks.recorder is not known:
                raise TraceError(f"{_name(hooks)!r} is traced with another recorder: untrace it first")
        _install([(each, AgentHooks) for each in agents] + [(each, GroupHooks) for each in groups], known)
        return known


def untrace(agent_or_groupchat: Any) -> None:
    """Trace it no more, nor the agents of a group chat, and put everything back; what is not traced stays as it is."""
    agents, groups = parts(agent_or_groupchat)
    with _LOCK:
        for each in [*groups, *agents]:
            hooks = _hooks(each)
            if hooks is not None:
                hooks.remove()


def parts(program: Any) -> tuple[list[Any], list[Any]]:
    """The agents and the group chats in a program.

    Raises:
        TypeError: it is neither.
    """
    agents: list[Any] = []
    groups: list[Any] = []
    to_visit = [program]
    for each in to_visit:  # which grows
        if private.is_group_chat(each):
            if not any(each is known for known in groups):
                groups.append(each)
                to_visit += each.agents
        elif private.is_agent(each):
            if not any(each is known for known in agents):
                agents.append(each)
                to_visit += private.groups_of(each)
        elif each is program:
            raise TypeError(f"an agent or a group chat of AutoGen 0.2 or AG2 is expected, not {type(each).__name__}")
    return agents, groups


def _hooks(program: Any) -> AgentHooks | GroupHooks | None:
    return GroupHooks.of(program) if private.is_group_chat(program) else AgentHooks.of(program)


def _name(hooks: AgentHooks | GroupHooks) -> str:
    return str(hooks.agent.name) if isinstance(hooks, AgentHooks) else "the group chat"


def _install(wanted: list[tuple[Any, Callable[[Any, Recorder], Any]]], recorder: Recorder) -> None:
    """Put the hooks in, all or none."""
    done: list[Any] = []
    try:
        for each, make in wanted:
            if _hooks(each) is None:
                hooks = make(each, recorder)
                done.append(hooks)
                hooks.install()
    except BaseException:
        for hooks in reversed(done):
            hooks.remove()
        raise
