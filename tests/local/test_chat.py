"""`LocalChat`, with a stand-in for llama.cpp's server, and (marked `llm`) with the real model."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from trace_local import MODEL, LocalChat, chat, model_path, server

from trace_core.errors import LLMError, MissingExtra
from trace_core.llm import Message

SCHEMA = {
    "type": "object",
    "properties": {"queue": {"enum": ["billing", "delivery"]}},
    "required": ["queue"],
    "additionalProperties": False,
}


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


class FakeServer:
    """Answers with `reply`, or raises it; keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.reply: dict[str, Any] | Exception = {
            "choices": [{"message": {"content": "Blue"}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 30, "completion_tokens": 2},
            "timings": {"cache_n": 29},
        }

    def chat(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    pytest.importorskip("xllamacpp")
    fake = FakeServer()
    monkeypatch.setattr(chat, "shared_server", lambda path, settings: fake)
    return fake


def test_a_question_goes_to_the_server_with_settings_and_schema(fake: FakeServer, model_file: Path) -> None:
    completion = LocalChat(model_file, max_tokens=7, seed=3).complete(ask("Name a colour."), SCHEMA)
    assert (completion.text, completion.finish_reason, completion.model) == ("Blue", "length", "tiny.gguf")
    usage = completion.usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (1, 30, 2, 29)
    request = fake.requests[0]
    assert (request["temperature"], request["max_tokens"], request["seed"]) == (0.0, 7, 3)
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA


async def test_awaiting_is_the_same(fake: FakeServer, model_file: Path) -> None:
    assert (await LocalChat(model_file).acomplete(ask("Name a colour."))).text == "Blue"
    assert "response_format" not in fake.requests[0]


@pytest.mark.parametrize(
    "reply",
    [
        {"error": {"message": "request exceeds the context", "code": 400}},
        ValueError("request exceeds the context"),
        RuntimeError("request exceeds the context"),
    ],
)
def test_what_llama_cpp_refuses_is_an_llm_error(fake: FakeServer, model_file: Path, reply: Any) -> None:
    fake.reply = reply
    with pytest.raises(LLMError, match=r"tiny\.gguf.*exceeds the context"):
        LocalChat(model_file).complete(ask("x"))


def test_a_missing_default_model_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    monkeypatch.setenv("TRACE_CACHE", str(tmp_path))
    with pytest.raises(LLMError, match="python -m trace_local fetch"):
        LocalChat()
    with pytest.raises(LLMError, match=r"no model file .*other\.gguf"):
        LocalChat(tmp_path / "other.gguf")


def test_without_the_extra_the_error_has_the_install_line(monkeypatch: pytest.MonkeyPatch, model_file: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"trace-suite\[local\]"):
        LocalChat(model_file)


@pytest.mark.parametrize("content", [b"these are notes", b"", b"GGUF but nothing after it"])
def test_a_file_that_is_no_model_is_an_llm_error(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "notes.gguf"
    path.write_bytes(content)
    with pytest.raises(LLMError, match=r"notes\.gguf"):
        LocalChat(path).complete(ask("x"))


def test_a_file_is_loaded_once_and_not_with_other_settings(monkeypatch: pytest.MonkeyPatch, model_file: Path) -> None:
    started: list[Path] = []

    class Native:
        def handle_completions(self, request: dict[str, Any]) -> None:
            pass

    def start(path: Path, settings: server.ServerSettings) -> Native:
        started.append(path)
        return Native()

    monkeypatch.setattr(server, "_start", start)
    monkeypatch.setattr(server, "_SERVERS", {})
    pytest.importorskip("xllamacpp")
    threads = [threading.Thread(target=LocalChat(model_file).load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert started == [model_file.resolve()]
    with pytest.raises(LLMError, match="already loaded with"):
        LocalChat(model_file, context=100).load()


def test_loading_the_library_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xllamacpp")
    before = dict(os.environ)
    server._import_with_sleeping_threads()
    assert dict(os.environ) == before


def test_models_that_answer_differently_have_different_fingerprints(model_file: Path) -> None:
    pytest.importorskip("xllamacpp")
    models = [LocalChat(model_file), LocalChat(model_file, max_tokens=5), LocalChat(model_file, temperature=1.0)]
    assert len({model.fingerprint for model in models}) == 3
    assert LocalChat(model_file, threads=1).fingerprint == models[0].fingerprint


# --- the real model

needs_model = pytest.mark.skipif(not MODEL.is_at(model_path()), reason="python -m trace_local fetch was not run")


@pytest.mark.llm
@needs_model
def test_the_model_answers_deterministically_within_the_schema_and_reuses_the_prompt() -> None:
    model = LocalChat(max_tokens=20)
    question = ask("The parcel never came. Which queue is this ticket for? Answer as JSON.")
    first, second = model.complete(question, SCHEMA), model.complete(question, SCHEMA)
    assert json.loads(first.text)["queue"] in {"billing", "delivery"}
    assert (first.text, first.finish_reason) == (second.text, "stop")
    assert second.usage.cached_tokens >= first.usage.prompt_tokens - 1
    assert LocalChat(max_tokens=1).complete(ask("Tell a story.")).finish_reason == "length"


@pytest.mark.llm
@needs_model
async def test_two_questions_at_once_get_their_own_answers() -> None:
    model = LocalChat(max_tokens=4)
    words = ("apple", "zebra")
    answers = await asyncio.gather(*(model.acomplete(ask(f"Repeat this word only: {word}")) for word in words))
    assert [answer.text.strip(" .").lower() for answer in answers] == list(words)


@pytest.mark.llm
@needs_model
def test_a_prompt_that_does_not_fit_is_an_llm_error_and_the_model_goes_on() -> None:
    model = LocalChat(max_tokens=1)
    with pytest.raises(LLMError, match="exceeds the available context"):
        model.complete(ask("word " * 9000))
    assert model.complete(ask("Hi")).text


@pytest.mark.llm
@needs_model
def test_nothing_is_printed_and_no_port_and_no_file_stays() -> None:
    program = """
from trace_local import LocalChat
LocalChat(max_tokens=1).complete([{"role": "user", "content": "Hi"}])
"""
    folder = Path(tempfile.gettempdir())
    before = set(folder.glob("trace-llama-*"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not set(folder.glob("trace-llama-*")) - before
