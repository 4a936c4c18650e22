"""Clones of agents."""

from __future__ import annotations

from typing import Any, TypeVar

from agents import Agent

from trace_openai.agents.standing import AgentsStand

Program = TypeVar("Program")


def clone(agent: Program) -> Program:
    """An agent like this one, with lists of its own and the same parameters.

    The agents that it lists for handoffs are cloned with it. Models, tools and `Handoff` objects are shared, and the
    agents behind them, since these hold on to them. A run keeps nothing in an agent, so clones are not needed to run
    one many times at once; they are for what is changed in one and not in the other.

    Example:
        other = clone(agent)
        other.tools.append(search)
    """
    return _clone(agent, {})  # type: ignore[no-any-return]


def _clone(agent: Any, made: dict[int, Any]) -> Any:
    if not isinstance(agent, Agent):
        return agent
    if id(agent) not in made:
        lists = {name: list(value) for name, value in vars(agent).items() if isinstance(value, list)}
        copy = made[id(agent)] = agent.clone(**lists)
        stand = AgentsStand.of(agent)
        if stand is not None:
            stand.follow(copy)
        copy.handoffs[:] = [_clone(each, made) for each in copy.handoffs]
    return made[id(agent)]
