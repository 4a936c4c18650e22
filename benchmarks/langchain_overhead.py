"""What recording costs a LangChain program, beside no handler, a handler that does nothing, and other recorders.

    python benchmarks/langchain_overhead.py

The program is `prompt | model | parser` on a model that answers at once, so the ratios are the worst that they can be.
The variants take turns in blocks within one run; ratios are of medians. OpenInference is measured where it is installed
(`pip install openinference-instrumentation-langchain opentelemetry-sdk`). Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_core.tracers.base import BaseTracer
from trace_langchain import Recorder, expose


class Nothing(BaseCallbackHandler):
    """Does nothing, in LangChain's own thread."""

    run_inline = True


class NothingTraced(BaseTracer):
    """LangChain's own tracer, which stores nothing."""

    run_inline = True

    def _persist_run(self, run: Any) -> None:
        """Nothing."""


class Endless(FakeListChatModel):
    """Calls a tool six times and then answers; tools may be bound to it."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _call(self, messages: Any, *_: Any, **__: Any) -> str:
        raise NotImplementedError

    def _generate(self, messages: Any, *_: Any, **__: Any) -> Any:
        from langchain_core.outputs import ChatGeneration, ChatResult

        rounds = sum(isinstance(message, AIMessage) for message in messages)
        calls = [{"name": "look", "args": {"at": "it"}, "id": f"call_{rounds}"}] if rounds < 6 else []
        return ChatResult(generations=[ChatGeneration(message=AIMessage("" if calls else "done", tool_calls=calls))])


@tool
def look(at: str) -> str:
    """Look at something."""
    return f"it is {at}"


def chain() -> tuple[Any, Any]:
    """`prompt | model | parser`: 8 events."""
    program = ChatPromptTemplate.from_template("Name a {x}") | FakeListChatModel(responses=["oak"]) | StrOutputParser()
    return program, {"x": "tree"}


def agent() -> tuple[Any, Any]:
    """An agent with six rounds of one tool call."""
    return create_agent(Endless(responses=[]), [look], system_prompt="Be brief."), {"messages": [("user", "Look")]}


def measured(make: Callable[[], tuple[Any, Any]], blocks: int, size: int) -> dict[str, Any]:
    """Median microseconds of each variant, and ratios to no handler."""
    program, given = make()
    exposed, _ = make()
    expose(exposed, kinds="all")
    recorder, with_parameters = Recorder(max_runs=10), Recorder(max_runs=10)
    variants: dict[str, tuple[Any, dict[str, Any]]] = {
        "none": (program, {}),
        "handler that does nothing": (program, {"callbacks": [Nothing()]}),
        "ours": (program, {"callbacks": [recorder]}),
        "ours, all exposed": (exposed, {"callbacks": [with_parameters]}),
        "tracer that does nothing": (program, {"callbacks": [NothingTraced()]}),
    }
    peer = openinference()
    if peer is not None:
        variants["OpenInference"] = (program, {"callbacks": [peer]})
    times: dict[str, list[float]] = {name: [] for name in variants}
    for block in range(blocks + 1):
        for name, (runnable, config) in variants.items():
            for _ in range(size):
                start = time.perf_counter()
                runnable.invoke(given, config)
                if block:  # the first one warms up
                    times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(taken) * 1e6 for name, taken in times.items()}
    return {
        "microseconds": {name: round(median, 1) for name, median in medians.items()},
        "ratio": {name: round(median / medians["none"], 3) for name, median in medians.items()},
        "building": building(program, given),
    }


def building(program: Any, given: Any) -> dict[str, float]:
    """What the graph costs when it is first asked for."""
    recorder = Recorder(max_runs=1)
    taken, calls = [], 0
    for _ in range(30):
        program.invoke(given, {"callbacks": [recorder]})
        calls = len(recorder.last.calls)
        start = time.perf_counter()
        _ = recorder.last.graph
        taken.append(time.perf_counter() - start)
    return {"calls": calls, "microseconds_per_call": round(statistics.median(taken) / calls * 1e6, 1)}


def openinference() -> Any:
    """OpenInference's tracer without an exporter, if it is installed."""
    if find_spec("openinference") is None:
        return None
    from openinference.instrumentation import OITracer, TraceConfig
    from openinference.instrumentation.langchain._tracer import OpenInferenceTracer
    from opentelemetry.sdk.trace import TracerProvider

    tracer = OITracer(TracerProvider().get_tracer("benchmark"), config=TraceConfig())
    made = OpenInferenceTracer(tracer, separate_trace_from_runtime_context=False)
    made.run_inline = True
    return made


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # OpenInference meets a deprecated method at each call
    results = {"chain": measured(chain, options.blocks, 50), "agent": measured(agent, options.blocks // 2, 6)}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
