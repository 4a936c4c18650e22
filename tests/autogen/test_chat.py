"""The user's model client as the model that an optimizer asks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autogen_core.models import CreateResult, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from trace_autogen import AutoGenChat, trace

from tests.autogen.programs import asks, assistant, client
from trace_core import OptoPrime, node
from trace_core.errors import AsyncOnly, LLMError

ASKED: Any = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "content": "Because."},
    {"role": "user", "content": "Really?"},
]


class Failing(ReplayChatCompletionClient):
    """A client that raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__([])
        self.error = error

    async def create(self, *args: Any, **kwargs: Any) -> CreateResult:
        raise self.error


def test_it_asks_and_says_what_it_cost() -> None:
    model = client("Yes.")
    completion = AutoGenChat(model).complete(ASKED)
    assert (completion.text, completion.finish_reason) == ("Yes.", "stop")
    assert (completion.usage.calls, completion.usage.completion_tokens) == (1, 1)
    messages = model.create_calls[0]["messages"]
    assert [(m.type, m.content) for m in messages] == [
        ("SystemMessage", "Be brief."),
        ("UserMessage", "Why?"),
        ("AssistantMessage", "Because."),
        ("UserMessage", "Really?"),
    ]


async def test_it_can_be_awaited() -> None:
    assert (await AutoGenChat(client("Yes.")).acomplete(ASKED)).text == "Yes."


async def test_it_can_be_asked_inside_a_running_loop_time_and_again() -> None:
    chat = AutoGenChat(client("one", "two"))
    assert [chat.complete(ASKED).text for _ in range(2)] == ["one", "two"]


def test_a_cut_answer_says_so() -> None:
    cut = CreateResult(
        finish_reason="length", content="Ye", usage=RequestUsage(prompt_tokens=1, completion_tokens=1), cached=False
    )
    assert AutoGenChat(client(cut)).complete(ASKED).finish_reason == "length"


def test_an_answer_that_is_no_text_is_an_error() -> None:
    with pytest.raises(LLMError, match="called functions"):
        AutoGenChat(client(asks(("add", "{}")))).complete(ASKED)


async def test_an_error_does_not_repeat_what_a_provider_said() -> None:
    chat = AutoGenChat(Failing(ValueError("Authorization: Bearer sk-secret")))
    with pytest.raises(LLMError, match="ValueError") as caught:
        chat.complete(ASKED)
    assert "sk-secret" not in str(caught.value)
    with pytest.raises(LLMError, match="ValueError") as caught:
        await chat.acomplete(ASKED)
    assert "sk-secret" not in str(caught.value)


def test_a_client_that_belongs_to_another_loop_can_only_be_awaited() -> None:
    chat = AutoGenChat(Failing(RuntimeError("got Future attached to a different loop")))
    with pytest.raises(AsyncOnly, match="astep"):
        chat.complete(ASKED)


def test_what_is_no_client_is_refused() -> None:
    with pytest.raises(TypeError, match="str"):
        AutoGenChat("gpt-4.1")  # type: ignore[arg-type]


async def test_what_it_is_asked_is_no_call_of_the_program() -> None:
    agent = assistant("writer", "one", "two")
    recorder = trace(agent)
    with recorder.run() as run:
        await agent.run(task="go")
        await AutoGenChat(agent._model_client).acomplete(ASKED)
    assert len([call for call in run.calls if call.kind == "llm"]) == 1


async def test_an_optimizer_steps_with_it() -> None:
    rules = node("Be brief.", trainable=True, name="rules")
    (rules + "!").backward("be friendly")
    answer = '{"reasoning": "r", "suggestion": {"rules": "Be friendly."}}'
    optimizer = OptoPrime([rules], llm=AutoGenChat(client(answer)))
    await optimizer.astep()
    assert rules.data == "Be friendly."


class Connected(ReplayChatCompletionClient):
    """A client with a connection that belongs to the loop in which it was made."""

    loop: Any = None

    async def create(self, *args: Any, **kwargs: Any) -> CreateResult:
        here = asyncio.get_running_loop()
        self.loop = self.loop or here
        if self.loop is not here:
            raise RuntimeError("is bound to a different event loop")
        return await super().create(*args, **kwargs)

    def __setstate__(self, state: Any) -> None:
        vars(self).update(state | {"loop": None})


async def test_where_connections_belong_to_a_loop_a_copy_is_asked_in_the_other() -> None:
    agent = assistant("writer")
    vars(agent)["_model_client"] = model = Connected(["one", "two", "three"])
    recorder = trace(agent)
    await agent.run(task="go")
    chat = AutoGenChat(model)
    assert chat.complete(ASKED).text == "two"
    assert (await chat.acomplete(ASKED)).text == "two"
    await agent.run(task="on")
    assert len(recorder.runs) == 2


def test_its_loop_ends_with_it() -> None:
    chat = AutoGenChat(client("one"))
    chat.complete(ASKED)
    loop = chat._loop._loop
    assert loop is not None
    del chat
    asyncio.run(_until(loop.is_closed))


async def _until(reached: Any) -> None:
    while not reached():
        await asyncio.sleep(0)
