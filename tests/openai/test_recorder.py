"""What a recorder gives: runs, outputs, errors, usage, and what it keeps."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from trace_openai import NotTraced, Recorder, expose, recorder_of, trace_openai, untrace_openai

from tests.openai.api_server import KEY, ApiServer, asks, choices, cut, embeds, fails, gives, hangs, refuses, says
from tests.openai.asking import APIS, CHAT, RESPONSE, WAYS, aask, ask, resource_of
from tests.openai.scenario import MODEL, drawn
from trace_core.errors import AmbiguousOutput, NothingRecorded
from trace_core.nodes import ExceptionNode

Serve = Callable[..., ApiServer]
MESSAGES: list[Any] = [{"role": "user", "content": "What is an oak?"}]
GIVEN: dict[str, Any] = {
    CHAT: {"model": MODEL, "messages": MESSAGES},
    RESPONSE: {"model": MODEL, "input": "What is an oak?"},
}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def asked(client: Any, text: str = "What is an oak?", **more: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **more)


# --- tracing


def test_the_client_stays_what_it_was(serve: Serve) -> None:
    client = serve().client()
    resources = type(client.chat.completions), type(client.responses)
    assert trace_openai(client) is client
    assert isinstance(client, OpenAI)
    assert (type(client).__name__, type(client).__module__) == ("OpenAI", OpenAI.__module__)
    assert untrace_openai(client) is client
    assert type(client) is OpenAI
    assert (type(client.chat.completions), type(client.responses)) == resources
    assert not [name for name in vars(client) if "trace" in name]
    assert untrace_openai(client) is client  # a second time changes nothing


def test_other_clients_of_the_class_are_not_recorded(recorder: Recorder, serve: Serve) -> None:
    server = serve(says("A tree."))
    trace_openai(server.client(), recorder)
    asked(server.client())
    assert recorder.runs == ()


def test_a_client_makes_a_recorder_itself(serve: Serve) -> None:
    client = serve(says("A tree.")).client()
    with pytest.raises(NotTraced, match=r"this OpenAI is not traced; call trace_openai\(client\) first"):
        recorder_of(client)
    made = recorder_of(trace_openai(client))
    assert recorder_of(trace_openai(client)) is made
    asked(client)
    assert made.last.output.data == "A tree."
    untrace_openai(client)
    with pytest.raises(NotTraced):
        recorder_of(client)


def test_a_client_that_is_only_learned_is_not_traced(serve: Serve) -> None:
    client = serve().client()
    expose(client, prompts={"prompt": "Be brief."})
    with pytest.raises(NotTraced):
        recorder_of(client)


def test_another_recorder_takes_the_place_of_the_first(recorder: Recorder, serve: Serve) -> None:
    client, other = serve(says("One."), says("Two.")).client(), Recorder()
    asked(trace_openai(client, recorder))
    asked(trace_openai(client, other))
    assert [run.output.data for each in (recorder, other) for run in each.runs] == ["One.", "Two."]


def test_two_clients_of_one_recorder_are_in_one_run(recorder: Recorder, serve: Serve) -> None:
    server = serve(says("An oak is a tree."), says("Ein Baum."))
    first, second = (trace_openai(server.client(), recorder) for _ in range(2))
    with recorder.run() as run:
        text = asked(first).choices[0].message.content
        second.responses.create(model=MODEL, input=f"Translate: {text}")
    assert drawn(run) == {"input>llm1", "llm1>llm2"}


@pytest.mark.parametrize("something", ["gpt-4.1", None, OpenAI])
def test_something_else_than_a_client(something: Any) -> None:
    with pytest.raises(TypeError, match="an OpenAI or AsyncOpenAI client is expected"):
        trace_openai(something)


def test_only_a_recorder_records() -> None:
    client = OpenAI(api_key="none")
    with pytest.raises(TypeError, match=r"a trace_openai.Recorder is expected, not openai.OpenAI"):
        trace_openai(client, client)  # type: ignore[arg-type]
    assert type(client) is OpenAI


def test_untraced_and_traced_again(recorder: Recorder, serve: Serve) -> None:
    client = serve(*[says("A tree.")] * 3).client()
    asked(trace_openai(client, recorder))
    asked(untrace_openai(client))
    asked(trace_openai(client, recorder))
    assert len(recorder.runs) == 2


# --- runs


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_every_way_to_ask_is_recorded(api: str, way: str, is_async: bool, recorder: Recorder, serve: Serve) -> None:
    server = serve(says("An oak is a tree."))

    async def main() -> None:
        async with server.async_client() as client:
            await aask(trace_openai(client, recorder), api, way, **GIVEN[api])

    if is_async:
        asyncio.run(main())
    else:
        ask(trace_openai(server.client(), recorder), api, way, **GIVEN[api])
    [run] = recorder.runs
    assert drawn(run) == {"input>llm"}
    assert run.output.data == "An oak is a tree."
    assert run.output.info["name"] == MODEL  # type: ignore[attr-defined]
    assert "partial" not in run.output.info  # type: ignore[attr-defined]
    assert not run.is_active


def test_a_call_of_a_block_is_in_its_run_alone(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(*map(says, ("One.", "Two.", "Three."))).client(), recorder)
    asked(client)
    with recorder.run() as run:
        asked(client)
    asked(client)
    assert [each.output.data for each in recorder.runs] == ["One.", "Two.", "Three."]
    assert recorder.runs[1] is run


def test_a_thread_that_knows_the_run_is_in_it(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("One.")).client(), recorder)
    with ThreadPoolExecutor(1) as pool, recorder.run() as outer, recorder.run() as inner:
        pool.submit(contextvars.copy_context().run, asked, client).result()
    assert drawn(inner) == {"input>llm"}
    assert outer.calls == []


def test_a_thread_without_context_belongs_to_the_only_run(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("One.")).client(), recorder)
    with ThreadPoolExecutor(1) as pool, recorder.run() as run:
        pool.submit(asked, client).result()
    assert drawn(run) == {"input>llm"}


def test_other_requests_are_no_calls(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve().client(), recorder)
    with recorder.run() as run:
        client.models.list()
    assert run.calls == []
    with pytest.raises(NothingRecorded, match="no call was recorded"):
        _ = run.output


def test_nothing_was_recorded_yet() -> None:
    with pytest.raises(NothingRecorded, match="nothing was recorded yet"):
        _ = Recorder().last


# --- what a node holds


@pytest.mark.parametrize(
    ("reply", "data"),
    [
        (says("A tree."), "A tree."),
        (refuses("I may not."), "I may not."),
        (asks(("find", {"name": "oak"})), {"tool_calls": [{"name": "find", "args": {"name": "oak"}}]}),
        (asks(("find", "oak{")), {"tool_calls": [{"name": "find", "args": "oak{"}]}),
        (asks(("find", {}), text="Let me see."), {"text": "Let me see.", "tool_calls": [{"name": "find", "args": {}}]}),
    ],
)
@pytest.mark.parametrize("way", ["create", "streamed", "raw"])
@pytest.mark.parametrize("api", APIS)
def test_the_data_of_a_node(api: str, way: str, reply: Any, data: Any, recorder: Recorder, serve: Serve) -> None:
    ask(trace_openai(serve(reply).client(), recorder), api, way, **GIVEN[api])
    assert recorder.last.output.data == data


def test_several_choices_are_a_list(recorder: Recorder, serve: Serve) -> None:
    reply = choices(says("A tree."), asks(("find", {"name": "oak"})))
    asked(trace_openai(serve(reply).client(), recorder), n=2)
    assert recorder.last.output.data == ["A tree.", {"tool_calls": [{"name": "find", "args": {"name": "oak"}}]}]


def test_embeddings_are_counted(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(embeds((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))).client(), recorder)
    client.embeddings.create(model="text-embedding-3-small", input=["oak", "fir"])
    assert recorder.last.output.data == "2 embeddings of 3 numbers"
    assert recorder.last.output.op == "function"  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", ["create", "streamed", "stream", "raw", "streaming response"])
@pytest.mark.parametrize("api", APIS)
def test_usage_is_under_the_same_names(api: str, way: str, recorder: Recorder, serve: Serve) -> None:
    more = {"stream_options": {"include_usage": True}} if api == CHAT and way in ("streamed", "stream") else {}
    ask(trace_openai(serve(says("A tree.")).client(), recorder), api, way, **GIVEN[api], **more)
    info: Any = recorder.last.output.info  # type: ignore[attr-defined]
    assert set(info["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert all(number > 0 for number in info["usage"].values())
    assert info["finish_reason"] == ("stop" if api == CHAT else "completed")
    assert info["seconds"] > 0
    assert isinstance(info["id"], str)


# --- outputs


class Tree(BaseModel):
    """A tree."""

    name: str


def test_the_output_of_what_the_api_gave(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("An oak is a tree."), says("A fir is one too.")).client(), recorder)
    completion, response = asked(client), client.responses.create(model=MODEL, input="And a fir?")
    first, second = (run.output for run in recorder.runs)
    for result in (completion, completion.choices[0].message, completion.choices[0].message.content):
        assert recorder.output(result) is first
    for result in (response, response.output[0], response.output_text):
        assert recorder.output(result) is second
    with pytest.raises(AmbiguousOutput, match="no recorded run gave this result"):
        recorder.output("An elm is one too.")


def test_the_output_of_parsed_answers(recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve(gives({"name": "oak"}), gives({"name": "fir"})).client(), recorder)
    completion = client.chat.completions.parse(model=MODEL, messages=MESSAGES, response_format=Tree)
    response = client.responses.parse(model=MODEL, input="A tree.", text_format=Tree)
    assert recorder.runs[0].output.data == '{"name": "oak"}'
    assert recorder.output(completion) is recorder.output(completion.choices[0].message) is recorder.runs[0].output
    assert recorder.output(response) is recorder.runs[1].output
    assert recorder.output(completion.choices[0].message.parsed) is recorder.runs[0].output
    assert recorder.output(response.output_parsed) is recorder.runs[1].output
    assert recorder.output({"name": "oak"}) is recorder.runs[0].output  # equal, as the program may have parsed it


@pytest.mark.parametrize("text", ['{"name": "oak"}', '{"name":"oak"}'])
def test_the_output_of_what_was_put_together_from_a_stream(text: str, recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve(says(text), says('{"name": "fir"}')).client(), recorder)
    with client.chat.completions.stream(**GIVEN[CHAT], response_format=Tree) as events:
        completion = events.get_final_completion()
    with client.responses.stream(**GIVEN[RESPONSE], text_format=Tree) as events:
        response = events.get_final_response()
    first, second = (run.output for run in recorder.runs)
    assert recorder.output(completion) is recorder.output(completion.choices[0].message.parsed) is first
    assert recorder.output(response) is recorder.output(response.output_parsed) is second


def test_two_runs_that_gave_the_same_text_are_told_apart_by_the_object(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("A tree."), says("A tree.")).client(), recorder)
    results = [asked(client) for _ in range(2)]
    assert [recorder.output(each) for each in results] == [run.output for run in recorder.runs]
    assert recorder.output(results[1]) is recorder.runs[1].output
    with pytest.raises(AmbiguousOutput, match="2 recorded runs gave this result"):
        recorder.output("A tree.")


# --- errors


@pytest.mark.parametrize(("api", "way"), [(CHAT, "create"), (CHAT, "stream"), (CHAT, "raw"), (RESPONSE, "parse")])
def test_an_error_is_a_node_and_leaves_as_it_is(api: str, way: str, recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(fails(429, "Slow down.")).client(), recorder)
    with recorder.run() as run, pytest.raises(openai.RateLimitError) as caught:
        ask(client, api, way, **GIVEN[api])
    assert run.error is recorder.error(caught.value) is run.output
    assert isinstance(run.error, ExceptionNode)
    assert run.error.op == "llm"
    assert "Slow down." in run.error.data
    assert drawn(run) == {"input>llm!"}


def test_retries_are_one_call(recorder: Recorder, serve: Serve) -> None:
    server = serve(fails(500, retry_after=0.001), fails(500, retry_after=0.001), says("A tree."))
    asked(trace_openai(server.client(max_retries=2), recorder))
    assert len(server.requests) == 3
    [run] = recorder.runs
    assert len(run.calls) == 1
    assert run.output.data == "A tree."


def test_an_error_in_the_middle_of_a_stream(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(cut()).client(), recorder)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - httpx's, which are others in other versions
        ask(client, CHAT, "streamed", **GIVEN[CHAT])
    assert recorder.error(caught.value) is recorder.last.error


def test_an_error_that_was_not_recorded(recorder: Recorder) -> None:
    with pytest.raises(AmbiguousOutput, match="no recorded run ended with this ValueError"):
        recorder.error(ValueError())


def test_a_cancelled_call_ends(recorder: Recorder, serve: Serve) -> None:
    server = serve(hangs())

    async def main() -> None:
        async with server.async_client() as client:
            task = asyncio.create_task(trace_openai(client, recorder).chat.completions.create(**GIVEN[CHAT]))
            while not server.requests:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert not recorder.last.is_active
    assert "CancelledError" in recorder.last.output.data


def test_a_mistake_in_the_arguments_is_the_sdks_own_error(recorder: Recorder, serve: Serve) -> None:
    client: Any = trace_openai(serve().client(), recorder)
    with pytest.raises(TypeError, match="Missing required arguments"):
        client.chat.completions.create(model=MODEL)
    assert recorder.runs == ()


# --- what is kept, and what is shown


def test_values_are_redacted(serve: Serve) -> None:
    def redact(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("oak", "***"))

    recorder = Recorder(redact=redact)
    client = trace_openai(serve(asks(("find", {"name": "oak"}), ids=["c1"]), says("An oak.")).client(), recorder)
    with recorder.run() as run:
        message = asked(client).choices[0].message
        told = [*MESSAGES, message, {"role": "tool", "tool_call_id": "c1", "content": "oak: a tree"}]
        client.chat.completions.create(model=MODEL, messages=told)
    assert len(run.graph.nodes) == 4
    assert "oak" not in json.dumps(run.graph.to_json())
    assert "***" in json.dumps(run.graph.to_json())


@pytest.mark.parametrize("way", ["client", "copy", "request", "function"])
def test_a_key_that_an_error_quotes_is_nowhere(way: str, recorder: Recorder, serve: Serve) -> None:
    secret = "sk-sentinel-5f2e9c"
    keys: dict[str, Any] = {"client": secret, "function": lambda: secret}
    client = serve(fails(401, f"Incorrect key: {secret}.")).client(api_key=keys.get(way, KEY))
    trace_openai(client, recorder)
    if way == "copy":
        client = client.with_options(api_key=secret)
    more: dict[str, Any] = {}
    if way == "request":
        more = {"extra_headers": {"Authorization": secret}, "extra_query": {"user": secret}}
    with pytest.raises(openai.AuthenticationError, match=secret):  # the program's own error is left alone
        asked(client, **more)
    del client
    gc.collect()
    run = recorder.last
    assert "Incorrect key: ***." in run.output.data
    assert secret not in f"{run.explain()} {json.dumps(run.graph.to_json())} {run.calls!r}"


def test_headers_and_settings_of_a_request_are_not_recorded(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("A tree.")).client(), recorder)
    asked(client, extra_headers={"X-Key": "header-secret"}, extra_query={"key": "query-secret"}, user="user-7")
    graph = recorder.last.graph
    shown = json.dumps(graph.to_json()) + repr([getattr(each, "info", None) for each in graph.nodes])
    for secret in (KEY, "header-secret", "query-secret", "user-7"):
        assert secret not in shown


def test_old_runs_are_let_go(serve: Serve) -> None:
    recorder = Recorder(max_runs=2)
    client = trace_openai(serve(*map(says, ("One.", "Two.", "Three."))).client(), recorder)
    results = [asked(client) for _ in range(3)]
    assert [run.output.data for run in recorder.runs] == ["Two.", "Three."]
    with pytest.raises(AmbiguousOutput):
        recorder.output(results[0])
    recorder.clear()
    assert recorder.runs == ()


def test_a_run_leaves_no_context_variable(recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("A tree.")).client(), recorder)
    before = dict(contextvars.copy_context())
    with recorder.run():
        asked(client)
    after = dict(contextvars.copy_context())
    changed = {each.name for each in {*before, *after} if before.get(each) is not after.get(each)}
    assert changed <= {"trace_runs", "trace_outermost"}  # the numbers of calls, which hold nothing


def test_a_client_and_a_stream_are_not_kept_alive(recorder: Recorder, serve: Serve) -> None:
    server = serve(says("An oak is a tree."))
    client = OpenAI(base_url=server.url, api_key=KEY)
    stream = trace_openai(client, recorder).chat.completions.create(**GIVEN[CHAT], stream=True)
    next(iter(stream))
    gone = weakref.ref(client), weakref.ref(stream)
    stream.close()
    client.close()
    del client, stream
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert not recorder.last.is_active
    assert recorder.last.output.info["partial"] is True  # type: ignore[attr-defined]


@pytest.mark.parametrize("api", APIS)
def test_a_stream_that_nobody_read_gave_nothing(api: str, recorder: Recorder, serve: Serve) -> None:
    client = trace_openai(serve(says("A tree.")).client(), recorder)
    stream = resource_of(client, api).create(**GIVEN[api], stream=True)
    assert recorder.last.is_active
    stream.close()
    assert not recorder.last.is_active
    assert recorder.last.output.data is None
    assert recorder.last.output.info["partial"] is True  # type: ignore[attr-defined]


def test_memory_stays_flat_over_five_hundred_runs(serve: Serve) -> None:
    recorder = Recorder(max_runs=2)
    server = serve(lambda body: says("A tree."))
    client = trace_openai(server.client(), recorder)
    expose(client, prompts={"prompt": "Be brief."})

    def runs(number: int) -> int:
        for index in range(number):
            with recorder.run() as run:
                text = asked(client, f"What is oak {index}?").choices[0].message.content
                for _ in client.responses.create(model=MODEL, input=f"Translate: {text}", stream=True):
                    pass
            assert run.output.data == "A tree."
            server.requests.clear()
        gc.collect()
        return len(gc.get_objects())

    runs(30)
    before = runs(50)
    assert abs(runs(500) - before) < 200


def test_a_failing_recorder_does_not_reach_the_program(
    recorder: Recorder, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("trace_core.recording.recorder.Call", breaks)
    client = trace_openai(serve(says("A tree.")).client(), recorder)
    with recorder.run() as run:
        assert asked(client).choices[0].message.content == "A tree."
    assert any("RuntimeError" in lack for lack in run.lacks)
    assert "was not recorded" in caplog.text


def test_an_answer_of_another_form_does_not_end_the_program(
    recorder: Recorder, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any) -> None:
        raise KeyError("choices")

    monkeypatch.setattr("trace_openai.hearing.read_answer", breaks)
    client = trace_openai(serve(says("A tree.")).client(), recorder)
    assert asked(client).choices[0].message.content == "A tree."
    assert "was not understood: KeyError" in caplog.text
    assert not recorder.last.is_active


async def test_an_asynchronous_client_is_one(recorder: Recorder, serve: Serve) -> None:
    async with serve(says("A tree.")).async_client() as client:
        assert isinstance(trace_openai(client, recorder), AsyncOpenAI)
        completion = await resource_of(client, CHAT).create(**GIVEN[CHAT])
    assert recorder.output(completion).data == "A tree."
