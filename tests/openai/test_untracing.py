"""`untrace_openai` leaves nothing behind, no class is touched, and nothing is kept alive."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

pytest.importorskip("trace_openai")

from trace_openai import NotTraced, Recorder, recorder_of, trace_openai, untrace_openai

from tests.openai.api_server import ApiServer, says
from tests.openai.seeing import KINDS
from tests.openai.transparent_calls import CHAT, RESPONSE
from trace_core import MessageNode

Serve = Callable[..., ApiServer]


def made(server: ApiServer, kind: str) -> Iterator[Any]:
    """Clients of each class, of which the async ones are never used."""
    if kind == "sync":
        yield from (server.client(), server.azure())
    else:
        yield from (server.async_client(), server.async_azure())


def parts(client: Any) -> list[Any]:
    """The client and its resources, with what wraps them."""
    resources = [client.chat, client.chat.completions, client.responses, client.completions, client.embeddings]
    resources += [client.beta, client.beta.chat, client.beta.chat.completions, client.beta.responses]
    return [
        client,
        *resources,
        *(r.with_raw_response for r in resources),
        *(r.with_streaming_response for r in resources),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_untracing_leaves_nothing_behind(serve: Serve, kind: str) -> None:
    for client in made(serve(), kind):
        before = [(part, type(part), dict(vars(part))) for part in parts(client)]
        assert trace_openai(client, Recorder()) is client
        assert len(parts(client)) == len(before)
        assert untrace_openai(client) is client
        for part, kind_of_part, attributes in before:
            assert type(part) is kind_of_part
            assert vars(part).keys() == attributes.keys()
            assert [name for name, value in attributes.items() if vars(part)[name] is not value] == []
        assert all(one is other for one, (other, *_) in zip(parts(client), before, strict=True))


TAKEN: dict[str, Callable[[Any], Any]] = {
    "method": lambda client: client.chat.completions.create,
    "beta method": lambda client: client.beta.chat.completions.create,
    "raw": lambda client: client.chat.completions.with_raw_response.create,
    "raw of the client": lambda client: client.with_raw_response.chat.completions.create,
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_was_taken_while_it_was_traced_records_no_more(serve: Serve, name: str) -> None:
    server, recorder = serve(*[says("a")] * 3), Recorder()
    client = trace_openai(server.client(), recorder)
    create = TAKEN[name](client)
    create(**CHAT)
    assert len(recorder.runs) == 1
    untrace_openai(client)
    create(**CHAT)
    TAKEN[name](client)(**CHAT)
    assert len(recorder.runs) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("name", TAKEN)
def test_what_was_taken_before_is_recorded(serve: Serve, name: str) -> None:
    server, recorder = serve(says("a"), says("a")), Recorder()
    client = server.client()
    create, copy = TAKEN[name](client), client.with_options(timeout=3)
    trace_openai(client, recorder)
    create(**CHAT)
    assert len(recorder.runs) == 1
    copy.chat.completions.create(**CHAT)
    assert len(recorder.runs) == 1, "a copy that was made before is a client of its own"


@pytest.mark.parametrize("another", [None, Recorder()], ids=["untraced", "of another recorder"])
def test_a_stream_goes_on_when_its_client_is_traced_no_more(serve: Serve, another: Recorder | None) -> None:
    server, recorder = serve(says("a b c"), says("a b c"), says("d")), Recorder()
    client = trace_openai(server.client(), recorder)
    streams = [client.chat.completions.create(**CHAT, stream=True), client.chat.completions.create(**CHAT, stream=True)]
    manager = client.chat.completions.stream(**CHAT)
    next(streams[0])
    _ = trace_openai(client, another) if another else untrace_openai(client)
    for stream in streams:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "a b c"
    with manager as helped:
        assert helped.get_final_completion().choices[0].message.content == "d"
    assert [each.output.data for each in recorder.runs[:2]] == ["a b c", "a b c"]
    assert not any(each.is_active for each in recorder.runs)


def test_a_stream_that_is_dropped_is_freed(serve: Serve) -> None:
    server, recorder = serve(*[says("a b c")] * 2), Recorder()
    client = trace_openai(server.client(), recorder)
    for create, asked in ((client.chat.completions.create, CHAT), (client.responses.create, RESPONSE)):
        stream: Any = create(**asked, stream=True)
        next(stream)
        gone = weakref.ref(stream)
        del stream
        gc.collect()
        assert gone() is None
        assert recorder.last.output.info["partial"] is True


@pytest.mark.parametrize("untraced", ["original", "copy"])
def test_a_client_and_its_copies_are_recorded_no_more_together(serve: Serve, untraced: str) -> None:
    recorder = Recorder()
    client = trace_openai(serve(*[says("a")] * 3).client(), recorder)
    clients = {"original": client, "copy": client.with_options(timeout=9)}
    untrace_openai(clients[untraced])
    for each in clients.values():
        each.chat.completions.create(**CHAT)
        with pytest.raises(NotTraced):
            recorder_of(each)
    assert recorder.runs == ()


def test_untracing_a_client_that_is_not_traced_does_nothing(serve: Serve) -> None:
    client = serve().client()
    before = dict(vars(client))
    assert untrace_openai(client) is client
    assert vars(client) == before


def test_other_clients_are_left_alone(serve: Serve) -> None:
    server, recorder = serve(says("a"), says("b")), Recorder()
    trace_openai(server.client(), recorder)
    server.client().chat.completions.create(**CHAT)
    server.client().responses.create(**RESPONSE)
    assert recorder.runs == ()


def test_no_class_is_touched(serve: Serve) -> None:
    classes = [
        openai.OpenAI,
        openai.AsyncOpenAI,
        openai.AzureOpenAI,
        openai.Stream,
        openai.AsyncStream,
        openai.BaseModel,
    ]
    classes += [openai.resources.chat.Completions, openai.resources.chat.AsyncCompletions]
    classes += [
        openai.resources.responses.Responses,
        openai.resources.responses.AsyncResponses,
        openai.resources.Embeddings,
        openai.APIError,
    ]
    before = [dict(vars(each)) for each in classes]
    client = trace_openai(serve(says("a"), says("b")).client(), Recorder())
    client.chat.completions.create(**CHAT)
    list(client.responses.create(**RESPONSE, stream=True))
    assert [dict(vars(each)) for each in classes] == before


# --- what lives on


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_is_freed_while_its_recorder_lives(kind: str) -> None:
    recorder = Recorder()
    with ApiServer(says("a")) as server:
        client = server.client() if kind == "sync" else server.async_client()
        gone = weakref.ref(trace_openai(client, recorder))
        server._clients.clear()
        if kind == "sync":
            client.chat.completions.create(**CHAT)
            client.close()
        else:
            asyncio.run(called_and_closed(client))
        del client
        gc.collect()
        assert gone() is None
    assert len(recorder.runs) == 1


async def called_and_closed(client: Any) -> None:
    await client.chat.completions.create(**CHAT)
    await client.close()


def test_a_block_in_each_thread_is_a_run_of_its_own(serve: Serve) -> None:
    server, recorder = serve(lambda body: says(body["messages"][0]["content"] + "!")), Recorder()
    client = trace_openai(server.client(), recorder)

    def one(number: int) -> tuple[Any, str]:
        with recorder.run() as run:
            for turn in range(3):
                asked = [{"role": "user", "content": f"{number} {turn}"}]
                client.chat.completions.create(model="m", messages=asked)
        return run, run.output.data

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(one, range(8)))
    assert [said for _, said in runs] == [f"{number} 2!" for number in range(8)]
    for each, _ in runs:
        assert [node.op for node in each.graph.nodes if isinstance(node, MessageNode)].count("llm") == 3
