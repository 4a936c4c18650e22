"""Programs on the plain OpenAI SDK, with the graphs that they must give: written before the recorder was."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.openai import (
    chain_scenarios,
    failing_scenarios,
    history_scenarios,
    node_scenarios,
    response_scenarios,
    stream_scenarios,
    text_scenarios,
    tool_scenarios,
)
from tests.openai.scenario import Scenario

OWN: list[tuple[ModuleType, list[Callable[[Any], Scenario]]]] = [
    (chain_scenarios, chain_scenarios.CHAINS),
    (tool_scenarios, tool_scenarios.TOOL_LOOPS),
    (history_scenarios, history_scenarios.HISTORIES),
    (response_scenarios, response_scenarios.RESPONSES),
    (text_scenarios, text_scenarios.TEXTS),
    (node_scenarios, node_scenarios.NODES),
    (failing_scenarios, failing_scenarios.FAILING),
    (stream_scenarios, stream_scenarios.STREAMS),
]
