"""What recording a client of OpenAI's API costs, beside the bare client and beside OpenInference.

    python benchmarks/openai_overhead.py

A server in a process of its own answers at once with what it has ready, and only the time of this process's processor
is counted, so the ratios are the worst that they can be. The variants take turns in blocks within one run; each
block's median is compared with the bare client's of the same turn, and a ratio is the median of those. OpenInference
is measured where it is installed
(`pip install openinference-instrumentation-openai opentelemetry-sdk`). Prints JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import logging
import multiprocessing
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import openai
from trace_openai import Recorder, expose, trace_openai

Steps = Callable[[Any], Iterator[Any]]
"""A program for sync and async clients: it yields what it asks, and is sent the answer."""
now = time.process_time
SYSTEM = "Be brief."
ROUNDS = 6
CHUNKS = 50
PLACE = {"type": "object", "properties": {"at": {"type": "string", "description": "Where to look."}}}
LOOK = {"type": "function", "function": {"name": "look", "description": "Look at it.", "parameters": PLACE}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "input_tokens": 9, "output_tokens": 3}
HEAD = {"id": "answer_1", "created": 1, "created_at": 1, "model": "instant"}


# --- what is asked


def chat(client: Any) -> Iterator[Any]:
    """One chat completion."""
    yield client.chat.completions.create(model="instant", messages=_messages("What is it?"))


def tools(client: Any) -> Iterator[Any]:
    """Rounds of one tool call in a loop of the program's own, and an answer."""
    messages = _messages("Look at it.")
    while True:
        answer = yield client.chat.completions.create(model="instant", messages=messages, tools=[LOOK])
        said = answer.choices[0].message
        if not said.tool_calls:
            return
        messages.append(said)
        for call in said.tool_calls:
            seen = f"{json.loads(call.function.arguments)['at']} is there"
            messages.append({"role": "tool", "tool_call_id": call.id, "content": seen})


def stream(client: Any) -> Iterator[Any]:
    """One chat completion in chunks."""
    yield client.chat.completions.create(model="instant", messages=_messages("What is it?"), stream=True)


def response(client: Any) -> Iterator[Any]:
    """One response."""
    yield client.responses.create(model="instant", instructions=SYSTEM, input="What is it?")


def conversation(turns: int) -> Steps:
    """A conversation, each of whose turns sends all that was said again."""

    def steps(client: Any) -> Iterator[Any]:
        messages: list[Any] = [{"role": "system", "content": SYSTEM}]
        for turn in range(turns):
            messages.append({"role": "user", "content": f"What is said in chapter {turn} of the book, in a sentence?"})
            answer = yield client.chat.completions.create(model="instant", messages=messages)
            messages.append({"role": "assistant", "content": answer.choices[0].message.content})

    return steps


def long(client: Any) -> Iterator[Any]:
    """One chat completion after two hundred messages."""
    said = [{"role": ("user", "assistant")[i % 2], "content": f"What was said, number {i}."} for i in range(199)]
    yield client.chat.completions.create(model="instant", messages=[{"role": "system", "content": SYSTEM}, *said])


def _messages(question: str) -> list[Any]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]


# --- what is answered


def _chat_body(message: dict[str, Any], why: str = "stop", number: int = 1) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": why}
    body = {**HEAD, "id": f"answer_{number}", "object": "chat.completion", "choices": [choice], "usage": USAGE}
    return _reply("application/json", json.dumps(body))


def _chunks() -> bytes:
    deltas = [{"role": "assistant", "content": ""}, *[{"content": f"word {i} "} for i in range(CHUNKS - 2)], {}]
    choices = [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"} for delta in deltas]
    told = [{**HEAD, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    return _reply("text/event-stream", "".join(f"data: {json.dumps(each)}\n\n" for each in told) + "data: [DONE]\n\n")


def _response_body() -> bytes:
    text = {"type": "output_text", "text": "It is done.", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    settings = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    body = {**HEAD, **settings, "object": "response", "status": "completed", "output": [item]}
    return _reply("application/json", json.dumps({**body, "usage": {**USAGE, **details}}))


def _asks(number: int) -> bytes:
    call = {"name": "look", "arguments": json.dumps({"at": f"place {number}"})}
    asked = [{"id": f"call_{number}", "type": "function", "function": call}]
    return _chat_body({"tool_calls": asked}, "tool_calls", number)


def _reply(kind: str, body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


class Canned(asyncio.Protocol):
    """Answers each request on a connection that is kept open."""

    DONE, CHUNKS, RESPONSE = _chat_body({"content": "It is done."}), _chunks(), _response_body()
    ASKS = tuple(_asks(number) for number in range(ROUNDS))

    def connection_made(self, transport: Any) -> None:
        self.transport, self.held = transport, b""

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, is_read, body = self.held.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if is_read and length is not None and len(body) >= int(length[1]):
            self.held = b""
            self.transport.write(self.answer(head, body))

    def answer(self, head: bytes, body: bytes) -> bytes:
        if b"/responses " in head:
            return self.RESPONSE
        if b'"stream":true' in body:
            return self.CHUNKS
        done = body.count(b'"tool_call_id"')
        return self.ASKS[done] if b'"tools"' in body and done < ROUNDS else self.DONE


def serve(told: Connection) -> None:
    """Answer on a free port, which is told, until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


# --- how it is measured


class OpenInference:
    """OpenInference's instrumentor without an exporter, for the clients in the block."""

    def __enter__(self) -> None:
        from openinference.instrumentation.openai import OpenAIInstrumentor
        from opentelemetry.sdk.trace import TracerProvider

        OpenAIInstrumentor().instrument(tracer_provider=TracerProvider())

    def __exit__(self, *raised: object) -> None:
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().uninstrument()


async def run(steps: Steps, client: Any) -> None:
    """Run a program with a client, sync or async, and read what is streamed."""
    program, answer = steps(client), None
    with suppress(StopIteration):
        while True:
            answer = program.send(answer)
            answer = await answer if inspect.isawaitable(answer) else answer
            if isinstance(answer, openai.Stream):
                answer = list(answer)
            elif isinstance(answer, openai.AsyncStream):
                answer = [chunk async for chunk in answer]


async def timed(running: Callable[[], Awaitable[None]], times: int) -> float:
    """Median seconds of a run."""
    taken = []
    for _ in range(times):
        start = now()
        await running()
        taken.append(now() - start)
    return statistics.median(taken)


async def closed(*clients: Any) -> None:
    """Close clients, sync or async, before their loop is."""
    for client in clients:
        closing = client.close()
        if closing is not None:
            await closing


async def measured(steps: Steps, make: Callable[[], Any], blocks: int, size: int) -> dict[str, Any]:
    """Median microseconds of each variant, and ratios to the bare client."""
    bare, ours, exposed = make(), make(), make()
    recorder = Recorder(max_runs=10)
    trace_openai(ours, recorder), trace_openai(exposed, recorder)
    expose(exposed, prompts={"system": SYSTEM}, tools=[LOOK], kinds="all")

    async def recorded(client: Any) -> None:
        with recorder.run():
            await run(steps, client)

    variants: dict[str, tuple[Callable[[], Awaitable[None]], Any]] = {
        "none": (lambda: run(steps, bare), nullcontext()),
        "ours": (lambda: recorded(ours), nullcontext()),
        "ours, all exposed": (lambda: recorded(exposed), nullcontext()),
    }
    if find_spec("openinference") is not None:
        variants["OpenInference"] = (lambda: run(steps, bare), OpenInference())
    times: dict[str, list[float]] = {name: [] for name in variants}
    for block in range(blocks + 1):
        for name, (running, switch) in variants.items():
            with switch:
                taken = await timed(running, size)
            if block:  # the first one warms up
                times[name].append(taken)
    ratios = {name: statistics.median(map(float.__truediv__, taken, times["none"])) for name, taken in times.items()}
    graph = await building(steps, ours, recorder, 30)
    await closed(bare, ours, exposed)
    return {
        "microseconds": {name: round(statistics.median(taken) * 1e6, 1) for name, taken in times.items()},
        "ratio": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "building": graph,
    }


async def building(steps: Steps, client: Any, recorder: Recorder, times: int) -> dict[str, float]:
    """What the graph costs when it is first asked for."""
    taken, calls = [], 0
    for _ in range(times):
        with recorder.run() as recorded:
            await run(steps, client)
        calls = len(recorded.calls)
        start = now()
        _ = recorded.graph
        taken.append(now() - start)
    return {"calls": calls, "microseconds_per_call": round(statistics.median(taken) / calls * 1e6, 1)}


async def growing(make: Callable[[], Any]) -> dict[int, Any]:
    """What the graph of a conversation costs, by its turns, each of which sends all that was said again."""
    recorder = Recorder(max_runs=1)
    client = trace_openai(make(), recorder)
    found = {turns: await building(conversation(turns), client, recorder, 1) for turns in (25, 50, 100, 200)}
    await closed(client)
    return found


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    server = spawning.Process(target=serve, args=(there,), daemon=True)
    server.start()
    given: dict[str, Any] = {"base_url": f"http://127.0.0.1:{here.recv()}/v1", "api_key": "none", "max_retries": 0}
    shown = {"chat": chat, "six tool rounds": tools, "stream of 50 chunks": stream, "response": response}
    shown["chat after 200 messages"] = long
    results: dict[str, Any] = {"openai": openai.__version__}
    for kind in (openai.OpenAI, openai.AsyncOpenAI):
        for name, steps in shown.items():
            results[f"{name}, {kind.__name__}"] = asyncio.run(
                measured(steps, partial(kind, **given), options.blocks, 10)
            )
    results["conversation by its turns, OpenAI"] = asyncio.run(growing(partial(openai.OpenAI, **given)))
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
