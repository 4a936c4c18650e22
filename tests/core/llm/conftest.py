"""What the tests of the LLM layer share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.llm.chat_server import Server, running_server


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "TRACE_LLM"):
        monkeypatch.delenv(name, raising=False)
