"""The user's own client as the model that an optimizer asks."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI
from trace_openai import ClientChat, NothingToLearn, Recorder, expose, trace_openai

from tests.openai.api_server import KEY, ApiServer, asks, fails, gives, refuses, says
from tests.openai.scenario import MODEL
from trace_core import OptoPrime, node
from trace_core.errors import AsyncOnly, LLMError

Serve = Callable[..., ApiServer]

ASKED: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


def test_it_asks_and_says_what_was_answered(serve: Serve) -> None:
    server = serve(says("Because."))
    completion = ClientChat(server.client(), MODEL).complete(ASKED)
    assert (completion.text, completion.finish_reason) == ("Because.", "stop")
    assert completion.usage.calls == 1
    assert completion.usage.prompt_tokens > 0
    assert server.requests[-1].body == {"model": MODEL, "messages": ASKED, "temperature": 0.0}
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


async def test_an_asynchronous_client_is_awaited(serve: Serve) -> None:
    server = serve(says("Because."))
    async with server.async_client() as client:
        chat = ClientChat(client, MODEL)
        assert (await chat.acomplete(ASKED)).text == "Because."
        with pytest.raises(AsyncOnly, match="asynchronous client: use `await optimizer"):
            chat.complete(ASKED)
    assert len(server.requests) == 1


async def test_a_synchronous_client_can_be_awaited_too(serve: Serve) -> None:
    server = serve(says("Because."), says("So."))
    chat = ClientChat(server.client(), MODEL)
    assert (await chat.acomplete(ASKED)).text == "Because."
    assert chat.complete(ASKED).text == "So."


def test_azure_is_asked_by_its_deployment(serve: Serve) -> None:
    server = serve(says("Because."))
    assert ClientChat(server.azure(), "small").complete(ASKED).text == "Because."
    assert server.requests[-1].path.startswith("/openai/deployments/small/chat/completions?api-version=")
    assert server.requests[-1].headers["api-key"] == KEY


def test_settings_and_the_clients_headers_are_sent(serve: Serve) -> None:
    server = serve(says("Because."))
    client = server.client(default_headers={"X-Team": "botany"})
    ClientChat(client, MODEL, temperature=0.7, max_tokens=9, seed=3).complete(ASKED)
    body = server.requests[-1].body
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.7, 9, 3)
    assert server.requests[-1].headers["x-team"] == "botany"


async def test_a_schema_is_sent(serve: Serve) -> None:
    server = serve(gives({}), gives({}))
    ClientChat(server.client(), MODEL).complete(ASKED, SCHEMA)
    async with server.async_client() as client:
        await ClientChat(client, MODEL).acomplete(ASKED, SCHEMA)
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    assert [request.body["response_format"] for request in server.requests] == [wanted, wanted]


def test_a_schema_that_is_refused_is_not_sent_again(serve: Serve) -> None:
    server = serve(fails(400, "json_schema is not supported"), gives({}), gives({}))
    chat = ClientChat(server.client(), MODEL)
    chat.complete(ASKED, SCHEMA)
    chat.complete(ASKED, SCHEMA)
    formats = [request.body["response_format"]["type"] for request in server.requests]
    assert formats == ["json_schema", "json_object", "json_object"]


def test_nothing_is_recorded_and_nothing_replaced(serve: Serve) -> None:
    server, recorder = serve(lambda body: says("Because.")), Recorder()
    client = trace_openai(server.client(), recorder)
    expose(client, prompts={"prompt": "Be brief."})["prompt"].set("Be kind.")
    for chat in (ClientChat(client, MODEL), ClientChat(client.with_options(timeout=9), MODEL)):
        with recorder.run() as run:
            chat.complete(ASKED)
        assert run.calls == []
        assert server.requests[-1].body["messages"] == ASKED
    client.chat.completions.create(model=MODEL, messages=ASKED)
    assert server.requests[-1].body["messages"][0]["content"] == "Be kind."
    assert recorder.last.calls


def test_what_it_is_asked_cannot_be_learned(serve: Serve) -> None:
    client = trace_openai(serve(says("Because.")).client())
    ClientChat(client, MODEL).complete(ASKED)
    with pytest.raises(NothingToLearn):
        expose(client)


def test_the_client_stays_open_and_as_it_was(serve: Serve) -> None:
    server = serve(says("Because."), says("So."))
    client = server.client()
    chat = ClientChat(client, MODEL)
    chat.complete(ASKED)
    del chat
    assert client.chat.completions.create(model=MODEL, messages=ASKED).choices[0].message.content == "So."
    assert type(client) is OpenAI


def test_an_optimizer_asks_it(serve: Serve) -> None:
    server, recorder = serve(says("```\nfriendly\n```")), Recorder()
    style = node("terse", trainable=True, name="style")
    (style + "!").backward("be friendly")
    with recorder.run() as run:
        OptoPrime(style, ClientChat(trace_openai(server.client(), recorder), MODEL)).step()
    assert style.data == "friendly"
    assert run.calls == []


# --- errors


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refuses("I may not."), "the model refused: I may not"),
        (asks(("find", {})), "the model gave no text"),
        (fails(404, "no such model"), "no such model"),
        (fails(500, "overloaded"), "overloaded"),
    ],
)
def test_an_answer_that_is_none(reply: Any, said: str, serve: Serve) -> None:
    with pytest.raises(LLMError, match=said):
        ClientChat(serve(reply).client(), MODEL).complete(ASKED)


async def test_an_error_does_not_show_the_key(serve: Serve) -> None:
    server = serve(fails(401, f"Incorrect key {KEY}."), fails(401, f"Incorrect key {KEY}."))
    chat = ClientChat(server.client(), MODEL)
    with pytest.raises(LLMError, match="the key was not accepted") as caught:
        chat.complete(ASKED)
    async with server.async_client() as client:
        with pytest.raises(LLMError) as caught_async:
            await ClientChat(client, MODEL).acomplete(ASKED)
    for error in (caught.value, caught_async.value):
        assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in repr(chat)


def test_something_else_than_a_client() -> None:
    with pytest.raises(TypeError, match="an OpenAI or AsyncOpenAI client is expected, not str"):
        ClientChat("gpt-4.1", MODEL)  # type: ignore[arg-type]


def test_a_client_whose_key_is_given_by_a_function(serve: Serve) -> None:
    server = serve(says("Because."), fails(400, "none of these is a model"))
    chat = ClientChat(server.client(api_key=lambda: KEY), MODEL)
    assert chat.complete(ASKED).text == "Because."
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    with pytest.raises(LLMError, match="none of these is a model"):
        chat.complete(ASKED)


async def test_an_error_shows_no_key_of_a_function_and_no_header(serve: Serve) -> None:
    key, header = "sk-made-by-a-function", "a-header-of-the-user"
    server = serve(lambda _: fails(401, f"Incorrect key {key} or header {header}."))
    client = server.client(api_key=lambda: key, default_headers={"X-Team": header})
    chat = ClientChat(client, MODEL)
    for answer in (asyncio.to_thread(chat.complete, ASKED), chat.acomplete(ASKED)):
        with pytest.raises(LLMError, match="Incorrect key") as caught:
            await answer
        shown = "".join(traceback.format_exception(caught.value))
        assert key not in shown
        assert header not in shown
