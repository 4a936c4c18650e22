"""Whatever LLM is configured (the local one, or OpenAI's by `OPENAI_API_KEY`), served over HTTP as OpenAI's API.

The examples ask it with OpenAI's own client, as they would ask any server. Its tool calls are held by a JSON schema, so
that a small model can make them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from openai import OpenAI

from trace_core.llm import ChatModel


@contextmanager
def serving(llm: ChatModel) -> Iterator[OpenAI]:
    """A client of a server on this machine that asks `llm` (anything with `complete(messages, schema)`)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(_completion(llm, asked)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", timeout=600) as client:
            yield client
        server.shutdown()


def _completion(llm: ChatModel, asked: dict[str, Any]) -> dict[str, Any]:
    messages, tools = [_plain(message) for message in asked["messages"]], asked.get("tools")
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if not tools or asked["messages"][-1]["role"] == "tool":  # one call is enough for these examples
        message["content"] = llm.complete(messages).text.strip()
    else:
        functions = [tool["function"] for tool in tools]
        told = "\n".join(f"{f['name']}({', '.join(_fields(f))}): {f['description']}" for f in functions)
        messages.insert(
            0, {"role": "system", "content": f"Call the tool that answers the question. The tools:\n{told}"}
        )
        call = json.loads(llm.complete(messages, {"anyOf": [_call_schema(each) for each in functions]}).text)
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
        message["tool_calls"] = [{"id": f"call_{len(messages)}", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": [choice]}


def _fields(function: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = function["parameters"]["properties"]
    return fields


def _call_schema(function: dict[str, Any]) -> dict[str, Any]:
    given = _fields(function)
    arguments = {"type": "object", "properties": given, "required": list(given), "additionalProperties": False}
    asked = {"name": {"const": function["name"]}, "arguments": arguments}
    return {"type": "object", "properties": asked, "required": list(asked), "additionalProperties": False}


def _plain(message: dict[str, Any]) -> dict[str, str]:
    if message["role"] == "tool":
        return {"role": "user", "content": f"The tool says: {message['content']}"}
    calls = [call["function"]["arguments"] for call in message.get("tool_calls") or ()]
    return {"role": message["role"], "content": message.get("content") or json.dumps(calls)}
