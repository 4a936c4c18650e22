"""What recording costs chats of classic AutoGen, beside no tracing and beside OpenInference.

    python benchmarks/autogen_classic_overhead.py

The models answer at once, so the ratios are the worst that they can be. The variants take turns in blocks within one
run; ratios are of medians. OpenInference is measured where it is installed
(`pip install openinference-instrumentation-ag2 opentelemetry-sdk`); it replaces methods of AG2's classes, so it is
switched on for its own blocks alone. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from autogen import ConversableAgent, GroupChat, GroupChatManager
from trace_autogen.classic import Recorder, expose, trace

CONFIG = {"config_list": [{"model": "instant", "model_client_cls": "Instant"}], "cache_seed": None}
Chat = tuple[list[Any], Callable[[], Any]]


class Instant:
    """A model that calls a tool so many times, and then answers."""

    def __init__(self, config: dict[str, Any], rounds: int) -> None:
        self.rounds = rounds

    def create(self, params: dict[str, Any]) -> Any:
        done = sum(message["role"] == "tool" for message in params["messages"])
        said: Any = "done"
        if done < self.rounds:
            function = {"name": "look", "arguments": '{"at": "it"}'}
            call = {"id": f"call_{done}", "type": "function", "function": function}
            said = {"role": "assistant", "content": None, "tool_calls": [call]}
        return SimpleNamespace(said=said, model="instant", cost=0, message_retrieval_function=None)

    def message_retrieval(self, response: Any) -> list[Any]:
        return [response.said]

    def cost(self, response: Any) -> float:
        return 0

    @staticmethod
    def get_usage(response: Any) -> dict[str, Any]:
        return {}


def look(at: str) -> str:
    """Look at something."""
    return f"it is {at}"


def user() -> Any:
    return ConversableAgent("user", llm_config=False, human_input_mode="NEVER", silent=True)


def agent(name: str, rounds: int = 0) -> Any:
    made = ConversableAgent(name, system_message="Be brief.", llm_config=CONFIG, human_input_mode="NEVER", silent=True)
    if rounds:
        made.register_for_llm(description="Look.")(look)
    made.register_model_client(Instant, rounds=rounds)
    return made


def answering() -> Chat:
    """One request."""
    asking, helper = user(), agent("helper")
    return [asking, helper], lambda: asking.initiate_chat(helper, message="Look.", max_turns=1, silent=True)


def looping() -> Chat:
    """Six rounds of one tool call, and an answer."""
    asking, helper = user(), agent("helper", 6)
    asking.register_for_execution()(look)
    return [asking, helper], lambda: asking.initiate_chat(helper, message="Look.", max_turns=7, silent=True)


def group() -> Chat:
    """Three turns of two agents in a group chat."""
    asking = user()
    chat = GroupChat([agent("anna"), agent("bert")], [], max_round=4, speaker_selection_method="round_robin")
    manager = GroupChatManager(chat, llm_config=False, silent=True)
    return [asking, manager], lambda: asking.initiate_chat(manager, message="Look.", silent=True)


def traced(make: Callable[[], Chat], recorder: Recorder, is_exposed: bool = False) -> Callable[[], Any]:
    agents, run = make()
    for each in agents:
        trace(each, recorder)
    if is_exposed:
        expose(agents, kinds="all")
    return run


def measured(make: Callable[[], Chat], blocks: int, size: int) -> dict[str, Any]:
    """Median microseconds of each variant, and ratios to no tracing."""
    recorders = [Recorder(max_runs=10) for _ in range(2)]
    programs = {
        "none": make()[1],
        "ours": traced(make, recorders[0]),
        "ours, all exposed": traced(make, recorders[1], True),
    }
    if find_spec("openinference") is not None:
        programs["OpenInference"] = make()[1]
    times: dict[str, list[float]] = {name: [] for name in programs}
    for block in range(blocks + 1):
        for name, run in programs.items():
            switch = openinference() if name == "OpenInference" else None
            for _ in range(size):
                start = time.perf_counter()
                run()
                if block:  # the first one warms up
                    times[name].append(time.perf_counter() - start)
            if switch is not None:
                switch.uninstrument()
    medians = {name: statistics.median(taken) * 1e6 for name, taken in times.items()}
    return {
        "microseconds": {name: round(median, 1) for name, median in medians.items()},
        "ratio": {name: round(median / medians["none"], 3) for name, median in medians.items()},
        "building": building(make),
    }


def building(make: Callable[[], Chat]) -> dict[str, float]:
    """What the graph costs when it is first asked for."""
    recorder = Recorder(max_runs=1)
    run = traced(make, recorder)
    taken, calls = [], 0
    for _ in range(30):
        run()
        calls = len(recorder.last.calls)
        start = time.perf_counter()
        _ = recorder.last.graph
        taken.append(time.perf_counter() - start)
    return {"calls": calls, "microseconds_per_call": round(statistics.median(taken) / calls * 1e6, 1)}


def openinference() -> Any:
    """OpenInference's instrumentor, switched on, without an exporter."""
    from openinference.instrumentation.ag2 import AG2Instrumentor
    from opentelemetry.sdk.trace import TracerProvider

    instrumentor = AG2Instrumentor()
    instrumentor.instrument(tracer_provider=TracerProvider())
    return instrumentor


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    shown = {"a request": answering, "six tools": looping, "group chat": group}
    results: dict[str, Any] = {"ag2": version("ag2")}
    results |= {name: measured(make, options.blocks, 20) for name, make in shown.items()}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
