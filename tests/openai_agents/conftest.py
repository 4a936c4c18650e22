"""The SDK exports nothing from tests."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True)
def nothing_is_exported() -> None:
    if find_spec("agents") is not None:
        from agents import set_trace_processors, set_tracing_disabled

        set_trace_processors([])
        set_tracing_disabled(True)
