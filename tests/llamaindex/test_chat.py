"""The user's LLM as the model that an optimizer asks."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from pydantic import PrivateAttr
from trace_llamaindex import LlamaIndexChat, Recorder

from tests.llamaindex.programs import Scripted
from trace_core import OptoPrime, node
from trace_core.errors import LLMError

ASKED: Any = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "content": "Because."},
    {"role": "user", "content": "Really?"},
]


class Raw(Scripted):
    """A model that says what its answer took, and why it ended."""

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        usage = {"prompt_tokens": 12, "completion_tokens": 3}
        raw = {"choices": [{"finish_reason": "length"}], "usage": usage}
        return ChatResponse(message=ChatMessage(role="assistant", content="Yes."), raw=raw)


class Refused(Exception):
    """A request that a server does not take."""

    status_code = 400


class Structured(Scripted):
    """A model that takes a schema, if the server does."""

    _formats: list[Any] = PrivateAttr(default_factory=list)

    def _should_use_structure_outputs(self) -> bool:
        return True

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        self._formats.append(kwargs.get("response_format"))
        return super().chat(messages)

    async def achat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        return self.chat(messages, **kwargs)


def test_it_asks_and_says_what_was_answered() -> None:
    llm = Scripted("Yes.")
    completion = LlamaIndexChat(llm).complete(ASKED)
    assert (completion.text, completion.finish_reason, completion.model) == ("Yes.", "stop", "scripted")
    assert completion.usage.calls == 1
    assert llm.told == [[("system", "Be brief."), ("user", "Why?"), ("assistant", "Because."), ("user", "Really?")]]


async def test_it_can_be_awaited_and_asked_inside_a_running_loop() -> None:
    chat = LlamaIndexChat(Scripted("one", "two"))
    assert (await chat.acomplete(ASKED)).text == "one"
    assert chat.complete(ASKED).text == "two"


def test_what_it_took_and_that_it_was_cut() -> None:
    completion = LlamaIndexChat(Raw()).complete(ASKED)
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (12, 3)
    assert completion.finish_reason == "length"


async def test_a_schema_is_sent_where_the_model_takes_one() -> None:
    llm, schema = Structured("{}", "{}", "{}"), {"type": "object"}
    chat = LlamaIndexChat(llm)
    chat.complete(ASKED, schema)
    await chat.acomplete(ASKED, schema)
    chat.complete(ASKED)
    sent = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    assert llm._formats == [sent, sent, None]
    assert LlamaIndexChat(Scripted("Yes.")).complete(ASKED, schema).text == "Yes."


async def test_a_schema_that_is_refused_is_not_sent_again() -> None:
    llm, schema = Structured(Refused(), "one", "two"), {"type": "object"}
    chat = LlamaIndexChat(llm)
    assert chat.complete(ASKED, schema).text == "one"
    assert (await chat.acomplete(ASKED, schema)).text == "two"
    assert [each is not None for each in llm._formats] == [True, False, False]


def test_another_error_is_no_refusal() -> None:
    llm = Structured(ValueError(), "one")
    with pytest.raises(LLMError, match="ValueError"):
        LlamaIndexChat(llm).complete(ASKED, {"type": "object"})


def test_an_error_does_not_say_what_the_provider_said() -> None:
    with pytest.raises(LLMError, match=r"LlamaIndexChat\(Scripted\) could not be asked: ValueError") as caught:
        LlamaIndexChat(Scripted(ValueError("sk-sentinel"))).complete(ASKED)
    assert "sk-sentinel" not in str(caught.value)
    assert "sk-sentinel" in "".join(traceback.format_exception(caught.value))  # it is the cause, for those who look


async def test_an_answer_without_a_text() -> None:
    with pytest.raises(LLMError, match="gave no text"):
        await LlamaIndexChat(Scripted([("add", {"a": 1})])).acomplete(ASKED)


def test_something_else_than_a_model() -> None:
    with pytest.raises(TypeError, match="a LlamaIndex LLM is expected, not str"):
        LlamaIndexChat("gpt-4.1")  # type: ignore[arg-type]


def test_the_longest_answer_is_the_models_if_it_says_so() -> None:
    assert LlamaIndexChat(Scripted()).max_tokens is None
    assert LlamaIndexChat(Scripted(), max_tokens=9).max_tokens == 9


def test_a_key_is_not_shown() -> None:
    assert "sk-sentinel" not in repr(LlamaIndexChat(Scripted(api_key="sk-sentinel")))


def test_an_optimizer_asks_it_and_nothing_of_that_is_recorded() -> None:
    style = node("terse", trainable=True, name="style")
    (style + "!").backward("be friendly")
    recorder = Recorder().instrument()
    try:
        with recorder.run() as run:
            OptoPrime(style, LlamaIndexChat(Scripted("```\nfriendly\n```"))).step()
    finally:
        recorder.uninstrument()
    assert style.data == "friendly"
    assert run.calls == []
    assert recorder.runs == (run,)
