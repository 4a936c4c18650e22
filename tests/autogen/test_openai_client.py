"""The same agent over a real client of autogen-ext, which asks a server on the loopback interface."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import InMemoryStore
from autogen_core.models import ModelInfo
from autogen_ext.models.cache import ChatCompletionCache
from autogen_ext.models.openai import OpenAIChatCompletionClient
from trace_autogen import Recorder, expose, trace

from tests.autogen.drawing import drawn
from tests.autogen.programs import add

INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)


class Server(BaseHTTPRequestHandler):
    """Calls the tool, and then answers; connections are kept, and belong to an event loop."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if any(message["role"] == "tool" for message in asked["messages"]):
            message: dict[str, Any] = {"role": "assistant", "content": "It is 3."}
        else:
            function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
            calls = [{"id": "call_1", "type": "function", "function": function}]
            message = {"role": "assistant", "content": None, "tool_calls": calls}
        self._stream(message) if asked.get("stream") else self._whole(message)

    def _whole(self, message: dict[str, Any]) -> None:
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        reason = "tool_calls" if "tool_calls" in message else "stop"
        choice = {"index": 0, "finish_reason": reason, "message": message}
        self._send("application/json", json.dumps(_answer("chat.completion", choice, usage)))

    def _stream(self, message: dict[str, Any]) -> None:
        reason = "tool_calls" if "tool_calls" in message else "stop"
        for index, call in enumerate(message.get("tool_calls", ())):
            call["index"] = index
        chunks = [
            {"index": 0, "delta": message, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": reason},
        ]
        lines = [json.dumps(_answer("chat.completion.chunk", choice, None)) for choice in chunks]
        self._send("text/event-stream", "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def _answer(kind: str, choice: dict[str, Any], usage: dict[str, int] | None) -> dict[str, Any]:
    made = {"id": "x", "object": kind, "created": 1, "model": "m", "choices": [choice]}
    return made if usage is None else {**made, "usage": usage}


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("streams", [False, True])
async def test_the_graph_is_the_same(address: str, streams: bool) -> None:
    client = OpenAIChatCompletionClient(model="m", base_url=address, api_key="x", model_info=INFO)
    agent = AssistantAgent("a", client, tools=[add], reflect_on_tool_use=True, model_client_stream=streams)
    recorder = trace(agent)
    result = await agent.run(task="1 + 2?")
    assert drawn(recorder.last)["edges"] == {"I>llm1", "llm1>add", "I>llm2", "llm1>llm2", "add>llm2"}
    assert recorder.output(result).data == "It is 3."
    if not streams:
        assert recorder.output(result).info["usage"] == {"prompt": 7, "completion": 3}
    await client.close()


@pytest.mark.parametrize("cached", [False, True])
async def test_a_program_that_does_not_await_has_connections_of_its_own(address: str, cached: bool) -> None:
    client: Any = OpenAIChatCompletionClient(model="m", base_url=address, api_key="x", model_info=INFO)
    asked = ChatCompletionCache(client, InMemoryStore()) if cached else client
    agent = AssistantAgent("a", asked, tools=[add], reflect_on_tool_use=True)
    learned = expose(agent, kinds="system_prompt")
    recorder = Recorder()
    program = recorder.program(agent)
    await agent.run(task="1 + 2?")
    for question in "xy":
        assert (await asyncio.to_thread(program, question)).data == "It is 3."
        assert recorder.last.graph.parameters == tuple(learned.values())
    assert (await agent.run(task="1 + 2?")).messages[-1].to_text() == "It is 3."
    await client.close()


def test_the_copy_of_a_client_follows_its_parameters(address: str) -> None:
    client = OpenAIChatCompletionClient(model="m", base_url=address, api_key="x", model_info=INFO, temperature=0.5)
    agent = AssistantAgent("a", client)
    recorder = Recorder()
    program = recorder.program(agent)
    program("before anything is exposed")
    learned = expose(agent, kinds="setting", include="*temperature")
    program("x")
    assert recorder.last.graph.parameters == tuple(learned.values())
