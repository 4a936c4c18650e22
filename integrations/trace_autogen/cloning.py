"""Clones of agents and teams, for turns that run at once: one object can only have one conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from autogen_agentchat.base import ChatAgent, Team
from autogen_core.models import ChatCompletionClient
from autogen_core.tools import BaseTool, StaticWorkbench

from trace_autogen import private
from trace_autogen.besides import stand_for
from trace_autogen.hooks import unwrapped
from trace_autogen.loops import ClientLoop
from trace_autogen.standing import unhooked_copy
from trace_core.exposing import Stand

Program = TypeVar("Program")


def clone(agent_or_team: Program) -> Program:
    """An agent or a team like this one, with a fresh context and the same parameters.

    Members of teams, inner teams, and agents that are tools are cloned with it. Model clients, memories, and tools
    that are functions are shared; so are the parameters: what is written, or tried as a candidate, holds for the clone
    too. The clone is not traced.

    Args:
        agent_or_team: the agent or team; of a traced one, what it traces.

    Example:
        async with asyncio.TaskGroup() as tasks:
            for question in questions:
                tasks.create_task(clone(agent).run(task=question))
    """
    return _Cloning().of(agent_or_team)  # type: ignore[no-any-return]


class OtherLoop:
    """Clones that run in another event loop than the user's, with model clients of their own there."""

    def __init__(self, loop: ClientLoop) -> None:
        self._loop = loop
        self._clients: dict[int, tuple[Any, Any, Any]] = {}

    def clone(self, agent_or_team: Program) -> Program:
        """`clone`, for that loop."""
        return _Cloning(self._client).of(agent_or_team)  # type: ignore[no-any-return]

    def _client(self, client: Any) -> Any:
        """One copy for all clones, since a client keeps its connections; it follows the same parameters."""
        stand = Stand.of(client)
        places = () if stand is None else tuple(stand.places)
        known = self._clients.get(id(client))
        if known is None or known[0] is not client or known[1] != places:
            made = self._loop.copied(client)
            if made is not client:
                _follow(client, made)
            known = self._clients[id(client)] = (client, places, made)
        return known[2]


def _follow(value: Any, made: Any) -> None:
    """Let a copy follow the parameters of what it is a copy of."""
    stand = Stand.of(value)
    if stand is not None:
        for place, parameter in stand.places:
            stand_for(made).add(place, parameter)


def _same(client: Any) -> Any:
    return client


class _Cloning:
    """One clone, in which what was one object stays one.

    Args:
        client: which model client the clone has in place of one.
    """

    def __init__(self, client: Callable[[Any], Any] = _same) -> None:
        self._client = client
        self._made: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """The clone of an agent, a team, a workbench or a tool; what needs none is shared."""
        value = unwrapped(value)
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        if isinstance(value, BaseTool) and private.inside(value) is None:
            return value
        if not isinstance(value, (ChatAgent, Team, BaseTool, StaticWorkbench)):
            return value
        made = self._plain_copy(value)
        self._made[id(value)] = (value, made)
        self._renew(made)
        _follow(value, made)
        return made

    def _plain_copy(self, value: Any) -> Any:
        """A copy that nothing is hooked into; its lists and dicts are its own."""
        made = unhooked_copy(value)
        vars(made).update((k, each.copy()) for k, each in vars(made).items() if type(each) in (list, dict, set))
        return made

    def _renew(self, made: Any) -> None:
        """Give a copy a context and parts of its own."""
        known = vars(made)
        known.update((k, self._client(each)) for k, each in known.items() if isinstance(each, ChatCompletionClient))
        if private.MODEL_CONTEXT in known and known[private.MODEL_CONTEXT] is not None:
            known[private.MODEL_CONTEXT] = private.fresh_context(known[private.MODEL_CONTEXT])
        if (inner := private.inside(made)) is not None:
            private.replace_inside(made, inner, self.of(inner))
        if isinstance(made, Team):
            private.renew_team(made, self.of)
        elif isinstance(made, ChatAgent):
            known[private.IS_RUNNING] = False
            if private.WORKBENCH in known:
                known[private.WORKBENCH] = [self.of(each) for each in private.workbenches_of(made)]
            if private.TOOLS in known:
                known[private.TOOLS] = [self.of(tool) for tool in known[private.TOOLS]]
        elif isinstance(made, StaticWorkbench):
            known[private.TOOLS] = [self.of(tool) for tool in private.tools_in(made)]
