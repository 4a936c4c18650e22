from __future__ import annotations

import asyncio
import pickle
import traceback
from typing import Any

import pytest

from tests.core.llm.chat_server import SECRET, Reply, Server, answer, fail, send
from trace_core.errors import LLMError, NoLLM
from trace_core.llm import Completion, Message, OpenAIChat

QUESTION: list[Message] = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def chat(server: Server, **settings: Any) -> OpenAIChat:
    return OpenAIChat("m", server.url, SECRET, **{"max_retries": 0, "timeout": 20, **settings})


@pytest.fixture(params=["sync", "async", "sync in a running loop"])
def ask(request: pytest.FixtureRequest) -> Any:
    """The three ways to ask, each as a plain function."""

    def plainly(model: OpenAIChat, schema: dict[str, Any] | None = None) -> Completion:
        return model.complete(QUESTION, schema)

    def awaited(model: OpenAIChat, schema: dict[str, Any] | None = None) -> Completion:
        return asyncio.run(model.acomplete(QUESTION, schema))

    def inside(model: OpenAIChat, schema: dict[str, Any] | None = None) -> Completion:
        async def main() -> Completion:
            return model.complete(QUESTION, schema)

        return asyncio.run(main())

    return {"sync": plainly, "async": awaited, "sync in a running loop": inside}[request.param]


def whole_text(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


def test_an_answer_comes_with_its_usage(server: Server, ask: Any) -> None:
    completion = ask(chat(server, seed=4, max_tokens=9))
    assert completion.text == "hello"
    assert (completion.usage.calls, completion.usage.prompt_tokens, completion.usage.completion_tokens) == (1, 7, 3)
    request = server.requests[0]
    assert (request["temperature"], request["seed"], request["max_tokens"]) == (0.0, 4, 9)
    assert "response_format" not in request


def test_an_answer_cut_at_the_limit_says_so(server: Server) -> None:
    body = answer()
    body["choices"][0]["finish_reason"] = "length"
    server.replies = [send(body)]
    assert chat(server).complete(QUESTION).finish_reason == "length"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (fail(401, f"Incorrect API key provided: {SECRET}"), "401, the key was not accepted"),
        (fail(403), "403, the key may not"),
        (fail(404), "404, no such model"),
        (fail(429, **{"Retry-After": "0.001"}), "429, too many requests"),
        (fail(500), "500, the server failed"),
        (send({**answer(), "choices": []}), "without any choice"),
        (send({"object": "chat.completion"}), "without any choice"),
        (send(answer([{"type": "text"}])), "OpenAI's chat protocol"),
        (send({**answer(), "usage": "much"}), "OpenAI's chat protocol"),
        (send(answer(None)), "gave no text"),
        (send(answer(None, refusal="I will not")), "refused: I will not"),
        (send(b'{"id": "1", "choices": ['), "cannot be read"),
        (send(b"[1, 2]"), "OpenAI's chat protocol"),
        (send(b'"<html>"'), "OpenAI's chat protocol"),
        (send(b"null"), "OpenAI's chat protocol"),
        (send({"choices": [None]}), "OpenAI's chat protocol"),
        (send({"choices": "none"}), "OpenAI's chat protocol"),
        (fail(418, "x" * 100_000), "418, refused"),
    ],
)
def test_a_failure_is_an_llm_error_that_says_why(server: Server, ask: Any, reply: Reply, reason: str) -> None:
    server.replies = [reply]
    with pytest.raises(LLMError, match=reason) as caught:
        ask(chat(server))
    assert SECRET not in whole_text(caught.value)
    assert len(str(caught.value)) < 1_000


def test_a_cut_connection_is_an_llm_error(server: Server, ask: Any) -> None:
    server.replies = [server.cut]
    with pytest.raises(LLMError, match="connection was cut") as caught:
        ask(chat(server))
    assert type(caught.value.__cause__).__name__ == "APIConnectionError"


def test_a_server_that_does_not_answer_in_time_is_an_llm_error(server: Server, ask: Any) -> None:
    server.replies = [server.hold]
    with pytest.raises(LLMError, match="no answer in time"):
        ask(chat(server, timeout=0.05))


def test_nobody_there_is_an_llm_error(ask: Any) -> None:
    with pytest.raises(LLMError, match="not reached"):
        ask(OpenAIChat("m", "http://127.0.0.1:1/v1", SECRET, max_retries=0))


def test_the_client_tries_again_as_the_server_says(server: Server, ask: Any) -> None:
    server.replies = [fail(429, **{"Retry-After": "0.001"}), fail(500, **{"Retry-After": "0.001"}), send(answer())]
    assert ask(chat(server, max_retries=2)).text == "hello"
    assert len(server.requests) == 3


def test_a_schema_is_sent_as_response_format(server: Server, ask: Any) -> None:
    ask(chat(server), SCHEMA)
    sent = server.requests[0]["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_format_is_stepped_down_and_remembered(server: Server, ask: Any, status: int) -> None:
    server.replies = [fail(status, "json_schema?"), fail(status, "json_object?"), send(answer())]
    model = chat(server)
    assert ask(model, SCHEMA).text == "hello"
    assert ask(model, SCHEMA).text == "hello"
    forms = [request.get("response_format", {}).get("type") for request in server.requests]
    assert forms == ["json_schema", "json_object", None, None]


def test_a_refusal_for_another_reason_is_not_remembered(server: Server) -> None:
    server.replies = [fail(400, "too long")] * 3 + [send(answer())]
    model = chat(server)
    with pytest.raises(LLMError, match="too long"):
        model.complete(QUESTION, SCHEMA)
    model.complete(QUESTION, SCHEMA)
    assert server.requests[-1]["response_format"]["type"] == "json_schema"


def test_a_setting_that_the_server_names_is_left_out_from_then_on(server: Server, ask: Any) -> None:
    server.replies = [fail(400, "no", "temperature"), fail(400, "no", "max_tokens"), send(answer())]
    model = chat(server, max_tokens=5)
    ask(model, SCHEMA)
    ask(model, SCHEMA)
    for request in server.requests[2:]:
        assert "temperature" not in request
        assert "max_tokens" not in request
        assert request["max_completion_tokens"] == 5
        assert request["response_format"]["type"] == "json_schema"


def test_one_model_serves_one_event_loop_after_another_and_parallel_tasks(server: Server) -> None:
    model = chat(server)

    async def main() -> list[Completion]:
        return await asyncio.gather(*(model.acomplete(QUESTION) for _ in range(3)))

    for _ in range(2):
        assert [completion.text for completion in asyncio.run(main())] == ["hello"] * 3


def test_without_a_key_the_error_names_the_variable() -> None:
    with pytest.raises(NoLLM, match="OPENAI_API_KEY"):
        OpenAIChat("m")
    with pytest.raises(NoLLM, match="OPENAI_API_KEY"):
        OpenAIChat("m", "https://example.org/v1", api_key=" ")


def test_a_server_on_this_machine_needs_no_key(server: Server) -> None:
    assert OpenAIChat("m", server.url).complete(QUESTION).text == "hello"


def test_key_and_address_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert OpenAIChat("m").complete(QUESTION).text == "hello"


def test_the_key_is_shown_nowhere() -> None:
    model = OpenAIChat("m", f"https://user:{SECRET}@example.org/v1?key={SECRET}", SECRET)
    assert SECRET not in repr(model) + str(model) + model.fingerprint
    with pytest.raises(TypeError, match="not stored"):
        pickle.dumps(model)


@pytest.mark.parametrize("key", [f"{SECRET}\nx", f"{SECRET}é"])
def test_a_key_that_cannot_be_a_header_is_refused_unseen(key: str) -> None:
    with pytest.raises(NoLLM, match="OPENAI_API_KEY") as caught:
        OpenAIChat("m", api_key=key)
    assert SECRET not in whole_text(caught.value)


def test_a_question_that_is_no_unicode_is_an_llm_error(server: Server) -> None:
    with pytest.raises(LLMError):
        chat(server).complete([{"role": "user", "content": "\ud800"}])


def test_models_that_differ_have_different_fingerprints() -> None:
    models = [
        OpenAIChat("m", api_key=SECRET),
        OpenAIChat("n", api_key=SECRET),
        OpenAIChat("m", "https://example.org/v1", SECRET),
        OpenAIChat("m", api_key=SECRET, temperature=1.0),
        OpenAIChat("m", api_key=SECRET, max_tokens=5),
        OpenAIChat("m", api_key=SECRET, seed=5),
    ]
    assert len({model.fingerprint for model in models}) == len(models)
    assert OpenAIChat("m", api_key="another").fingerprint == models[0].fingerprint
