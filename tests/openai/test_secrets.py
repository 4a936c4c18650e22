"""A key, header, cookie or query of a client is nowhere in what a recorder shows, keeps or logs."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("trace_openai")

import openai
from openai import DefaultHttpxClient
from trace_openai import Recorder, expose, trace_openai, unexpose

from tests.openai.answers import Reply
from tests.openai.api_server import ApiServer, asks, breaks, cut, embeds, fails, garbage, says
from trace_core import OptoPrime, ReplayChat
from trace_core.optimizers.records import NothingChanged
from trace_core.recording import Run

SENTINEL = "sentinel77aa"
"""Every secret has it in it."""
KEY = f"sk-{SENTINEL}-31b2"
MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How is the weather?"}]
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES}
RESPONSE: dict[str, Any] = {"model": "gpt-4o-mini", "instructions": "Be brief.", "input": "How is the weather?"}
SETTINGS: dict[str, Any] = {
    "api_key": KEY,
    "organization": f"org-{SENTINEL}",
    "project": f"proj-{SENTINEL}",
    "default_headers": {"x-auth": f"header-{SENTINEL}", "Cookie": f"session={SENTINEL}-cookie"},
    "default_query": {"sig": f"query-{SENTINEL}"},
}
OF_A_CALL: dict[str, Any] = {
    "extra_headers": {"Authorization": f"Bearer sk-{SENTINEL}-call", "x-extra": f"extra-{SENTINEL}"},
    "extra_query": {"code": f"code-{SENTINEL}"},
}


def shown(run: Run, recorder: Recorder) -> str:
    """All that a run and its recorder can show."""
    graph = run.graph
    parts: list[Any] = [run.explain(), run.explain("mermaid"), json.dumps(graph.to_json()), graph.to_text()]
    parts += [(node, str(node), node.data, getattr(node, "info", None), node.description) for node in graph.nodes]
    return "\n".join(map(repr, [*parts, run, run.calls, run.lacks, recorder, recorder.runs]))


def wrong_key(key: str = KEY) -> Reply:
    return fails(401, f"Incorrect API key provided: {key}. You can find your API key at …", code="invalid_api_key")


def tools_of_a_server() -> list[dict[str, Any]]:
    """A hosted tool that is told how to sign in."""
    headers = {"Authorization": f"Bearer mcp-{SENTINEL}"}
    url = f"https://user:{SENTINEL}@example.com/mcp?token={SENTINEL}"
    return [{"type": "mcp", "server_label": "shop", "server_url": url, "headers": headers, "authorization": SENTINEL}]


def streamed(client: Any) -> None:
    for create, asked in ((client.chat.completions.create, CHAT), (client.responses.create, RESPONSE)):
        list(create(**asked, **OF_A_CALL, stream=True))


def raw(client: Any) -> None:
    client.chat.completions.with_raw_response.create(**CHAT, **OF_A_CALL).parse()
    with client.responses.with_streaming_response.create(**RESPONSE, **OF_A_CALL) as response:
        response.read()


def another_key(client: Any) -> None:
    client.api_key = f"sk-{SENTINEL}-later"
    client.chat.completions.create(**CHAT)


def key_of_a_copy(client: Any) -> None:
    client.with_options(api_key=f"sk-{SENTINEL}-copy").chat.completions.create(**CHAT)


def key_of_a_function(client: Any) -> None:
    client.with_options(api_key=lambda: f"sk-{SENTINEL}-function").chat.completions.create(**CHAT)


def chat(client: Any) -> None:
    client.chat.completions.create(**CHAT)


def chat_with_more(client: Any) -> None:
    client.chat.completions.create(**CHAT, **OF_A_CALL)


def respond(client: Any) -> None:
    client.responses.create(**RESPONSE)


def posted(client: Any) -> None:
    headers = {"Authorization": f"Bearer sk-{SENTINEL}-posted"}
    client.post("/chat/completions", cast_to=object, body=CHAT, options={"headers": headers, "params": {"k": SENTINEL}})


PROGRAMS: dict[str, tuple[Callable[[Any], object], list[Reply]]] = {
    "chat": (chat_with_more, [says("It rains.")]),
    "tools": (chat_with_more, [asks(("weather", {"city": "Paris"}))]),
    "responses": (lambda c: c.responses.create(**RESPONSE, **OF_A_CALL), [says("It rains.", reasoning="Hm.")]),
    "embeddings": (lambda c: c.embeddings.create(model="m", input="a", **OF_A_CALL), [embeds([0.5])]),
    "completions": (lambda c: c.completions.create(model="m", prompt="a", **OF_A_CALL), [says("b")]),
    "streamed": (streamed, [says("It rains."), says("It rains.")]),
    "raw": (raw, [says("It rains."), says("It rains.")]),
    "posted": (posted, [says("It rains.")]),
    "a hosted tool": (lambda c: c.responses.create(**RESPONSE, tools=tools_of_a_server()), [says("It rains.")]),
}

FAILING: dict[str, tuple[Callable[[Any], object], Reply]] = {
    "chat": (chat, wrong_key()),
    "responses": (respond, wrong_key()),
    "embeddings": (lambda c: c.embeddings.create(model="m", input="a"), wrong_key()),
    "streamed chat": (lambda c: list(c.chat.completions.create(**CHAT, stream=True)), wrong_key()),
    "a stream that breaks off": (lambda c: list(c.chat.completions.create(**CHAT, stream=True)), breaks(f"Key {KEY}.")),
    "a response that fails": (respond, breaks(f"Key {KEY}.")),
    "a streamed response that fails": (
        lambda c: list(c.responses.create(**RESPONSE, stream=True)),
        breaks(f"Key {KEY}."),
    ),
    "raw": (lambda c: c.chat.completions.with_raw_response.create(**CHAT), wrong_key()),
    "the key of a call": (chat_with_more, wrong_key(f"sk-{SENTINEL}-call")),
    "the key of a copy": (key_of_a_copy, wrong_key(f"sk-{SENTINEL}-copy")),
    "the key of a function": (key_of_a_function, wrong_key(f"sk-{SENTINEL}-function")),
    "the key of a post": (posted, wrong_key(f"sk-{SENTINEL}-posted")),
    "a key that was given later": (another_key, wrong_key(f"sk-{SENTINEL}-later")),
    "the organization": (chat, fails(401, f"No such organization: org-{SENTINEL}.")),
    "the project": (respond, fails(401, f"No such project: proj-{SENTINEL}.")),
    "a header": (chat, fails(400, f"Bad header x-auth: header-{SENTINEL}.")),
    "a cookie": (chat, fails(400, f"Bad cookie session={SENTINEL}-cookie.")),
    "a header of a call": (chat_with_more, fails(400, f"Bad header x-extra: extra-{SENTINEL}.")),
    "a query": (chat, fails(404, f"Unknown request URL: POST /v1/chat/completions?sig=query-{SENTINEL}.")),
    "a query of a call": (chat_with_more, fails(404, f"Unknown: /v1/chat/completions?code=code-{SENTINEL}.")),
    "cut": (chat, cut()),
    "malformed": (chat, garbage(f'{{"error": "{KEY}')),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_secret_is_nowhere(name: str, caplog: pytest.LogCaptureFixture) -> None:
    do, script = PROGRAMS[name]
    recorder = Recorder()
    with ApiServer(*script) as server, ours(caplog), recorder.run() as run:
        do(trace_openai(server.client(**SETTINGS), recorder))
        text = shown(run, recorder)
    assert run.graph.nodes
    assert any(SENTINEL in str(request.headers) for request in server.requests)
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


@pytest.mark.parametrize("freed", [False, True], ids=["client lives", "client is gone"])
@pytest.mark.parametrize("name", FAILING)
def test_a_secret_that_an_error_quotes_is_nowhere(name: str, freed: bool, caplog: pytest.LogCaptureFixture) -> None:
    do, answer = FAILING[name]
    recorder = Recorder()
    with ApiServer(answer) as server, ours(caplog), recorder.run() as run:
        client = trace_openai(server.client(**SETTINGS), recorder)
        with suppress(openai.APIError, json.JSONDecodeError):
            do(client)
        if freed:
            server._clients.clear()
            client.close()
            del client
            gc.collect()
        text = shown(run, recorder)
    assert run.graph.nodes
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


def test_the_error_that_the_program_gets_is_the_apis() -> None:
    recorder = Recorder()
    with ApiServer(wrong_key()) as server:
        client = trace_openai(server.client(**SETTINGS), recorder)
        with pytest.raises(openai.AuthenticationError, match=KEY):
            client.chat.completions.create(**CHAT)
    assert recorder.last.error is not None
    assert "Incorrect API key provided" in str(recorder.last.error.data)


def test_a_secret_in_an_error_of_the_programs_own(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    with ApiServer(wrong_key(), wrong_key()) as server, ours(caplog):
        client = trace_openai(server.client(**SETTINGS), recorder)

        def ask(question: str) -> Any:
            try:
                return client.responses.create(model="m", input=question)
            except openai.AuthenticationError as error:
                raise RuntimeError(f"no answer: {error}") from error

        node = recorder.program(ask)("How is the weather?")
        text = shown(recorder.last, recorder) + repr((node, node.data, node.graph().to_json()))
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


def test_a_secret_of_azure_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    with ApiServer(wrong_key(f"token-{SENTINEL}"), wrong_key()) as server, ours(caplog), recorder.run() as run:
        settings = ({"azure_ad_token": f"token-{SENTINEL}", "api_key": None}, {"api_key": KEY})
        for more in settings:
            with pytest.raises(openai.AuthenticationError):
                trace_openai(server.azure(**more), recorder).chat.completions.create(**CHAT)
        text = shown(run, recorder)
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


def test_a_password_in_an_address_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    with ApiServer(says("a"), fails(404, f"Unknown: http://user:{SENTINEL}@host/v1/responses")) as server, ours(caplog):
        url = server.url.replace("http://", f"http://user:{SENTINEL}@")
        http = DefaultHttpxClient(verify=False, cookies={"session": f"cookie-{SENTINEL}"})
        client = trace_openai(server.client(**{**SETTINGS, "base_url": url, "http_client": http}), recorder)
        with recorder.run() as run:
            chat(client)
            with pytest.raises(openai.NotFoundError):
                respond(client)
        text = shown(run, recorder)
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


async def test_a_secret_of_an_async_client_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    with ApiServer(says("It rains."), says("It rains."), wrong_key()) as server, ours(caplog), recorder.run() as run:
        async with trace_openai(server.async_client(**SETTINGS), recorder) as client:
            await client.chat.completions.create(**CHAT, **OF_A_CALL)
            async for _ in await client.responses.create(**RESPONSE, **OF_A_CALL, stream=True):
                await asyncio.sleep(0)
            with pytest.raises(openai.AuthenticationError):
                await client.chat.completions.create(**CHAT)
        text = shown(run, recorder)
    assert SENTINEL not in text
    assert SENTINEL not in told_by_us(caplog)


@pytest.mark.parametrize("answer", [says("It rains."), wrong_key()], ids=["answer", "error"])
def test_a_secret_is_in_no_problem_and_no_record_of_a_step(answer: Reply, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    tool = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": {}}}
    with ApiServer(says("It rains."), answer) as server, ours(caplog):
        client = trace_openai(server.client(**SETTINGS), recorder)
        client.chat.completions.create(**CHAT, tools=[tool], **OF_A_CALL)
        parameters = expose(client, name="support", kinds="all")
        optimizer = OptoPrime(parameters, ReplayChat(["nothing to say"] * 3))
        with recorder.run() as run, suppress(openai.AuthenticationError):
            client.chat.completions.create(**CHAT, tools=[tool], **OF_A_CALL)
        run.output.backward("say it in more words")
        with pytest.warns(NothingChanged):
            record = optimizer.step()
        unexpose(parameters)
    assert "Be brief." in str(record.problem)
    assert SENTINEL not in repr((record, record.problem, str(record.problem), record.messages, record.answer))
    assert SENTINEL not in repr((parameters, parameters.state_dict(), dict(parameters)))
    assert SENTINEL not in told_by_us(caplog)


def ours(caplog: pytest.LogCaptureFixture) -> Any:
    return caplog.at_level(logging.DEBUG)


def told_by_us(caplog: pytest.LogCaptureFixture) -> str:
    """What our loggers said; the SDK's own and its HTTP library's are theirs."""
    records = [record for record in caplog.records if record.name.startswith("trace_")]
    return "\n".join(f"{record.getMessage()} {record.exc_text} {record.args}" for record in records)
