"""Ten programs whose graphs were written down before there was a resolver."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from trace_langchain import Recorder

from tests.langchain.drawing import drawn
from tests.langchain.own_scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("make", SCENARIOS, ids=lambda make: make.__name__)
async def test_graph_is_exact(make: Callable[[], Scenario]) -> None:
    scenario, recorder = make(), Recorder()
    with recorder.run() as run:
        result = scenario.run({"callbacks": [recorder]})
        if inspect.isawaitable(result):
            await result
    expected = {
        name: set(getattr(scenario, name).split()) for name in ("nodes", "edges", "control", "failed", "outputs")
    }
    assert drawn(run) == expected, run.explain()
