from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from trace_core.errors import LLMError
from trace_core.llm import CachedChat, Completion, Message, ReplayChat, Usage


class Counting:
    """A model that answers with the question and how many it was asked."""

    def __init__(self, fingerprint: str = "counting") -> None:
        self.fingerprint = fingerprint
        self.asked = 0

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        self.asked += 1
        return Completion(f"{messages[-1]['content']} {self.asked}", Usage(1, 5, 2), "c", "length")

    async def acomplete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Completion:
        return self.complete(messages, schema)


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def test_the_second_answer_is_the_first_and_costs_nothing(tmp_path: Path) -> None:
    model = CachedChat(Counting(), tmp_path / "folder" / "answers")
    first, second = model.complete(ask("a")), model.complete(ask("a"))
    assert (first.text, second.text) == ("a 1", "a 1")
    assert (first.usage, second.usage) == (Usage(1, 5, 2), Usage(calls=0))
    assert (second.model, second.finish_reason) == ("c", "length")


async def test_sync_and_async_share_answers_and_so_do_later_models(tmp_path: Path) -> None:
    assert CachedChat(Counting(), tmp_path / "answers").complete(ask("a")).text == "a 1"
    model = Counting()
    assert (await CachedChat(model, tmp_path / "answers").acomplete(ask("a"))).text == "a 1"
    assert model.asked == 0


def test_another_model_schema_role_or_order_is_another_question(tmp_path: Path) -> None:
    path = tmp_path / "answers"
    model = Counting()
    cached = CachedChat(model, path)
    cached.complete(ask("a"))
    cached.complete(ask("a"), {"a": 1, "b": 2})
    cached.complete(ask("a"), {"b": 2, "a": 1})
    cached.complete([{"role": "system", "content": "a"}])
    CachedChat(model, path, fingerprint="other").complete(ask("a"))
    assert model.asked == 5


def test_errors_are_not_remembered(tmp_path: Path) -> None:
    model = CachedChat(ReplayChat([LLMError("down"), "up"]), tmp_path / "answers", fingerprint="replay")
    with pytest.raises(LLMError, match="down"):
        model.complete(ask("a"))
    assert model.complete(ask("a")).text == "up"


def test_a_model_that_does_not_say_what_it_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LLMError, match="fingerprint"):
        CachedChat(ReplayChat([]), tmp_path / "answers")


def test_an_answer_with_half_a_character_survives(tmp_path: Path) -> None:
    model = CachedChat(ReplayChat(["a\ud800\0b"]), tmp_path / "answers", fingerprint="replay")
    assert [model.complete(ask("\udfff")).text for _ in range(2)] == ["a\ud800\0b"] * 2


def test_what_was_asked_is_not_in_the_file(tmp_path: Path) -> None:
    CachedChat(ReplayChat(["fine"]), tmp_path / "answers", fingerprint="replay").complete(ask("my secret"))
    assert b"secret" not in (tmp_path / "answers").read_bytes()


def test_a_file_that_is_no_cache_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes " * 100)
    model = Counting()
    with pytest.raises(LLMError, match=r"notes\.txt"):
        CachedChat(model, path).complete(ask("a"))
    assert model.asked == 0
    assert path.read_text().startswith("these are my notes")


def test_an_answer_that_cannot_be_stored_is_still_given(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "answers"

    def break_the_file(messages: Sequence[Message]) -> str:
        path.write_text("broken " * 1000)
        return "paid for"

    model = CachedChat(ReplayChat([break_the_file]), path, fingerprint="replay")
    with caplog.at_level(logging.WARNING):
        assert model.complete(ask("a")).text == "paid for"
    assert "not stored" in caplog.text


def test_threads_share_one_file(tmp_path: Path) -> None:
    model = CachedChat(Counting(), tmp_path / "answers")
    got: list[str] = []

    def work() -> None:
        got.extend(model.complete(ask(str(number))).text.split()[0] for number in range(10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=int) == sorted([str(number) for number in range(10)] * 4, key=int)


async def test_tasks_share_one_file(tmp_path: Path) -> None:
    model = CachedChat(Counting(), tmp_path / "answers")
    answers = await asyncio.gather(*(model.acomplete(ask(str(number))) for number in range(10)))
    assert [answer.text.split()[0] for answer in answers] == [str(number) for number in range(10)]


def test_processes_share_one_file(tmp_path: Path) -> None:
    program = """
import sys
from trace_core.llm import CachedChat, ReplayChat
model = CachedChat(ReplayChat([sys.argv[2]] * 20), sys.argv[1], fingerprint="replay")
for number in range(20):
    model.complete([{"role": "user", "content": str(number)}])
"""
    path = tmp_path / "answers"
    processes = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("a", "b")]
    assert [process.wait() for process in processes] == [0, 0]
    model = CachedChat(ReplayChat([]), path, fingerprint="replay")
    assert {model.complete(ask(str(number))).text for number in range(20)} <= {"a", "b"}


def test_a_setting_that_is_changed_later_is_another_question(tmp_path: Path) -> None:
    model = Counting("temperature 0")
    cached = CachedChat(model, tmp_path / "answers")
    assert cached.complete(ask("a")).text == "a 1"
    model.fingerprint = "temperature 1"
    assert cached.complete(ask("a")).text == "a 2"
