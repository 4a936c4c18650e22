"""What recording costs an AutoGen agent and a team, beside no tracing and beside OpenInference.

    python benchmarks/autogen_overhead.py

The models answer at once, so the ratios are the worst that they can be. The variants take turns in blocks within one
run; ratios are of medians. OpenInference is measured where it is installed
(`pip install openinference-instrumentation-autogen-agentchat opentelemetry-sdk`); it replaces methods of AutoGen's
classes, so it is switched on for its own blocks alone. Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import CreateResult, FunctionExecutionResultMessage, ModelInfo, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from trace_autogen import Recorder, expose, trace

INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)
USAGE = RequestUsage(prompt_tokens=1, completion_tokens=1)


class Instant(ReplayChatCompletionClient):
    """Calls a tool so many times, and then answers."""

    def __init__(self, rounds: int) -> None:
        super().__init__([], model_info=INFO)
        self.rounds = rounds

    async def create(self, messages: Any, **_: Any) -> CreateResult:
        done = sum(isinstance(message, FunctionExecutionResultMessage) for message in messages)
        if done < self.rounds:
            content: Any = [FunctionCall(id=f"call_{done}", name="look", arguments='{"at": "it"}')]
            return CreateResult(finish_reason="function_calls", content=content, usage=USAGE, cached=False)
        return CreateResult(finish_reason="stop", content="done", usage=USAGE, cached=False)


async def look(at: str) -> str:
    """Look at something."""
    return f"it is {at}"


def answering() -> Any:
    """One request."""
    return AssistantAgent("a", Instant(0), system_message="Be brief.")


def looping() -> Any:
    """Six rounds of one tool call, and an answer."""
    return AssistantAgent("a", Instant(6), system_message="Be brief.", tools=[look], max_tool_iterations=10)


def team() -> Any:
    """Three turns of two agents."""
    people = [AssistantAgent(name, Instant(0), system_message="Be brief.") for name in ("anna", "bert")]
    return RoundRobinGroupChat(people, max_turns=3)


async def once(program: Any) -> float:
    """Seconds of one run with a fresh context."""
    if hasattr(program, "on_reset"):
        await program.on_reset(CancellationToken())
    else:
        await program.reset()
    start = time.perf_counter()
    await program.run(task="Look at it.")
    taken = time.perf_counter() - start
    await asyncio.sleep(0)
    return taken


async def measured(make: Callable[[], Any], blocks: int, size: int) -> dict[str, Any]:
    """Median microseconds of each variant, and ratios to no tracing."""
    programs = {name: make() for name in ("none", "ours", "ours, all exposed")}
    recorder = Recorder(max_runs=10)
    trace(programs["ours"], recorder)
    expose(programs["ours, all exposed"], kinds="all")
    trace(programs["ours, all exposed"], Recorder(max_runs=10))
    if find_spec("openinference") is not None:
        programs["OpenInference"] = make()
    for program in programs.values():
        await program.run(task="Look at it.")  # a team can be reset once it has run
    times: dict[str, list[float]] = {name: [] for name in programs}
    for block in range(blocks + 1):
        for name, program in programs.items():
            switch = openinference() if name == "OpenInference" else None
            for _ in range(size):
                taken = await once(program)
                if block:  # the first one warms up
                    times[name].append(taken)
            if switch is not None:
                switch.uninstrument()
    medians = {name: statistics.median(taken) * 1e6 for name, taken in times.items()}
    return {
        "microseconds": {name: round(median, 1) for name, median in medians.items()},
        "ratio": {name: round(median / medians["none"], 3) for name, median in medians.items()},
        "building": await building(make()),
    }


async def building(program: Any) -> dict[str, float]:
    """What the graph costs when it is first asked for."""
    recorder = trace(program, Recorder(max_runs=1))
    taken, calls = [], 0
    for _ in range(30):
        await program.run(task="Look at it.")
        calls = len(recorder.last.calls)
        start = time.perf_counter()
        _ = recorder.last.graph
        taken.append(time.perf_counter() - start)
        await (program.on_reset(CancellationToken()) if hasattr(program, "on_reset") else program.reset())
    return {"calls": calls, "microseconds_per_call": round(statistics.median(taken) / calls * 1e6, 1)}


def openinference() -> Any:
    """OpenInference's instrumentor, switched on, without an exporter."""
    from openinference.instrumentation.autogen_agentchat import AutogenAgentChatInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    instrumentor = AutogenAgentChatInstrumentor()
    instrumentor.instrument(tracer_provider=TracerProvider())
    return instrumentor


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    shown = {"agent": answering, "agent with a tool": looping, "team": team}
    results = {name: asyncio.run(measured(make, options.blocks, 20)) for name, make in shown.items()}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
