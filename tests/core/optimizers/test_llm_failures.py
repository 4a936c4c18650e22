"""LLMs that fail in a step: what is recorded, what is raised, and that nothing was changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.core.llm.chat_server import SECRET, Server, fail, running_server, send
from tests.core.llm.chat_server import answer as body
from tests.core.optimizers.small_agent import (
    BEFORE,
    agent,
    calls,
    learner,
    run,
    suggesting,
    values,
    versions,
)
from trace_core.errors import AsyncOnly, BudgetExceeded, LLMError, NoLLM
from trace_core.llm.chat import Completion
from trace_core.llm.openai import OpenAIChat
from trace_core.llm.replay import ReplayChat
from trace_core.optimizers import OPRO, NothingChanged, Optimizer, OptoPrime, TextGrad


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("error", [NoLLM, AsyncOnly, BudgetExceeded])
def test_where_no_llm_may_be_asked_the_step_raises_and_leaves_all_as_it_was(kind: Any, error: type[LLMError]) -> None:
    optimizer = learner(error("not allowed"), suggesting(style="friendly"), kind=kind)
    with pytest.raises(error, match="not allowed"):
        optimizer.step()
    assert (values(optimizer), versions(optimizer), optimizer.history) == (BEFORE, [0, 0], [])
    assert len(optimizer.parameters["style"].feedback) == 1


def test_a_budget_that_ends_before_a_retry_keeps_what_was_paid_for_and_the_next_step_raises() -> None:
    optimizer = learner(suggesting(style="friendly", count=99), BudgetExceeded("spent"), BudgetExceeded("spent"))
    record = optimizer.step()
    assert record.changed == ["style"]
    assert record.refusals["llm"] == "spent"
    with pytest.raises(BudgetExceeded):
        optimizer.step()


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
def test_a_budget_that_ends_after_a_question_was_paid_for_leaves_a_record(kind: Any) -> None:
    optimizer = learner("nonsense", BudgetExceeded("spent"), BudgetExceeded("spent"), kind=kind)
    with pytest.warns(NothingChanged, match="spent"):
        record = optimizer.step()
    assert (record.usage.calls, optimizer.history) == (1, [record])
    assert values(optimizer) == BEFORE
    with pytest.raises(BudgetExceeded):
        optimizer.step()


def test_a_failure_at_a_retry_keeps_what_was_refused_before() -> None:
    optimizer = learner(suggesting(style="loud"), LLMError("HTTP 500"))
    with pytest.warns(NothingChanged):
        record = optimizer.step()
    assert list(record.refusals) == ["style", "llm"]


class Gives:
    """Breaks the contract of a chat model."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def complete(self, messages: Any, schema: Any = None) -> Any:
        return self.given() if callable(self.given) else self.given

    async def acomplete(self, messages: Any, schema: Any = None) -> Any:
        return self.complete(messages, schema)


async def _later() -> None:
    """Is never awaited."""


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("billing", "not str"),
        (Completion(None), "not one of NoneType"),
        (_later, "not coroutine"),
        (None, "not NoneType"),
    ],  # type: ignore[arg-type]
)
async def test_a_model_that_breaks_the_contract_is_told_what_it_must_give(given: Any, what: str, face: str) -> None:
    optimizer = OptoPrime(agent(), Gives(given))
    run(optimizer.parameters).backward("be friendlier")
    name = "acomplete" if face == "async" else "complete"
    with pytest.raises(TypeError, match=rf"Gives\.{name}\(\) must return a Completion with a text, {what}"):
        await optimizer.astep() if face == "async" else optimizer.step()
    assert (values(optimizer), optimizer.history) == (BEFORE, [])


def test_what_is_no_chat_model_is_named() -> None:
    optimizer = OptoPrime(agent(), object())  # type: ignore[arg-type]
    run(optimizer.parameters).backward("be friendlier")
    with pytest.raises(TypeError, match=r"object is no chat model: it has no method complete"):
        optimizer.step()


def test_without_any_llm_the_step_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trace_core.llm.default.default_llm", lambda _: (_ for _ in ()).throw(NoLLM("three ways")))
    optimizer = OptoPrime(agent())
    run(optimizer.parameters).backward("be friendlier")
    with pytest.raises(NoLLM, match="three ways"):
        optimizer.step()


def test_the_llm_is_found_at_the_first_step_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[ReplayChat] = []

    def default(llm: object = None) -> ReplayChat:
        found.append(ReplayChat([suggesting(count=2), suggesting(count=3)]))
        return found[-1]

    monkeypatch.setattr("trace_core.llm.default.default_llm", default)
    optimizer = OptoPrime(agent())
    run(optimizer.parameters).backward("be friendlier")
    assert found == []
    optimizer.step()
    optimizer.step()
    assert len(found) == 1
    assert values(optimizer)["count"] == 3


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("face", ["sync", "async"])
async def test_an_llm_that_fails_makes_a_recorded_no_op(kind: Any, face: str) -> None:
    optimizer = learner(LLMError("m: HTTP 500, the server failed"), kind=kind)
    with pytest.warns(NothingChanged, match="llm: m: HTTP 500, the server failed"):
        record = await optimizer.astep() if face == "async" else optimizer.step()
    assert record.refusals == {"llm": "m: HTTP 500, the server failed"}
    assert record.messages == calls(optimizer)[-1]
    assert (values(optimizer), versions(optimizer)) == (BEFORE, [0, 0])
    assert optimizer.history == [record]
    assert "refused llm: m: HTTP 500" in str(record)


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
@pytest.mark.parametrize("face", ["sync", "async"])
async def test_any_other_error_of_a_users_model_is_the_users(kind: Any, face: str) -> None:
    optimizer = learner(ZeroDivisionError("mine"), kind=kind)
    with pytest.raises(ZeroDivisionError, match="mine"):
        await optimizer.astep() if face == "async" else optimizer.step()
    assert (values(optimizer), versions(optimizer), optimizer.history) == (BEFORE, [0, 0], [])


def test_after_a_failure_the_next_step_works() -> None:
    optimizer = learner(LLMError("HTTP 500"), suggesting(style="friendly"))
    with pytest.warns(NothingChanged):
        optimizer.step()
    assert optimizer.step().changed == ["style"]


# --- over HTTP


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def over_http(server: Server, kind: type[Optimizer] = OptoPrime, **options: Any) -> Optimizer:
    """An optimizer whose LLM is the server; the agent has run once."""
    chat = OpenAIChat("m", server.url, SECRET, **{"max_retries": 0, "timeout": 20, **options})
    optimizer = kind(agent(), chat)
    run(optimizer.parameters).backward("be friendlier")
    return optimizer


FAILURES = [
    ("401", fail(401, f"Incorrect API key provided: {SECRET}"), "HTTP 401, the key was not accepted"),
    ("403", fail(403, f"{SECRET} may not"), "HTTP 403"),
    ("404", fail(404, "no such model"), "HTTP 404"),
    ("429", fail(429, "slow down", **{"Retry-After": "0.001"}), "HTTP 429, too many requests"),
    ("500", fail(500), "HTTP 500, the server failed"),
    ("503 that is no JSON", send(b"<html>" + SECRET.encode() + b"</html>", 503), "HTTP 503"),
    ("timeout", "hold", "no answer in time"),
    ("cut connection", "cut", "cut"),
    ("empty choices", send({**body(), "choices": []}), "without any choice"),
    ("no text", send(body(None)), "gave no text"),
    ("refusal", send(body(None, refusal="I will not")), "refused: I will not"),
    ("no JSON", send(b'{"id": "1", "choi'), "cannot be read"),
    ("another protocol", send({"hello": "world"}), ""),
]


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(("reply", "reason"), [each[1:] for each in FAILURES], ids=[each[0] for each in FAILURES])
async def test_a_server_that_fails_makes_a_recorded_no_op(server: Server, reply: Any, reason: str, face: str) -> None:
    server.replies = [getattr(server, reply) if isinstance(reply, str) else reply]
    optimizer = over_http(server, timeout=0.2 if reply == "hold" else 20)
    with pytest.warns(NothingChanged, match="the step changed nothing: llm: ") as caught:
        record = await optimizer.astep() if face == "async" else optimizer.step()
    assert list(record.refusals) == ["llm"]
    assert reason in record.refusals["llm"]
    assert (values(optimizer), versions(optimizer)) == (BEFORE, [0, 0])
    assert (record.before, record.after, record.proposal, record.changed) == (BEFORE, BEFORE, None, [])
    assert optimizer.history == [record]
    assert server.requests[0]["messages"] == record.messages
    for text in (str(record), repr(record), str(caught[0].message), repr(optimizer.llm)):
        assert SECRET not in text


def test_a_server_that_cannot_be_reached_makes_a_recorded_no_op() -> None:
    with running_server() as gone:
        pass
    optimizer = over_http(gone)
    with pytest.warns(NothingChanged, match="not reached"):
        record = optimizer.step()
    assert values(optimizer) == BEFORE
    assert SECRET not in repr(record)


@pytest.mark.parametrize("kind", [OptoPrime, OPRO, TextGrad])
def test_a_server_that_fails_between_two_questions_changes_nothing(server: Server, kind: Any) -> None:
    server.replies = [send(body(suggesting(style="loud"))), fail(500)]
    optimizer = over_http(server, kind)
    with pytest.warns(NothingChanged, match="HTTP 500"):
        record = optimizer.step()
    assert record.usage.calls == 1
    assert values(optimizer) == BEFORE


def test_once_the_server_is_well_again_the_next_step_works(server: Server) -> None:
    server.replies = [fail(500), send(body(suggesting(style="friendly")))]
    optimizer = over_http(server)
    with pytest.warns(NothingChanged):
        optimizer.step()
    record = optimizer.step()
    assert record.changed == ["style"]
    assert (record.usage.calls, record.usage.prompt_tokens, record.usage.completion_tokens) == (1, 7, 3)
    schema = server.requests[-1]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]["suggestion"]["properties"]) == ["style", "count"]


def test_an_answer_that_the_server_cut_is_not_used(server: Server) -> None:
    cut = body(suggesting(style="friendly"))
    cut["choices"][0]["finish_reason"] = "length"
    server.replies = [send(cut)]
    optimizer = over_http(server)
    with pytest.warns(NothingChanged, match="cut off at the token limit"):
        optimizer.step()
    assert values(optimizer) == BEFORE
