"""What recording costs a LlamaIndex query engine and an agent, beside no handler and beside OpenInference.

    python benchmarks/llamaindex_overhead.py

The models answer at once, so the ratios are the worst that they can be. The variants take turns in blocks within one
run; ratios are of medians. OpenInference is measured where it is installed
(`pip install openinference-instrumentation-llama-index opentelemetry-sdk`); each variant listens to LlamaIndex's
dispatcher in its own blocks alone. Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata, ToolCallBlock
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from trace_llamaindex import Recorder, expose

Program = Callable[[], Awaitable[Any]]


class Instant(FunctionCallingLLM):
    """Calls a tool so many times, and then answers."""

    rounds: int = 0

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name="instant")

    def _answer(self, messages: Sequence[ChatMessage]) -> ChatResponse:
        done = sum(message.role.value == "tool" for message in messages)
        if done >= self.rounds:
            return ChatResponse(message=ChatMessage(role="assistant", content="It is done."))
        call = ToolCallBlock(tool_call_id=f"call_{done}", tool_name="look", tool_kwargs={"at": "it"})
        return ChatResponse(message=ChatMessage(role="assistant", blocks=[call]))

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(messages)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(messages)

    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def astream_chat(self, messages: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    complete = acomplete = stream_complete = astream_complete = stream_chat

    def _prepare_chat_with_tools(self, tools: Any, chat_history: Any = None, **kwargs: Any) -> dict[str, Any]:
        return {"messages": list(chat_history or ()), "tools": [tool.metadata.to_openai_tool() for tool in tools]}

    def get_tool_calls_from_response(self, response: ChatResponse, **kwargs: Any) -> list[ToolSelection]:
        asked = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        return [
            ToolSelection(tool_id=each.tool_call_id or "", tool_name=each.tool_name, tool_kwargs=dict(each.tool_kwargs))
            for each in asked
        ]


class Shelf(BaseRetriever):
    """Finds the same three pages whatever is asked."""

    def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(text=f"Page {number} of what is known."), score=0.5) for number in range(3)]


async def look(at: str) -> str:
    """Look at something."""
    return f"it is {at}"


def engine() -> tuple[Any, Program]:
    """A retrieval, and one request."""
    made = RetrieverQueryEngine.from_args(Shelf(), llm=Instant())
    return made, lambda: made.aquery("What is it?")


def agent(rounds: int) -> tuple[Any, Program]:
    """Rounds of one tool call, and an answer."""
    made = FunctionAgent(tools=[look], llm=Instant(rounds=rounds), system_prompt="Be brief.", streaming=False)

    async def program() -> Any:
        return await made.run(user_msg="Look at it.")

    return made, program


class OpenInference:
    """OpenInference's instrumentor without an exporter, switched like a recorder."""

    def __init__(self) -> None:
        from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

        self._instrumentor = LlamaIndexInstrumentor()

    def instrument(self) -> None:
        from opentelemetry.sdk.trace import TracerProvider

        self._instrumentor.instrument(tracer_provider=TracerProvider())

    def uninstrument(self) -> None:
        self._instrumentor.uninstrument()


async def once(program: Program) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    await program()
    taken = time.perf_counter() - start
    await asyncio.sleep(0)
    return taken


async def measured(make: Callable[[], tuple[Any, Program]], blocks: int, size: int) -> dict[str, Any]:
    """Median microseconds of each variant, and ratios to no handler."""
    _, plain = make()
    target, exposed = make()
    expose(target, kinds="all")
    variants: dict[str, tuple[Program, Any]] = {
        "none": (plain, None),
        "ours": (plain, Recorder(max_runs=10)),
        "ours, all exposed": (exposed, Recorder(max_runs=10)),
    }
    if find_spec("openinference") is not None:
        variants["OpenInference"] = (plain, OpenInference())
    times: dict[str, list[float]] = {name: [] for name in variants}
    for block in range(blocks + 1):
        for name, (program, switch) in variants.items():
            if switch is not None:
                switch.instrument()
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
        "building": await building(plain),
    }


async def building(program: Program) -> dict[str, float]:
    """What the graph costs when it is first asked for."""
    recorder = Recorder(max_runs=1)
    taken, calls = [], 0
    for _ in range(30):
        with recorder.run() as run:
            await program()
        calls = len(run.calls)
        start = time.perf_counter()
        _ = run.graph
        taken.append(time.perf_counter() - start)
    return {"calls": calls, "microseconds_per_call": round(statistics.median(taken) / calls * 1e6, 1)}


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    shown = {"query engine": engine, "agent": lambda: agent(0), "agent with a tool": lambda: agent(6)}
    results = {name: asyncio.run(measured(make, options.blocks, 20)) for name, make in shown.items()}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
