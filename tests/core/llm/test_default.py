from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from trace_core.errors import LLMError, NoLLM
from trace_core.llm import OpenAIChat, ReplayChat, default_llm


class FakeLocalChat:
    file_is_there = True

    def __init__(self, path: str | None = None) -> None:
        if path is None and not self.file_is_there:
            raise LLMError("there is no model file; run: python -m trace_local fetch")
        self.path = path


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> type[FakeLocalChat]:
    """A stand-in for the package of the local model."""
    module: Any = ModuleType("trace_local")
    module.LocalChat = type("LocalChat", (FakeLocalChat,), {})
    module.__spec__ = object()
    monkeypatch.setitem(sys.modules, "trace_local", module)
    chat: type[FakeLocalChat] = module.LocalChat
    return chat


def test_an_argument_comes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACE_LLM", "openai:m")
    model = ReplayChat([])
    assert default_llm(model) is model


def test_trace_llm_comes_before_a_key(monkeypatch: pytest.MonkeyPatch, local: type[FakeLocalChat]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("TRACE_LLM", "local")
    assert isinstance(default_llm(), local)
    monkeypatch.setenv("TRACE_LLM", "/models/some.gguf")
    chat: Any = default_llm()
    assert chat.path == "/models/some.gguf"
    monkeypatch.setenv("TRACE_LLM", "openai:big")
    chat = default_llm()
    assert (type(chat), chat.model) == (OpenAIChat, "big")


def test_an_argument_may_be_such_a_text(local: type[FakeLocalChat]) -> None:
    assert isinstance(default_llm("local"), local)


@pytest.mark.parametrize("value", ["gpt-4", "openai:", "model.bin", "https://example.org"])
def test_any_other_text_is_an_error_that_says_what_is_expected(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRACE_LLM", value)
    with pytest.raises(NoLLM, match=r"expected local, a path to a \.gguf file, or openai:MODEL"):
        default_llm()


def test_a_key_comes_before_the_local_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("OPENAI_MODEL", "other")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://example.org/v1")
    chat: Any = default_llm()
    assert (type(chat), chat.model, chat.base_url) == (OpenAIChat, "other", "https://example.org/v1")


def test_empty_variables_are_as_good_as_none(monkeypatch: pytest.MonkeyPatch, local: type[FakeLocalChat]) -> None:
    for name in ("TRACE_LLM", "OPENAI_API_KEY", "OPENAI_MODEL"):
        monkeypatch.setenv(name, "")
    assert isinstance(default_llm(), local)


def test_with_nothing_the_error_lists_the_three_ways(local: type[FakeLocalChat]) -> None:
    local.file_is_there = False
    with pytest.raises(NoLLM) as caught:
        default_llm()
    for way in ("llm=", "TRACE_LLM", "OPENAI_API_KEY", "python -m trace_local fetch"):
        assert way in str(caught.value)


def test_a_missing_package_is_no_llm_but_named_it_is_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "trace_local")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoLLM):
        default_llm()
    with pytest.raises(ImportError, match=r"trace-suite\[local\]"):
        default_llm("local")


def test_a_key_in_the_environment_is_not_in_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sentinel")
    monkeypatch.setenv("TRACE_LLM", "nonsense")
    with pytest.raises(NoLLM) as caught:
        default_llm()
    assert "sentinel" not in str(caught.value)
