"""Clones of agents and teams, for turns that run at once: one object can only have one conversation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from autogen_agentchat.base import ChatAgent, Team
from autogen_core import CancellationToken
from autogen_core.model_context import ChatCompletionContext
from autogen_core.models import ChatCompletionClient
from autogen_core.tools import BaseTool, StaticWorkbench

from trace_autogen import private
from trace_autogen.besides import stand_for
from trace_autogen.hooks import unwrapped
from trace_autogen.loops import ClientLoop
from trace_autogen.standing import unhooked_copy
from trace_core.errors import TraceError
from trace_core.exposing import Stand

_TICKS = 100
_CONTAINERS = (list, dict, set, deque)

Program = TypeVar("Program")


def clone(agent_or_team: Program) -> Program:
    """An agent or a team like this one, with a fresh context and the same parameters.

    Members of teams, inner teams, and agents that are tools are cloned with it. Model clients, memories, and tools
    that are functions are shared; so are the parameters: what is written, or tried as a candidate, holds for the clone
    too. The clone is not traced.

    An agent of a class that is not AutoGen's own forgets what it keeps by its `on_reset`, called on the clone: its
    lists, dicts, contexts and agents are the clone's by then, other objects in it are shared.

    Args:
        agent_or_team: the agent or team; of a traced one, what it traces.

    Raises:
        TraceError: the `on_reset` of such an agent waits for something, or raised.

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


def _forget(agent: ChatAgent) -> None:
    """Have an agent of a class of its own forget what it keeps, by its `on_reset`; AutoGen's keep contexts alone."""
    contexts = {name: each for name, each in vars(agent).items() if isinstance(each, ChatCompletionContext)}
    on_reset = type(agent).on_reset
    if on_reset.__module__.partition(".")[0] != "autogen_agentchat":
        _now(agent, on_reset(agent, CancellationToken()))
        for name, context in contexts.items():  # a reset drops the first messages too
            vars(agent)[name] = private.fresh_context(context)


def _now(agent: ChatAgent, awaited: Coroutine[Any, Any, None]) -> None:
    """Run what may be awaited, but need not wait for anything."""
    error: Exception | None = None
    try:
        for _ in range(_TICKS):
            if awaited.send(None) is not None:  # None is what `asyncio.sleep(0)` gives
                break
    except StopIteration:
        return
    except Exception as raised:  # noqa: BLE001 - an agent's own code; the clone is not made
        error = raised
    finally:
        awaited.close()
    text = f"{agent.name!r} cannot be cloned: its on_reset waits for something, or raised; make a new agent instead"
    raise TraceError(text) from error


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
        made = unhooked_copy(value)
        self._made[id(value)] = (value, made)
        vars(made).update((name, self._own(each)) for name, each in vars(made).items())
        if isinstance(made, Team):
            private.renew_team(made, self.of)
        elif isinstance(made, ChatAgent):
            vars(made)[private.IS_RUNNING] = False
            _forget(made)
        _follow(value, made)
        return made

    def _own(self, value: Any) -> Any:
        """What a clone has in place of what the original holds."""
        if isinstance(value, ChatCompletionClient):
            return self._client(value)
        kind = type(value)
        if kind is tuple:
            return tuple(self._own(each) for each in value)
        if kind not in _CONTAINERS and not isinstance(value, ChatCompletionContext):
            return self.of(value)
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        made = private.fresh_context(value) if kind not in _CONTAINERS else value.copy()
        self._made[id(value)] = (value, made)
        if kind is dict:
            made.update((key, self._own(each)) for key, each in value.items())
        elif kind is list or kind is deque:
            made.clear()
            made.extend(map(self._own, value))
        return made
