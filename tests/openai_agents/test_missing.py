"""Without the SDK, it is said what to install."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from trace_core.errors import MissingExtra


def test_without_the_sdk_or_with_another_package_of_its_name_the_way_out_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("trace_openai.agents")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "agents", ModuleType("agents"))
    with pytest.raises(MissingExtra, match=r"trace-suite\[openai-agents\]"):
        importlib.import_module("trace_openai.agents")
