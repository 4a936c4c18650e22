"""Clones of agents and group chats, for chats that run at once: two agents can only have one conversation."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, TypeVar

from trace_autogen.classic import private, standing
from trace_autogen.classic.holding import hooks_of

Program = TypeVar("Program")


def clone(agent_or_groupchat: Program) -> Program:
    """An agent, a group chat or its manager like this one, with no history and the same parameters.

    The agents of a group chat are cloned with it, those of a list together. Models, tools, code executors, and agents
    in nested chats are shared; so are the parameters: what is written, or tried as a candidate, holds for the clone
    too. Context variables are copied as they are now. The clone is not traced.

    Args:
        agent_or_groupchat: a `ConversableAgent`, a `GroupChat`, a `GroupChatManager`, or a list of them.

    Raises:
        TypeError: it is none of these.

    Example:
        asking, answering = clone([user, assistant])
        await asking.a_initiate_chat(answering, message="How long is the coast?")
    """
    cloning = _Cloning()
    wanted = agent_or_groupchat if isinstance(agent_or_groupchat, list) else [agent_or_groupchat]
    for each in wanted:
        if not private.is_agent(each) and not private.is_group_chat(each):
            raise TypeError(f"an agent or a group chat of AutoGen 0.2 or AG2 is expected, not {type(each).__name__}")
    made: Any = [cloning.of(each) for each in wanted]
    for each in wanted:
        cloning.link(each)
    return made if isinstance(agent_or_groupchat, list) else made[0]  # type: ignore[no-any-return]


class _Cloning:
    """One clone, in which what was one object stays one."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """The clone of an agent or a group chat; a list or dict of them with clones; anything else as it is."""
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        if private.is_group_chat(value):
            return self._group(value)
        if private.is_agent(value):
            return self._agent(value)
        if type(value) is list:
            return [self.of(each) for each in value]
        if type(value) is dict:
            return {self.of(key): self.of(each) for key, each in value.items()}
        return value

    def link(self, value: Any) -> None:
        """Have reply functions of clones be called for clones."""
        for original, made in [*self._made.values()]:
            if private.is_agent(original):
                for entry in private.replies(made):
                    entry["trigger"] = self._known(entry["trigger"])

    def _known(self, value: Any) -> Any:
        if type(value) is list:
            return [self._known(each) for each in value]
        known = self._made.get(id(value))
        return value if known is None else known[1]

    def _copied(self, value: Any) -> Any:
        """A copy that nothing is hooked into, and that follows the same parameters."""
        made = copy.copy(value)
        self._made[id(value)] = (value, made)
        vars(made).pop(standing.KEPT_IN, None)
        if private.is_agent(made):
            private.forget_all(made)
            private.set_context(made, self._context)
        hooks = hooks_of(value)
        if hooks is not None:
            hooks.clean(made)
        return made

    def _context(self, context: Any) -> Any:
        """A copy of context variables, one for all who have them in common."""
        known = self._made.get(id(context))
        if known is None:
            made = copy.copy(context)
            made.data = _apart(context.data)
            known = self._made[id(context)] = (context, made)
        return known[1]

    def _agent(self, agent: Any) -> Any:
        made = self._copied(agent)
        for entry in private.replies(made):
            entry["config"], entry["init_config"] = self._chat(entry["config"]), self._chat(entry["init_config"])
        if private.is_group_chat(getattr(agent, "groupchat", None)):
            private.set_group(made, self.of(agent.groupchat))
        _follow(agent, made)
        return made

    def _chat(self, config: Any) -> Any:
        return self.of(config) if private.is_group_chat(config) else config

    def _group(self, group: Any) -> Any:
        made = self._copied(group)
        vars(made)["messages"] = self._made.setdefault(id(group.messages), (group.messages, []))[1]
        for name, value in list(vars(made).items()):
            if name != "messages" and type(value) in (list, dict):
                vars(made)[name] = self.of(value)
        if callable(group.speaker_selection_method):
            made.speaker_selection_method = self._selecting(group.speaker_selection_method)
        _follow(group, made)
        return made

    def _selecting(self, select: Callable[..., Any]) -> Callable[..., Any]:
        """A function that selects who speaks: it knows the agents that it was written for, not their clones."""

        @functools.wraps(select)
        def selecting(last_speaker: Any, chat: Any) -> Any:
            originals = {id(made): original for original, made in self._made.values()}
            return self._known(select(originals.get(id(last_speaker), last_speaker), chat))

        return selecting


def _apart(value: Any) -> Any:
    """Lists, dicts and sets anew, with what is in them."""
    if type(value) is dict:
        return {key: _apart(each) for key, each in value.items()}
    if type(value) is list:
        return [_apart(each) for each in value]
    return value.copy() if type(value) is set else value


def _follow(original: Any, made: Any) -> None:
    for entry in standing.parameters_of(original):
        binding: Any = entry.parameter.binding
        binding.follow(made, entry)
