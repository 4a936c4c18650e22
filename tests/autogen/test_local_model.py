"""The local model through autogen-ext's OpenAI client, as with any server that speaks the OpenAI dialect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient
from trace_autogen import TracedAgent, expose
from trace_local import LocalChat
from trace_local.server import shared_server

from tests.autogen.drawing import drawn

INFO = ModelInfo(vision=False, function_calling=True, json_output=True, family="unknown", structured_output=True)
pytestmark = pytest.mark.llm


class Server(ThreadingHTTPServer):
    """llama.cpp's answers to chat requests, on the loopback interface; keeps the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        chat = LocalChat()
        self.llama = shared_server(chat.path, chat._settings)
        self.requests: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)
        answer = json.dumps(self.answered(request)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def answered(self, request: dict[str, Any]) -> dict[str, Any]:
        """llama.cpp's answer; a call of the tool is held by a schema, since so small a model writes it as text."""
        if not (tools := request.get("tools")):
            return self.server.llama.chat(request) | {"model": request["model"]}
        arguments = tools[0]["function"]["parameters"]
        name = {"const": tools[0]["function"]["name"]}
        call = {
            "type": "object",
            "properties": {"name": name, "arguments": arguments},
            "required": ["name", "arguments"],
        }
        held = {"type": "json_schema", "json_schema": {"name": "call", "schema": call}}
        answer = self.server.llama.chat(request | {"response_format": held}) | {"model": request["model"]}
        said = json.loads(answer["choices"][0]["message"]["content"])
        function = {"name": said["name"], "arguments": json.dumps(said["arguments"])}
        calls = [{"id": "call_1", "type": "function", "function": function}]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        answer["choices"] = [{"index": 0, "finish_reason": "tool_calls", "message": message}]
        return answer

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
async def client(server: Server) -> Any:
    url = f"http://127.0.0.1:{server.server_port}/v1"
    made = OpenAIChatCompletionClient(
        model="local", base_url=url, api_key="none", model_info=INFO, temperature=0, max_tokens=40
    )
    yield made
    await made.close()


def capital(country: str) -> str:
    """Tells the capital of a country."""
    return f"{country}: Paris"


async def test_the_model_is_sent_the_prompt_that_was_learned(client: Any, server: Server) -> None:
    agent = TracedAgent(AssistantAgent("a", client, system_message="Answer in one word."))
    prompt = expose(agent)["a.system_prompt"]
    await agent.run(task="What is the capital of France?")
    run = agent.recorder.last
    assert "Paris" in run.output.data
    assert drawn(run, parameters=True)["edges"] == {"I>llm", "a.system_prompt>llm"}
    prompt.set("Whatever you are asked, answer with the word no.")
    await agent.run(task="What is the capital of Spain?")
    assert server.requests[-1]["messages"][0]["content"] == prompt.data


async def test_a_tool_that_the_model_calls_is_in_the_graph(client: Any, server: Server) -> None:
    agent = TracedAgent(AssistantAgent("a", client, tools=[capital], system_message=None, reflect_on_tool_use=False))
    description = expose(agent, kinds="tool_description")["a.capital.description"]
    description.set("Tells which city is the capital of a country.")
    await agent.run(task="What is the capital of France?")
    run = agent.recorder.last
    assert "Paris" in run.output.data
    assert drawn(run, parameters=True)["edges"] == {
        "I>llm",
        "a.capital.description>llm",
        "llm>capital",
        "capital>summary",
    }
    assert server.requests[-1]["tools"][0]["function"]["description"] == description.data
