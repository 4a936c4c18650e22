"""Agents and teams that are traced: as they are, or wrapped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import ChatAgent, Response, TaskResult, Team
from autogen_agentchat.messages import BaseChatMessage
from autogen_core import CancellationToken, ComponentModel

from trace_autogen.fresh import Fresh
from trace_autogen.hooks import LOCK, ProgramHooks, hooks_of, unwrapped
from trace_autogen.parts import program as hooks_for
from trace_autogen.recorder import Recorder
from trace_core.errors import TraceError


def trace(program: ChatAgent | Team, recorder: Recorder | None = None, *, fresh: bool = False) -> Recorder:
    """Trace an agent or a team, which stays the object that it is: its methods are replaced until `untrace`.

    What runs inside the run of another (a member of a team, an agent that is a tool) belongs to that run, and is
    recorded where that is.

    Args:
        program: an agent or a team; members, inner teams and agents in tools are traced with it.
        recorder: where its runs are recorded; by default the one that it has, or a new one.
        fresh: whether each `run` starts from what it was before the first: it knows nothing of those between. What it
            uses does so too. It is put back by AutoGen's own `on_reset` or `reset` and `load_state`.

    Raises:
        TraceError: it is traced with another recorder, or takes no hooks.

    Example:
        recorder = trace(team)
        result = await team.run(task="Write a poem.")
        recorder.last.output.backward("too long")
    """
    with LOCK:
        hooks = hooks_for(program)
        if hooks.recorder is not None and recorder is not None and hooks.recorder is not recorder:
            raise TraceError(f"{hooks.owner.name!r} is traced with another recorder: untrace it first")
        hooks.recorder = hooks.recorder or recorder or Recorder()
        hooks.fresh = hooks.fresh or (Fresh(hooks) if fresh else None)
        hooks.hold(hooks.recorder)
        return hooks.recorder


def untrace(program: ChatAgent | Team) -> None:
    """Trace it no more, and put back what was replaced; one that is not traced stays as it is."""
    hooks: ProgramHooks | None = hooks_of(unwrapped(program))
    if hooks is not None and hooks.recorder is not None:
        recorder, hooks.recorder, hooks.fresh = hooks.recorder, None, None
        hooks.drop(recorder)


class TracedAgent(BaseChatAgent):
    """An agent that is traced, and an agent itself: usable wherever the wrapped one is.

    Args:
        agent: the agent, which is traced from now on; `agent` is it.
        recorder, fresh: as of `trace`; `recorder` is it.

    Example:
        agent = TracedAgent(AssistantAgent("support", model_client))
        result = await agent.run(task="How do I reset it?")
        agent.recorder.last.output.backward("cite the page you used")
    """

    def __init__(self, agent: ChatAgent, recorder: Recorder | None = None, *, fresh: bool = False) -> None:
        super().__init__(agent.name, agent.description)
        self._traced = agent
        self.recorder = trace(agent, recorder, fresh=fresh)

    @property
    def agent(self) -> ChatAgent:
        """The agent that is wrapped."""
        return self._traced

    @property
    def description(self) -> str:
        """The agent's description."""
        return self._traced.description

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        """What the agent may answer with."""
        return self._traced.produced_message_types

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        """The agent's."""
        return await self._traced.on_messages(messages, cancellation_token)

    def on_messages_stream(
        self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken
    ) -> AsyncGenerator[Any, None]:
        """The agent's."""
        return self._traced.on_messages_stream(messages, cancellation_token)

    async def run(self, **arguments: Any) -> TaskResult:
        """The agent's."""
        return await self._traced.run(**arguments)

    def run_stream(self, **arguments: Any) -> AsyncGenerator[Any, None]:
        """The agent's."""
        return self._traced.run_stream(**arguments)

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """The agent's."""
        await self._traced.on_reset(cancellation_token)

    async def on_pause(self, cancellation_token: CancellationToken) -> None:
        """The agent's."""
        await self._traced.on_pause(cancellation_token)

    async def on_resume(self, cancellation_token: CancellationToken) -> None:
        """The agent's."""
        await self._traced.on_resume(cancellation_token)

    async def save_state(self) -> Mapping[str, Any]:
        """The agent's."""
        return await self._traced.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """The agent's."""
        await self._traced.load_state(state)

    async def close(self) -> None:
        """The agent's."""
        await self._traced.close()

    def dump_component(self) -> ComponentModel:
        """The agent's: what is loaded from it is not traced."""
        return self._traced.dump_component()

    def __getattr__(self, name: str) -> Any:
        if name == "_traced":
            raise AttributeError(name)
        return getattr(self._traced, name)


class TracedTeam(Team):
    """A team that is traced, and a team itself.

    Args:
        team: the team, which is traced from now on; `team` is it.
        recorder, fresh: as of `trace`; `recorder` is it.

    Example:
        team = TracedTeam(RoundRobinGroupChat([writer, critic], max_turns=3))
        result = await team.run(task="Write a poem.")
        team.recorder.node_of(result.messages[1]).backward("too long")
    """

    def __init__(self, team: Team, recorder: Recorder | None = None, *, fresh: bool = False) -> None:
        self._traced = team
        self.recorder = trace(team, recorder, fresh=fresh)

    @property
    def team(self) -> Team:
        """The team that is wrapped."""
        return self._traced

    @property
    def name(self) -> str:
        """The team's name."""
        return self._traced.name

    @property
    def description(self) -> str:
        """The team's description."""
        return self._traced.description

    async def run(self, **arguments: Any) -> TaskResult:
        """The team's."""
        return await self._traced.run(**arguments)

    def run_stream(self, **arguments: Any) -> AsyncGenerator[Any, None]:
        """The team's."""
        return self._traced.run_stream(**arguments)

    async def reset(self) -> None:
        """The team's."""
        await self._traced.reset()

    async def pause(self) -> None:
        """The team's."""
        await self._traced.pause()

    async def resume(self) -> None:
        """The team's."""
        await self._traced.resume()

    async def save_state(self) -> Mapping[str, Any]:
        """The team's."""
        return await self._traced.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """The team's."""
        await self._traced.load_state(state)

    def dump_component(self) -> ComponentModel:
        """The team's: what is loaded from it is not traced."""
        return self._traced.dump_component()

    def __getattr__(self, name: str) -> Any:
        if name == "_traced":
            raise AttributeError(name)
        return getattr(self._traced, name)
