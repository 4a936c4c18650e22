"""Agents and group chats that are traced, as they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from trace_autogen.classic import private
from trace_autogen.classic.groups import GroupHooks
from trace_autogen.classic.holding import Hooks, hooks_of
from trace_autogen.classic.hooks import AgentHooks
from trace_autogen.classic.recorder import Recorder
from trace_autogen.classic.standing import parameters_of
from trace_core.errors import TraceError

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
        there = [hooks for each in [*agents, *groups] if (hooks := hooks_of(each)) is not None and hooks.recorder]
        known = recorder or (there[0].recorder if there else Recorder())
        for hooks in there:
            if hooks.recorder is not known:
                raise TraceError(f"{_name(hooks)!r} is traced with another recorder: untrace it first")
        _begin([*agents, *groups], known)
        return known


def untrace(agent_or_groupchat: Any) -> None:
    """Trace it no more, nor the agents of a group chat, and put everything back; what is not traced stays as it is."""
    agents, groups = parts(agent_or_groupchat)
    with _LOCK:
        for each in [*groups, *agents]:
            hooks = hooks_of(each)
            if hooks is not None:
                hooks.is_kept = False
                _end(hooks)


def begin_to_trace(agent_or_groupchat: Any, recorder: Recorder) -> list[Hooks]:
    """Trace it for the time of a run, without what another recorder has; gives what `stop_to_trace` takes."""
    agents, groups = parts(agent_or_groupchat)
    with _LOCK:
        begun: list[Hooks] = []
        for each in [*agents, *groups]:
            hooks = hook(each)
            if hooks.recorder is None or hooks.recorder is recorder:
                hooks.record(recorder)
                hooks.holders += 1
                begun.append(hooks)
        return begun


def stop_to_trace(begun: Sequence[Hooks]) -> None:
    """The run is over."""
    with _LOCK:
        for hooks in reversed(begun):
            hooks.holders -= 1
            _end(hooks)


def hook(owner: Any) -> Hooks:
    """The hooks of an agent or a group chat, installed if it has none.

    Raises:
        TraceError: this release cannot be hooked.
    """
    with _LOCK:
        known: Hooks | None = hooks_of(owner)
        if known is not None:
            return known
        made = GroupHooks(owner) if private.is_group_chat(owner) else AgentHooks(owner)
        try:
            made.install()
        except BaseException:
            made.remove()
            raise
        return made


def unhook(owner: Any) -> None:
    """Take the hooks out, unless it is traced or something of it is learned."""
    with _LOCK:
        hooks = hooks_of(owner)
        if hooks is not None:
            _end(hooks)


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


def _name(hooks: Hooks) -> str:
    return str(hooks.owner.name) if isinstance(hooks, AgentHooks) else "the group chat"


def _begin(owners: list[Any], recorder: Recorder) -> None:
    """Trace them until `untrace`, all or none."""
    done: list[Hooks] = []
    try:
        for each in owners:
            hooks = hook(each)
            if not hooks.is_kept:
                done.append(hooks)
                hooks.record(recorder)
                hooks.is_kept = True
    except BaseException:
        for hooks in reversed(done):
            hooks.is_kept = False
            _end(hooks)
        raise


def _end(hooks: Hooks) -> None:
    """Take out what nobody needs any more."""
    if hooks.is_kept or hooks.holders:
        return
    hooks.record(None)
    if not parameters_of(hooks.owner):
        hooks.remove()
