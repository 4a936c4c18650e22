from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from trace_core.errors import LLMError
from trace_core.llm import Message, ReplayChat


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def test_answers_come_in_order_and_what_was_asked_is_kept() -> None:
    model = ReplayChat(["red", lambda messages: messages[-1]["content"].upper()])
    assert [model.complete(ask("a")).text, model.complete(ask("b")).text] == ["red", "B"]
    assert model.calls == [ask("a"), ask("b")]


def test_an_exception_in_the_script_is_raised() -> None:
    model = ReplayChat([TimeoutError("too slow"), "red"])
    with pytest.raises(TimeoutError, match="too slow"):
        model.complete(ask("a"))
    assert model.complete(ask("a")).text == "red"


async def test_a_script_that_has_run_out_says_so() -> None:
    model = ReplayChat(["red"])
    assert (await model.acomplete(ask("a"))).text == "red"
    with pytest.raises(LLMError, match="more than its 1"):
        await model.acomplete(ask("b"))


def test_later_changes_of_the_messages_do_not_change_the_record() -> None:
    messages = ask("a")
    model = ReplayChat(["red"])
    model.complete(messages)
    messages[0]["content"] = "changed"
    assert model.calls == [ask("a")]


def test_each_answer_is_given_once_to_many_threads() -> None:
    model = ReplayChat(str(number) for number in range(200))
    got: list[str] = []

    def work(messages: Sequence[Message]) -> None:
        got.extend(model.complete(messages).text for _ in range(25))

    threads = [threading.Thread(target=work, args=(ask("a"),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == [str(number) for number in range(200)]
