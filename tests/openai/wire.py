"""Which bytes a reply is: by the path that was asked, whole or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.openai.answers import Answer, Break, Cut, Failure, Garbage, Hang, Reply, Vectors
from tests.openai.chat_wire import (
    JSON,
    chat_body,
    chat_chunks,
    completion_body,
    completion_chunks,
    embeddings_body,
)
from tests.openai.responses_wire import failed_body, response_body, response_events

# The body of each; in the order in which a path is compared with them.
BODIES: dict[str, Callable[[Any, JSON, int], JSON]] = {
    "/chat/completions": chat_body,
    "/completions": completion_body,
    "/responses": response_body,
    "/embeddings": embeddings_body,
}


def endpoint(path: str) -> str | None:
    """Which of the four the path is, at OpenAI's address or at Azure's."""
    return next((name for name in BODIES if path.partition("?")[0].endswith(name)), None)


def error_body(failure: Failure) -> JSON:
    kind = "invalid_request_error" if failure.status < 500 else "server_error"
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": failure.code}}


def answer_in(reply: Reply) -> Answer | Vectors | None:
    """The answer that a reply is, or breaks off."""
    return reply if isinstance(reply, Answer | Vectors) else getattr(reply, "answer", None)


def as_failure(place: str, reply: Reply, *, streamed: bool) -> Failure | None:
    """The failure that a reply is at this place, where it is one."""
    if isinstance(reply, Failure):
        return reply
    if isinstance(answer_in(reply), Vectors) != (place == "/embeddings"):
        return Failure(400, f"The test's script has an answer here that {place} does not give.")
    if isinstance(reply, Break) and not streamed and place != "/responses":
        return Failure(500, reply.message)
    return None


def whole(place: str, reply: Reply, asked: JSON, number: int) -> bytes:
    """A reply as one body."""
    if isinstance(reply, Garbage):
        return reply.text.encode()
    if isinstance(reply, Break):
        return json.dumps(failed_body(reply.message, asked, number)).encode()
    return json.dumps(BODIES[place](answer_in(reply), asked, number)).encode()


def frames(place: str, reply: Reply, asked: JSON, number: int) -> list[bytes]:
    """A reply as the events of a stream; what breaks off does so after half of them."""
    answer: Any = answer_in(reply)
    if place == "/responses":
        found = [event(told) for told in numbered(response_events(answer, asked, number))]
    else:
        chunks = chat_chunks if place == "/chat/completions" else completion_chunks
        found = [data(json.dumps(chunk)) for chunk in chunks(answer, asked, number)] + [data("[DONE]")]
    half = len(found) // 2
    match reply:
        case Hang():
            return found[:half]
        case Cut():
            return [*found[:half], found[half][: len(found[half]) // 2]]
        case Garbage(text=text):
            return [*found[:half], data(text)]
        case Break(message=message) if place == "/responses":
            return [*found[:half], event(failed(message, asked, number, half))]
        case Break(message=message):
            return [*found[:half], data(json.dumps(error_body(Failure(500, message))))]
    return found


def failed(message: str, asked: JSON, number: int, place: int) -> JSON:
    return {"type": "response.failed", "response": failed_body(message, asked, number), "sequence_number": place}


def numbered(events: Iterator[JSON]) -> Iterator[JSON]:
    return ({**told, "sequence_number": place} for place, told in enumerate(events))


def data(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


def event(told: JSON) -> bytes:
    return f"event: {told['type']}\n".encode() + data(json.dumps(told))
