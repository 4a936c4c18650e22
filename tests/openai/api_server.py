"""A server on the loopback interface that answers as the OpenAI API does, from a test's script.

    with ApiServer(asks(("weather", {"city": "Paris"})), says("It rains.")) as server:
        client = server.client()                            # or OpenAI(base_url=server.url, …)
        …
        server.requests[1].body["messages"]

The script is the answers in order, or one function of the request's JSON for programs whose calls run at once.
An answer is sent as one body, or as server-sent events when the request says `"stream": true`
(shapes: https://platform.openai.com/docs/api-reference).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self, TypeVar

from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from tests.openai.answers import (
    Cut,
    Hang,
    Reply,
    asks,
    breaks,
    choices,
    cut,
    embeds,
    fails,
    garbage,
    gives,
    hangs,
    refuses,
    says,
)
from tests.openai.wire import as_failure, endpoint, error_body, frames, whole

__all__ = [
    "KEY",
    "ApiServer",
    "Request",
    "asks",
    "breaks",
    "choices",
    "cut",
    "embeds",
    "fails",
    "garbage",
    "gives",
    "hangs",
    "refuses",
    "says",
]

KEY = "sk-test-key"

C = TypeVar("C", bound=OpenAI)
Script = Callable[[dict[str, Any]], Reply]


@dataclass(frozen=True)
class Request:
    """One request as it came; the headers' names are in small letters."""

    path: str
    headers: Mapping[str, str]
    content: bytes
    connection: int = 0
    """Which of the server's connections it came by."""

    @property
    def body(self) -> Any:
        return json.loads(self.content or b"null")


def usual(http_client: Callable[..., Any], settings: dict[str, Any]) -> dict[str, Any]:
    """A client's settings, where a test says no other: one that does not try again, and is quickly made."""
    given = {"api_key": KEY, "max_retries": 0, **settings}
    return given if "http_client" in given else {**given, "http_client": http_client(verify=False)}


def in_order(replies: tuple[Any, ...]) -> Script:
    """A script that gives its answers one after the other."""
    left = iter(replies)
    return lambda body: next(left, fails(400, "The test's script has no further answer."))


class ApiServer:
    """Answers until its `with` block ends, and keeps every request."""

    def __init__(self, *script: Reply | Script) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._answer: Script = script[0] if len(script) == 1 and callable(script[0]) else in_order(script)
        self._numbers = count(1)
        self._clients: list[OpenAI] = []
        self._http = Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        """The `base_url` of a client."""
        return f"{self.origin}/v1"

    def take(self, request: Request) -> tuple[int, Reply]:
        """Keeps a request, and gives its number and the answer to it."""
        self.requests.append(request)
        number = next(self._numbers)
        if endpoint(request.path) is None:
            return number, fails(404, f"Unknown request URL: POST {request.path}.")
        try:
            return number, self._answer(request.body)
        except Exception as error:
            return number, fails(400, f"The test's script failed: {error!r}")

    def client(self, kind: type[OpenAI] = OpenAI, **settings: Any) -> OpenAI:
        """A client of this server, which is closed with it; those that are async are for their loop to close."""
        return self._kept(kind(**{"base_url": self.url, **usual(DefaultHttpxClient, settings)}))

    def async_client(self, kind: type[AsyncOpenAI] = AsyncOpenAI, **settings: Any) -> AsyncOpenAI:
        return kind(**{"base_url": self.url, **usual(DefaultAsyncHttpxClient, settings)})

    def azure(self, **settings: Any) -> AzureOpenAI:
        return self._kept(AzureOpenAI(**self._at_azure, **usual(DefaultHttpxClient, settings)))

    def async_azure(self, **settings: Any) -> AsyncAzureOpenAI:
        return AsyncAzureOpenAI(**self._at_azure, **usual(DefaultAsyncHttpxClient, settings))

    def _kept(self, client: C) -> C:
        self._clients.append(client)
        return client

    @property
    def _at_azure(self) -> dict[str, Any]:
        return {"azure_endpoint": self.origin, "api_version": "2024-10-21"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.closing.set()
        for client in self._clients:
            client.close()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()


class Http(ThreadingHTTPServer):
    """One thread for each connection, as a client keeps its connections; all are ended and joined at the close."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, api: ApiServer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = api
        self.connections: set[socket.socket] = set()
        self.numbers = count(1)

    def hang_up(self) -> None:
        for connection in list(self.connections):
            end(connection)


def end(connection: socket.socket) -> None:
    """Ends a connection now, also for a thread that reads from it."""
    with suppress(OSError):  # the client may have done so first
        connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Http
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)
        self.number = next(self.server.numbers)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        with suppress(OSError):  # a client may close its stream early
            super().handle()

    def do_GET(self) -> None:
        """The list of models, which is no call of a model."""
        self.server.api.requests.append(self._request(b""))
        self._send(200, b'{"object": "list", "data": []}')

    def do_POST(self) -> None:
        request = self._request(self.rfile.read(int(self.headers["Content-Length"])))
        number, reply = self.server.api.take(request)
        self.request_id = f"req_{number}"
        place, asked = endpoint(request.path) or "", request.body
        streamed = bool(asked.get("stream"))
        failure = as_failure(place, reply, streamed=streamed)
        if failure is not None:
            self._send(failure.status, json.dumps(error_body(failure)).encode(), dict(failure.headers))
        elif streamed:
            self._stream(frames(place, reply, asked, number), whole=not isinstance(reply, Cut | Hang))
        elif not isinstance(reply, Hang):
            self._send(200, whole(place, reply, asked, number), whole=not isinstance(reply, Cut))
        if isinstance(reply, Hang):
            self.server.api.closing.wait()
        if isinstance(reply, Cut | Hang):
            self.close_connection = True
            end(self.connection)

    def _request(self, content: bytes) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.path, headers, content, self.number)

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        # Without `Date` and `Server`: the same script gives the same bytes.
        self.send_response_only(status)
        usual = {"x-request-id": getattr(self, "request_id", "req_0"), "openai-version": "2020-10-01"}
        for name, value in {**usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, whole: bool = True) -> None:
        self._begin(status, {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body if whole else body[: len(body) // 2])

    def _stream(self, frames: list[bytes], *, whole: bool) -> None:
        self._begin(200, {"Content-Type": "text/event-stream; charset=utf-8", "Transfer-Encoding": "chunked"})
        for frame in [*frames, b""] if whole else frames:
            self.wfile.write(f"{len(frame):x}\r\n".encode() + frame + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""
