"""The server of these tests answers as the API does: the SDK alone reads every answer, and misses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import openai
import pytest
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.openai.api_server import (
    KEY,
    ApiServer,
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

Serve = Callable[..., ApiServer]

MODEL = "gpt-4o-mini"
CHAT: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "How is the weather?"}]}
RESPONSE: dict[str, Any] = {"model": MODEL, "input": "How is the weather?"}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PARAMETERS["additionalProperties"] = False
FUNCTION: dict[str, Any] = {"name": "weather", "parameters": PARAMETERS, "strict": True}
TOOL: dict[str, Any] = {"type": "function", "function": FUNCTION}

ANSWERS = {
    "text": says("It rains in Paris."),
    "spaces": says("  two\n\nlines "),
    "empty": says(""),
    "cut short": says("It rains", finish="length"),
    "filtered": says("It", finish="content_filter"),
    "tools": asks(("weather", {"city": "Paris"}), ("weather", {"city": "Rome"})),
    "text and tool": asks(("weather", {"city": "Paris"}), text="I look it up."),
    "bad arguments": asks(("weather", '{"city": ')),
    "refusal": refuses("I can not say."),
    "json": gives({"city": "Paris", "degrees": 12}),
    "reasoning": says("It rains.", reasoning="It is autumn there."),
    "choices": choices(says("It rains."), asks(("weather", {"city": "Paris"})), refuses("No.")),
}

# What the API sends, and only some versions of the SDK have in their types.
LATER = {"ResponseFunctionCallArgumentsDoneEvent": {"name"}}
UNFINISHED = {"cut short": openai.LengthFinishReasonError, "filtered": openai.ContentFilterFinishReasonError}


class Weather(BaseModel):
    city: str
    degrees: int


def whole(kind: Any, value: BaseModel) -> None:
    """That the API's own type takes the answer strictly, and that there is no field which it does not know."""
    sent = value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    read = TypeAdapter(kind).validate_python(sent)
    left: list[Any] = [read]
    while left:
        part = left.pop()
        if isinstance(part, BaseModel):
            unknown = set(part.model_extra or {}) - LATER.get(type(part).__name__, set())
            assert not unknown, (type(part).__name__, unknown)
            left.extend(getattr(part, name) for name in type(part).model_fields)
        elif isinstance(part, list):
            left.extend(part)


@pytest.mark.parametrize("name", ANSWERS)
def test_chat_answers_are_what_the_sdk_expects(serve: Serve, name: str) -> None:
    server = serve(ANSWERS[name], ANSWERS[name])
    answer = server.client().chat.completions.create(**CHAT)
    whole(ChatCompletion, answer)
    chunks = list(server.client().chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
    for chunk in chunks:
        whole(ChatCompletionChunk, chunk)
    assert chunks[-1].usage == answer.usage
    for choice in answer.choices:
        told = [part for chunk in chunks for part in chunk.choices if part.index == choice.index]
        assert told[0].delta.role == "assistant"
        assert [part.finish_reason for part in told if part.finish_reason] == [choice.finish_reason]
        assert "".join(part.delta.content or "" for part in told) == (choice.message.content or "")
        assert "".join(part.delta.refusal or "" for part in told) == (choice.message.refusal or "")
        pieces = [piece for part in told for piece in part.delta.tool_calls or []]
        for index, call in enumerate(choice.message.tool_calls or []):
            assert call.type == "function"
            arguments = [p.function.arguments or "" for p in pieces if p.index == index and p.function is not None]
            assert "".join(arguments) == call.function.arguments


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "choices"])
def test_responses_are_what_the_sdk_expects(serve: Serve, name: str) -> None:
    server = serve(ANSWERS[name], ANSWERS[name])
    tool = {"type": "function", **FUNCTION}
    answer = server.client().responses.create(**RESPONSE, tools=[tool], instructions="Be brief.")
    whole(Response, answer)
    assert answer.instructions == "Be brief."
    events = list(server.client().responses.create(**RESPONSE, tools=[tool], instructions="Be brief.", stream=True))
    for event in events:
        whole(ResponseStreamEvent, event)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    last = events[-1]
    assert last.type in ("response.completed", "response.incomplete")
    ids = {"id", "call_id"}
    assert [item.model_dump(exclude=ids) for item in last.response.output] == [
        item.model_dump(exclude=ids) for item in answer.output
    ]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_chat_helper_streams_to_the_same_answer(serve: Serve, name: str) -> None:
    server = serve(ANSWERS[name], ANSWERS[name])
    client = server.client()
    if name in UNFINISHED:
        with pytest.raises(UNFINISHED[name]), client.chat.completions.stream(**CHAT) as stream:
            stream.get_final_completion()
        with pytest.raises(UNFINISHED[name]):
            client.chat.completions.parse(**CHAT, response_format=Weather)
        return
    with client.chat.completions.stream(**CHAT) as stream:
        streamed = stream.get_final_completion()
    created = client.chat.completions.create(**CHAT)
    for one, other in zip(streamed.choices, created.choices, strict=True):
        assert (one.message.content or "") == (other.message.content or "")
        assert one.message.refusal == other.message.refusal
        assert len(one.message.tool_calls or []) == len(other.message.tool_calls or [])


def test_the_helper_of_responses_streams_to_the_same_answer(serve: Serve) -> None:
    server = serve(gives({"city": "Paris", "degrees": 12}), ANSWERS["tools"], ANSWERS["reasoning"])
    client = server.client()
    with client.responses.stream(**RESPONSE, text_format=Weather) as stream:
        assert stream.get_final_response().output_parsed == Weather(city="Paris", degrees=12)
    with client.responses.stream(**RESPONSE) as calling:
        assert [item.type for item in calling.get_final_response().output] == ["function_call", "function_call"]
    with client.responses.stream(**RESPONSE) as thinking:
        assert [item.type for item in thinking.get_final_response().output] == ["reasoning", "message"]


def test_parsed_answers(serve: Serve) -> None:
    paris = {"city": "Paris", "degrees": 12}
    server = serve(*[gives(paris)] * 4, asks(("weather", {"city": "Paris"})))
    client = server.client()
    for resource in (client.chat.completions, client.beta.chat.completions):
        assert resource.parse(**CHAT, response_format=Weather).choices[0].message.parsed == Weather(**paris)
    with client.chat.completions.stream(**CHAT, response_format=Weather) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Weather(**paris)
    assert client.responses.parse(**RESPONSE, text_format=Weather).output_parsed == Weather(**paris)
    (call,) = client.chat.completions.parse(**CHAT, tools=[TOOL]).choices[0].message.tool_calls or []
    assert call.function.parsed_arguments == {"city": "Paris"}


async def test_async_clients(serve: Serve) -> None:
    paris = {"city": "Paris", "degrees": 12}
    server = serve(says("Hi."), says("Hi."), gives(paris), gives(paris), says("Hi."), gives(paris), says("Hi."))
    async with server.async_client() as client:
        answer = await client.chat.completions.create(**CHAT)
        assert answer.choices[0].message.content == "Hi."
        chunks = [chunk async for chunk in await client.chat.completions.create(**CHAT, stream=True)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hi."
        parsed = await client.chat.completions.parse(**CHAT, response_format=Weather)
        assert parsed.choices[0].message.parsed == Weather(**paris)
        async with client.chat.completions.stream(**CHAT, response_format=Weather) as chat:
            assert (await chat.get_final_completion()).choices[0].message.parsed == Weather(**paris)
        assert (await client.responses.create(**RESPONSE)).output_text == "Hi."
        assert (await client.responses.parse(**RESPONSE, text_format=Weather)).output_parsed == Weather(**paris)
        async with client.responses.stream(**RESPONSE) as stream:
            assert (await stream.get_final_response()).output_text == "Hi."


def test_completions_and_embeddings(serve: Serve) -> None:
    server = serve(says("a b"), says("a b"), *[embeds([0.5, 0.25], [1.0, -1.0])] * 2)
    client = server.client()
    answer = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say a b")
    whole(Completion, answer)
    chunks = list(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say a b", stream=True))
    # Not `whole`: the API sends `finish_reason: null` here, which the SDK's type does not know.
    assert answer.choices[0].text == "".join(chunk.choices[0].text for chunk in chunks) == "a b"
    for more in ({}, {"encoding_format": "float"}):
        vectors = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], **more)  # type: ignore[arg-type]
        whole(CreateEmbeddingResponse, vectors)
        assert [row.embedding for row in vectors.data] == [[0.5, 0.25], [1.0, -1.0]]


async def test_azure(serve: Serve) -> None:
    server = serve(says("Hi."), says("Hi."))
    assert server.azure().chat.completions.create(**CHAT).choices[0].message.content == "Hi."
    async with server.async_azure() as client:
        assert (await client.chat.completions.create(**CHAT)).choices[0].message.content == "Hi."
    path = f"/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21"
    assert [request.path for request in server.requests] == [path, path]
    assert server.requests[0].headers["api-key"] == KEY


def test_requests_are_kept_and_a_function_may_answer(serve: Serve) -> None:
    server = serve(lambda body: says(body["messages"][0]["content"].upper()))
    client = server.client(default_headers={"x-mine": "1"})
    assert client.chat.completions.create(**CHAT).choices[0].message.content == "HOW IS THE WEATHER?"
    (request,) = server.requests
    assert (request.path, request.body) == ("/v1/chat/completions", CHAT)
    assert (request.headers["x-mine"], request.headers["authorization"]) == ("1", f"Bearer {KEY}")
    assert client.models.list().data == []


def test_failures_are_the_sdks_errors(serve: Serve) -> None:
    wrong_key = fails(401, f"Incorrect API key provided: {KEY}.", code="invalid_api_key")
    server = serve(wrong_key, fails(500), cut(), garbage(), breaks("No more."), embeds([1.0]))
    create = server.client().chat.completions.create
    with pytest.raises(openai.AuthenticationError, match=f"Incorrect API key provided: {KEY}") as raised:
        create(**CHAT)
    assert raised.value.code == "invalid_api_key"
    with pytest.raises(openai.InternalServerError):
        create(**CHAT)
    with pytest.raises(openai.APIConnectionError):
        create(**CHAT)
    with pytest.raises(json.JSONDecodeError):
        create(**CHAT)
    with pytest.raises(openai.InternalServerError, match=r"No more\."):
        create(**CHAT)
    with pytest.raises(openai.BadRequestError, match="does not give"):
        create(**CHAT)
    with pytest.raises(openai.BadRequestError, match="no further answer"):
        create(**CHAT)


def read_until_it_breaks(stream: Iterable[Any], seen: list[Any]) -> Exception | None:
    try:
        seen.extend(stream)
    except Exception as raised:
        return raised
    return None


def test_streams_break_in_their_middle(serve: Serve) -> None:
    server = serve(*[cut(), garbage(), breaks("No more.")] * 2)
    errors: list[type[Exception]] = [openai.APIError, json.JSONDecodeError, openai.APIError]
    for create, asked in (
        (server.client().chat.completions.create, CHAT),
        (server.client().responses.create, RESPONSE),
    ):
        for error in errors:
            seen: list[Any] = []
            raised = read_until_it_breaks(create(**asked, stream=True), seen)
            assert len(seen) > 2
            if raised is None:
                assert seen[-1].type == "response.failed"
                assert seen[-1].response.error.message == "No more."
            else:
                # openai 2 lets the error of its HTTP library through when a stream is cut.
                assert isinstance(raised, error) or type(raised).__module__.startswith("httpx"), raised


def test_a_call_is_tried_again_after_the_time_that_the_server_says(serve: Serve) -> None:
    server = serve(fails(429, retry_after=0), fails(503, retry_after=0), says("Hi."))
    assert server.client(max_retries=2).chat.completions.create(**CHAT).choices[0].message.content == "Hi."
    assert [request.headers["x-stainless-retry-count"] for request in server.requests] == ["0", "1", "2"]


def test_a_client_gives_up_on_a_server_that_does_not_answer(serve: Serve) -> None:
    server = serve(hangs(), hangs())
    client = server.client(timeout=0.2)
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(**CHAT)
    assert next(client.chat.completions.create(**CHAT, stream=True)).choices[0].delta.role == "assistant"
