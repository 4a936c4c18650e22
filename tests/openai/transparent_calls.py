"""Each way to make a call (created, parsed, streamed, raw, …) with each kind of answer, as cases."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from openai import AsyncStream, Stream, pydantic_function_tool
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion
from openai.types.chat import ChatCompletionChunk as Chunk
from openai.types.responses import Response
from pydantic import BaseModel

from tests.openai.api_server import asks, breaks, choices, cut, embeds, fails, garbage, gives, refuses, says
from tests.openai.seeing import Case, See, each, entered, got

MODEL = "gpt-4o-mini"
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How is the weather — in “Köln”?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "strict": True, "parameters": {**PARAMETERS, "additionalProperties": False}}
CHAT = {"model": MODEL, "messages": MESSAGES}
CHAT_TOOLS = {**CHAT, "tools": [{"type": "function", "function": FUNCTION}]}
RESPONSE = {"model": MODEL, "input": "How is the weather?", "instructions": "Be brief."}
RESPONSE_TOOLS = {**RESPONSE, "tools": [{"type": "function", **FUNCTION}]}


class Weather(BaseModel):
    """What is asked for where an answer is parsed."""

    city: str
    degrees: int


@dataclass(frozen=True)
class Call:
    """One call: of which method, with what, and what the API answers."""

    method: str
    asked: dict[str, Any]
    answer: Any


PARIS = {"city": "Paris", "degrees": 12}
WHERE = ("weather", {"city": "Paris"})
CREATE, PARSE = "chat.completions.create", "chat.completions.parse"
RESPOND, RESPOND_PARSED = "responses.create", "responses.parse"

CALLS = {
    "chat": Call(CREATE, {**CHAT, "temperature": 0.5, "seed": 7, "user": "u1"}, says("It rains — in Köln.")),
    "chat tools": Call(CREATE, CHAT_TOOLS, asks(WHERE, ("weather", '{"city": '), text="I look it up.")),
    "chat refusal": Call(CREATE, CHAT, refuses("I can not say.")),
    "chat choices": Call(CREATE, {**CHAT, "n": 3}, choices(says("It rains."), asks(WHERE), refuses("No."))),
    "chat cut short": Call(CREATE, CHAT, says("It", finish="length")),
    "chat empty": Call(CREATE, CHAT, says("")),
    "parse": Call(PARSE, {**CHAT, "response_format": Weather}, gives(PARIS)),
    "parse tools": Call(PARSE, CHAT_TOOLS, asks(WHERE, WHERE)),
    "parse a model's tool": Call(PARSE, {**CHAT, "tools": [pydantic_function_tool(Weather)]}, asks(("Weather", PARIS))),
    "parse refusal": Call(PARSE, {**CHAT, "response_format": Weather}, refuses("No.")),
    "parse other": Call(PARSE, {**CHAT, "response_format": Weather}, gives({"city": "Paris"})),
    "parse length": Call(PARSE, {**CHAT, "response_format": Weather}, says('{"ci', finish="length")),
    "parse filtered": Call(PARSE, {**CHAT, "response_format": Weather}, says('{"ci', finish="content_filter")),
    "responses": Call(
        RESPOND, {**RESPONSE, "previous_response_id": "resp_0", "metadata": {"a": "b"}}, says("It rains.")
    ),
    "responses tools": Call(RESPOND, RESPONSE_TOOLS, asks(WHERE, WHERE, reasoning="I look it up.")),
    "responses refusal": Call(RESPOND, RESPONSE, refuses("I can not say.")),
    "responses cut short": Call(RESPOND, RESPONSE, says("It", finish="length")),
    "responses failed": Call(RESPOND, RESPONSE, breaks("No more.")),
    "responses parse": Call(RESPOND_PARSED, {**RESPONSE, "text_format": Weather}, gives(PARIS)),
    "responses parse other": Call(RESPOND_PARSED, {**RESPONSE, "text_format": Weather}, says("It rains.")),
    "responses parse tools": Call(RESPOND_PARSED, RESPONSE_TOOLS, asks(WHERE)),
    "completions": Call("completions.create", {"model": MODEL, "prompt": "It"}, says(" rains", " snows")),
    "embeddings": Call("embeddings.create", {"model": MODEL, "input": ["a", "b"]}, embeds([0.5, 0.25], [1.0, 2.0])),
    "embeddings as numbers": Call(
        "embeddings.create", {"model": MODEL, "input": "a", "encoding_format": "float"}, embeds([0.1, 0.2])
    ),
}

# What goes wrong, of each call below.
TROUBLES = {
    **{f"status {status}": fails(status, "Not so.", code="a_code") for status in (400, 401, 404, 429, 500)},
    "no JSON in an error": fails(502, "<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
    "cut": cut(),
    "broken off": breaks("No more."),
    "malformed": garbage(),
    "nothing": garbage(""),
    "null": garbage("null"),
    "a list": garbage("[1, 2]"),
    "a text": garbage('"hello"'),
    "no choices": garbage('{"id": "x", "choices": null, "output": null}'),
    "odd choices": garbage('{"choices": [{"message": null, "delta": 3}], "output": [{"type": "message"}, 7]}'),
    "an unknown event": garbage('{"type": "response.invented", "choices": [], "x": 1}'),
}
TROUBLED = {CREATE: CHAT, RESPOND: RESPONSE, PARSE: {**CHAT, "response_format": Weather}}

Way = Callable[[Any, See, Call], Coroutine[Any, Any, None]]


def method(client: Any, call: Call, wrapped: str = "") -> Any:
    """The bound method of a call; `wrapped` stands before its name."""
    resource, _, verb = call.method.rpartition(".")
    return attrgetter(f"{resource}.{wrapped}{verb}")(client)


async def plain(client: Any, see: See, call: Call) -> None:
    see(await got(method(client, call)(**call.asked)))


async def streamed(client: Any, see: See, call: Call) -> None:
    stream = await got(method(client, call)(**call.asked, stream=True))
    see(stream, stream.response.headers.multi_items())
    async for item in each(stream):
        see(item)
    see([item async for item in each(stream)], stream.response.is_closed)


async def streamed_in_a_block(client: Any, see: See, call: Call) -> None:
    usage = {} if call.method == RESPOND else {"stream_options": {"include_usage": True}}
    async with entered(await got(method(client, call)(**call.asked, **usage, stream=True))) as stream:
        async for item in each(stream):
            see(item)
    see(stream.response.is_closed)


async def helped(client: Any, see: See, call: Call) -> None:
    """`.stream()`, which gathers the answer."""
    manager = attrgetter(call.method.rpartition(".")[0])(client).stream(**call.asked)
    see(manager)
    async with entered(manager) as stream:
        see(stream)
        async for event in each(stream):
            see(event)
        final = stream.get_final_response if "responses" in call.method else stream.get_final_completion
        await see.call(final)
        await see.call(stream.until_done)


async def raw(client: Any, see: See, call: Call) -> None:
    response = await got(method(client, call, "with_raw_response.")(**call.asked))
    see(type(response), repr(response), response.headers.multi_items(), response.status_code, response.http_version)
    see(response.request_id, response.retries_taken, str(response.url), response.method, type(response.elapsed))
    see(response.text, response.content, response.is_closed, response.http_request.content)
    see(parsed := await got(response.parse()))
    see(await got(response.parse()) is parsed)
    if call.method == CREATE:
        see(await got(response.parse(to=dict)))


async def raw_stream(client: Any, see: See, call: Call) -> None:
    response = await got(method(client, call, "with_raw_response.")(**call.asked, stream=True))
    see(type(response), response.headers.multi_items(), response.is_closed)
    async for item in each(await got(response.parse())):
        see(item)
    see(response.is_closed)


async def lines(client: Any, see: See, call: Call) -> None:
    more = {} if call.method.startswith(("embeddings", "responses.parse", PARSE)) else {"stream": True}
    async with entered(method(client, call, "with_streaming_response.")(**call.asked, **more)) as response:
        see(type(response), response.headers.multi_items(), response.status_code, response.is_closed)
        async for line in each(response.iter_lines()):
            see(line)
    see(response.is_closed)


async def read(client: Any, see: See, call: Call) -> None:
    async with entered(method(client, call, "with_streaming_response.")(**call.asked)) as response:
        see(await got(response.read()), await got(response.text()), await got(response.json()))
        see(await got(response.parse()))


async def parsed_late(client: Any, see: See, call: Call) -> None:
    async with entered(method(client, call, "with_streaming_response.")(**call.asked)) as response:
        see(response.is_closed, await got(response.parse()))
    see(response.is_closed)


async def unread(client: Any, see: See, call: Call) -> None:
    async with entered(method(client, call, "with_streaming_response.")(**call.asked)) as response:
        see(response.is_closed)
    see(response.is_closed)
    await see.call(response.read)


async def of_a_copy(client: Any, see: See, call: Call) -> None:
    other = client.with_options(timeout=7, max_retries=1).copy(default_headers={"x-mine": "1"})
    see(type(other).__name__, other.timeout, other.max_retries, await got(method(other, call)(**call.asked)))


async def beta(client: Any, see: See, call: Call) -> None:
    see(await got(method(client.beta, call)(**call.asked)))


ENDPOINTS = {
    CREATE: ("/chat/completions", ChatCompletion),
    RESPOND: ("/responses", Response),
    "completions.create": ("/completions", Completion),
    "embeddings.create": ("/embeddings", CreateEmbeddingResponse),
}


async def posted(client: Any, see: See, call: Call) -> None:
    path, kind = ENDPOINTS[call.method]
    see(await got(client.post(path, cast_to=kind, body=dict(call.asked), options={"timeout": 6})))
    see(await got(client.post(path, cast_to=object, body=dict(call.asked))))


async def posted_as_a_stream(client: Any, see: See, call: Call) -> None:
    kind = AsyncStream if hasattr(client, "__aenter__") else Stream
    body = {**call.asked, "stream": True}
    stream = await got(client.post("/chat/completions", cast_to=Chunk, body=body, stream=True, stream_cls=kind[Chunk]))
    see(stream, [item async for item in each(stream)])


WAYS: dict[str, tuple[Way, Callable[[str], bool]]] = {
    "plain": (plain, lambda method: True),
    "streamed": (streamed, lambda method: method in (CREATE, RESPOND, "completions.create")),
    "streamed in a block": (streamed_in_a_block, lambda method: method in (CREATE, RESPOND, "completions.create")),
    "helped": (helped, lambda method: method.startswith(("chat", "responses"))),
    "raw": (raw, lambda method: True),
    "raw stream": (raw_stream, lambda method: method in (CREATE, RESPOND, "completions.create")),
    "lines": (lines, lambda method: "parse" not in method),
    "read": (read, lambda method: "parse" not in method),
    "parsed late": (parsed_late, lambda method: "parse" not in method),
    "unread": (unread, lambda method: "parse" not in method),
    "of a copy": (of_a_copy, lambda method: True),
    "beta": (beta, lambda method: method.startswith("chat")),
    "posted as a stream": (posted_as_a_stream, lambda method: method == CREATE),
    "posted": (posted, lambda method: method in ENDPOINTS),
}
TROUBLED_WAYS = {
    CREATE: ("plain", "streamed", "helped", "raw"),
    RESPOND: ("plain", "streamed", "helped", "raw"),
    PARSE: ("plain",),
}


def case(way: Way, call: Call) -> Case:
    async def do(client: Any, see: See) -> None:
        await way(client, see, call)

    return Case(do, (call.answer,) * 2)


def cases() -> Iterator[tuple[str, Case]]:
    for way, (do, fits) in WAYS.items():
        for name, call in CALLS.items():
            if fits(call.method):
                yield f"{name}, {way}", case(do, call)
        for asked, arguments in TROUBLED.items():
            if way in TROUBLED_WAYS[asked]:
                for name, answer in TROUBLES.items():
                    yield f"{asked}: {name}, {way}", case(do, Call(asked, arguments, answer))


CASES = dict(cases())
