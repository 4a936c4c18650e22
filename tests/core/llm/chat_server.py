"""A chat server on loopback that answers from a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "sk-sentinel-0123456789"
Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def answer(content: Any = "hello", **message: Any) -> dict[str, Any]:
    """The body of a good answer."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, **message}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def send(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A reply with `body` as JSON, or as it is where it is bytes."""

    def reply(handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def fail(status: int, message: str = "no", param: str | None = None, **headers: str) -> Reply:
    """A reply in the form of OpenAI's errors."""
    return send({"error": {"message": message, "param": param, "type": "x", "code": None}}, status, headers)


@dataclass
class Server:
    """What the script still holds (its last reply is repeated), and what was asked."""

    url: str
    replies: list[Reply] = field(default_factory=lambda: [send(answer())])
    requests: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def hold(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        """A reply that does not come before the test is over."""
        self.released.wait(30)
        handler.close_connection = True

    def cut(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        """A reply that ends in the middle."""
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"id": "1", "choi')
        handler.close_connection = True


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that answers until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                state.requests.append(body)
                reply = state.replies.pop(0) if len(state.replies) > 1 else state.replies[0]
            reply(self, body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    lock = threading.Lock()
    native = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    native.daemon_threads = True
    state = Server(f"http://127.0.0.1:{native.server_port}/v1")
    thread = threading.Thread(target=native.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        native.shutdown()
        native.server_close()
        thread.join()
