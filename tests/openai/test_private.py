"""What is private to the openai package and relied upon: each test fails when one of it is gone or moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from trace_openai import private

from tests.openai.api_server import KEY, ApiServer, embeds, says
from tests.openai.asking import APIS, CHAT, RESPONSE, WAYS, ask
from tests.openai.scenario import MODEL

Serve = Callable[..., ApiServer]
MESSAGES = [{"role": "user", "content": "What is an oak?"}]
GIVEN = {CHAT: {"model": MODEL, "messages": MESSAGES}, RESPONSE: {"model": MODEL, "input": MESSAGES}}


def requested(client: Any) -> list[Any]:
    """The options of each request that a client is going to make, as its `request` gets them."""
    seen: list[Any] = []
    original: Any = type(client)

    class Looking(original):  # type: ignore[misc]
        def request(self, cast_to: Any, options: Any, **how: Any) -> Any:
            seen.append(options)
            return original.request(self, cast_to, options, **how)

        copy = with_options = original.copy

    client.__class__ = Looking
    return seen


# --- the options of a request


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_every_way_to_ask_goes_through_request_with_its_body(api: str, way: str, serve: Serve) -> None:
    client = serve(says("A tree.")).client()
    seen = requested(client)
    ask(client, api, way, **GIVEN[api])
    [options] = seen
    assert options.method.lower() == "post"
    assert options.url.partition("?")[0] == ("/responses" if api == RESPONSE else "/chat/completions")
    body = private.body_of(options)
    assert body is not None
    assert body["model"] == MODEL
    assert body["input" if api == RESPONSE else "messages"] == MESSAGES


def test_embeddings_and_old_completions_do_too(serve: Serve) -> None:
    client = serve(embeds((0.1, 0.2)), says("An oak.")).client()
    seen = requested(client)
    client.embeddings.create(model="text-embedding-3-small", input="oak")
    client.completions.create(model="gpt-3.5-turbo-instruct", prompt="oak")
    assert [options.url for options in seen] == ["/embeddings", "/completions"]
    assert [len(private.body_of(options) or ()) >= 2 for options in seen] == [True, True]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_the_address_is_azures_only_after_request(is_async: bool, serve: Serve) -> None:
    server = serve(says("A tree."))
    if not is_async:
        client = server.azure()
        seen = requested(client)
        ask(client, CHAT, "create", **GIVEN[CHAT])
        assert [options.url for options in seen] == ["/chat/completions"]
        return

    async def main() -> None:
        async with server.async_azure() as client:
            seen = requested(client)
            await client.chat.completions.create(**GIVEN[CHAT])  # type: ignore[call-overload]
            assert [options.url for options in seen] == ["/chat/completions"]

    asyncio.run(main())


def test_another_body_is_what_is_sent(serve: Serve) -> None:
    server = serve(says("A tree."))
    client = server.client()
    seen = requested(client)
    ask(client, CHAT, "create", **GIVEN[CHAT])
    [options] = seen
    other = private.with_body(options, {**GIVEN[CHAT], "temperature": 0.4})
    assert options.json_data == GIVEN[CHAT]
    assert private.body_of(other) == {**GIVEN[CHAT], "temperature": 0.4}
    assert (other.url, other.method, other.headers) == (options.url, options.method, options.headers)
    assert private.with_body(options, options.json_data) is options


def test_a_request_without_a_body_has_none(serve: Serve) -> None:
    client = serve().client()
    seen = requested(client)
    client.models.list()
    assert [private.body_of(options) for options in seen] == [None]


def test_methods_are_coroutines_where_the_client_is_asynchronous() -> None:
    for kind in (OpenAI, AzureOpenAI):
        assert not iscoroutinefunction(kind.request)
    for other in (AsyncOpenAI, AsyncAzureOpenAI):
        assert iscoroutinefunction(other.request)


# --- streams


@pytest.mark.parametrize("way", ["create", "stream", "raw"])
def test_closing_a_stream_closes_its_http_response(way: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(says("An oak is a tree.")).client()
    for stream, close in opened(client, way):
        response = private.response_of(stream)
        assert response is not None
        assert not response.is_closed
        monkeypatch.setattr(response, "close", Mock(wraps=response.close))
        close()
        response.close.assert_called()
        assert response.is_closed


def opened(client: OpenAI, way: str) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A stream of which one piece was read, and how its user closes it."""
    completions: Any = client.chat.completions
    if way == "stream":
        manager = completions.stream(**GIVEN[CHAT])
        events = manager.__enter__()
        next(iter(events))
        yield events._raw_stream, lambda: manager.__exit__(None, None, None)
        return
    maker = completions.with_raw_response if way == "raw" else completions
    stream = maker.create(**GIVEN[CHAT], stream=True)
    stream = stream.parse() if way == "raw" else stream
    next(iter(stream))
    yield stream, stream.close


def test_closing_an_asynchronous_stream_closes_its_http_response(serve: Serve) -> None:
    server = serve(lambda _: says("An oak is a tree."))

    async def main() -> None:
        async with server.async_client() as client:
            completions: Any = client.chat.completions
            stream = await completions.create(**GIVEN[CHAT], stream=True)
            await anext(aiter(stream))
            response = private.response_of(stream)
            response.aclose = AsyncMock(wraps=response.aclose)
            await stream.close()
            response.aclose.assert_awaited()
            assert response.is_closed

    asyncio.run(main())


# --- keys


@pytest.mark.parametrize("kind", [OpenAI, AsyncOpenAI])
def test_where_a_client_keeps_its_keys(kind: Any) -> None:
    client = kind(
        api_key=KEY,
        admin_api_key="sk-admin-key",
        webhook_secret="whsec-secret",
        organization="org-secret",
        project="proj-secret",
        base_url="https://user:password@example.com/v1",
        default_headers={"X-Key": "header-secret"},
        default_query={"key": "query-secret"},
    )
    found = set(private.secrets_of(client))
    kept = {KEY, "sk-admin-key", "whsec-secret", "org-secret", "proj-secret", "password"}
    assert {*kept, "header-secret", "query-secret"} <= found


@pytest.mark.parametrize("kind", [AzureOpenAI, AsyncAzureOpenAI])
def test_where_azures_client_keeps_its_keys(kind: Any) -> None:
    at = {"azure_endpoint": "https://example.com", "api_version": "2024-10-21"}
    assert KEY in set(private.secrets_of(kind(api_key=KEY, **at)))
    assert "token-secret" in set(private.secrets_of(kind(azure_ad_token="token-secret", **at)))


def test_a_key_that_a_function_gives_is_kept_once_it_was_used(serve: Serve) -> None:
    client = serve(says("A tree.")).client(api_key=lambda: "sk-made-by-a-function")
    ask(client, CHAT, "create", **GIVEN[CHAT])
    assert "sk-made-by-a-function" in set(private.secrets_of(client))


def test_where_a_request_keeps_its_own_headers_and_query(serve: Serve) -> None:
    client: Any = serve(says("A tree.")).client()
    seen = requested(client)
    more = {"extra_headers": {"Authorization": "Bearer header-secret"}, "extra_query": {"key": "query-secret"}}
    client.chat.completions.create(**GIVEN[CHAT], **more)
    assert {"header-secret", "query-secret"} <= set(private.secrets_of_request(seen[0]))
