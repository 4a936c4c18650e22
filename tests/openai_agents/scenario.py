"""What a scenario is: a program, and what must be in its graph.

Nodes: `I` is an input; functions and tools go by their name, other calls by their kind; a number tells several of the
same apart, in the order in which they began. Every edge is data unless it stands in `control`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from agents import Runner

from trace_core.recording import BaseRecorder

Ask = Callable[..., Awaitable[Any]]
"""`Runner.run`, or what does the same in another way; with the recorder's hooks."""


@dataclass
class Scenario:
    """A program that asks agents, and the graph of its last run; of the last `runs`, if it has several."""

    run: Callable[[Ask], Awaitable[Any]]
    nodes: str
    edges: str
    outputs: str
    control: str = ""
    failed: str = ""
    runs: int = 1
    in_block: bool = False
    raises: type[BaseException] | None = None
    ways: tuple[str, ...] = ("run", "run_sync", "run_streamed")


def running(agent: Any, *tasks: Any, **options: Any) -> Callable[[Ask], Awaitable[Any]]:
    """A program that gives an agent these tasks, one after the other."""

    async def run(ask: Ask) -> Any:
        for task in tasks:
            result = await ask(agent, task, **options)
        return result

    return run


def asking(way: str, recorder: BaseRecorder | None = None) -> Ask:
    """How agents are asked: by `run`, `run_sync` or `run_streamed`; with the recorder's hooks if there is one."""

    async def ask(agent: Any, given: Any, **options: Any) -> Any:
        if recorder is not None:
            options["hooks"] = recorder.hooks()  # type: ignore[attr-defined]
        if way == "run":
            return await Runner.run(agent, given, **options)
        if way == "run_sync":
            return await asyncio.to_thread(Runner.run_sync, agent, given, **options)
        result = Runner.run_streamed(agent, given, **options)
        async for _ in result.stream_events():
            pass
        return result

    return ask
