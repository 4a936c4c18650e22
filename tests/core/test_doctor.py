from __future__ import annotations

import builtins
import importlib.util
import sys
from typing import Any

import pytest

from trace_core.__main__ import main
from trace_core.doctor import examine


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACE_LLM", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sentinel")


def test_the_doctor_says_what_is_usable_and_shows_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    for subject in ("LLM", "local model", "sandbox", "trace_langchain", "trace_openai", "trace_openai.agents"):
        assert subject in shown
    assert "sentinel" not in shown


def test_it_also_speaks_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    original = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rich" else original(name))
    assert main(["doctor"]) == 0
    assert "yes  LLM: OpenAIChat" in capsys.readouterr().out


def test_what_is_missing_is_a_finding_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("TRACE_CACHE", str(tmp_path))
    findings = {finding.subject: finding for finding in examine()}
    assert not findings["LLM"].usable
    assert not findings["local model's file"].usable
    assert "python -m trace_local fetch" in findings["local model's file"].detail


def test_it_loads_no_model_and_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__
    monkeypatch.setenv("TRACE_LLM", "openai:m")

    def guarded(name: str, *arguments: Any, **keywords: Any) -> Any:
        assert name.partition(".")[0] not in {"openai", "xllamacpp"}
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", guarded)
    for name in ("openai", "xllamacpp"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert examine()[0].usable
