"""What a test has the API answer, in the test's words. How it is sent is in `chat_wire` and `responses_wire`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One of an answer's choices; `calls` are (name, arguments) pairs, arguments as the JSON text that is sent."""

    text: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None
    finish: str = "stop"


@dataclass(frozen=True)
class Answer:
    """What a model says; `ids` are the tool calls', numbered by the server where a test does not name them."""

    choices: tuple[Choice, ...]
    reasoning: str | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vectors:
    """The answer to a call for embeddings."""

    vectors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Failure:
    """An answer with an HTTP status that is an error."""

    status: int
    message: str
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cut:
    """The connection ends in the middle of the answer."""

    answer: Answer | Vectors


@dataclass(frozen=True)
class Garbage:
    """`text` in the place of the JSON; in a stream, of the second half of its events."""

    text: str
    answer: Answer | Vectors


@dataclass(frozen=True)
class Break:
    """The API gives up in the middle of the answer, and says so."""

    message: str
    answer: Answer


@dataclass(frozen=True)
class Hang:
    """The request is taken, and nothing comes until the server closes; of a stream, the first half comes."""

    answer: Answer | Vectors


Reply = Answer | Vectors | Failure | Cut | Garbage | Break | Hang


def says(*texts: str, finish: str = "stop", reasoning: str | None = None) -> Answer:
    """One choice for each text; `finish` may be "length" or "content_filter". Only Responses show `reasoning`."""
    return Answer(tuple(Choice(text=text, finish=finish) for text in texts), reasoning)


def gives(value: Any, **more: Any) -> Answer:
    """A value as JSON text."""
    return says(json.dumps(value), **more)


def asks(
    *calls: tuple[str, Mapping[str, Any] | str],
    text: str | None = None,
    reasoning: str | None = None,
    ids: Sequence[str] = (),
) -> Answer:
    """Tool calls: `asks(("weather", {"city": "Paris"}))`. Arguments that are a text are sent as they are."""
    written = tuple((name, args if isinstance(args, str) else json.dumps(args)) for name, args in calls)
    return Answer((Choice(text=text, calls=written, finish="tool_calls"),), reasoning, tuple(ids))


def refuses(text: str) -> Answer:
    """A refusal, which stands in a field of its own."""
    return Answer((Choice(refusal=text),))


def choices(*answers: Answer) -> Answer:
    """Several answers as the choices of one (`n=2`), of which some may call tools."""
    return Answer(
        tuple(choice for answer in answers for choice in answer.choices),
        ids=tuple(call_id for answer in answers for call_id in answer.ids),
    )


def embeds(*vectors: Sequence[float]) -> Vectors:
    """A vector for each text."""
    return Vectors(tuple(tuple(vector) for vector in vectors))


def fails(
    status: int,
    message: str = "The server had an error.",
    *,
    code: str | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Failure:
    """An error status. The SDK tries again after `retry_after` seconds; without, after half a second."""
    sent = dict(headers or {})
    if retry_after is not None:
        # The SDK takes 0 for "nothing was said", and waits half a second.
        sent["retry-after-ms"] = str(max(1, round(1000 * retry_after)))
    return Failure(status, message, code, tuple(sent.items()))


LONG = says("one two three four five six")


def cut(answer: Answer | Vectors = LONG) -> Cut:
    """The connection is closed in the middle of this answer."""
    return Cut(answer)


def garbage(text: str = '{"id": "x", "choi', answer: Answer | Vectors = LONG) -> Garbage:
    """This text where JSON should be: all of a body, or an event in the middle of a stream."""
    return Garbage(text, answer)


def breaks(message: str = "The server had an error while answering.", answer: Answer = LONG) -> Break:
    """An error event in the middle of a stream; `failed` as a body of the Responses API, status 500 elsewhere."""
    return Break(message, answer)


def hangs(answer: Answer | Vectors = LONG) -> Hang:
    """No answer, or of a stream the first half, and then nothing until the client gives up or the server closes."""
    return Hang(answer)
