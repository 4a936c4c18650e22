"""Programs whose graphs were written down before there was a recorder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

pytest.importorskip("agents")

from trace_openai.agents import Recorder

from tests.autogen.drawing import drawn
from tests.openai_agents.further_scenarios import FURTHER
from tests.openai_agents.scenario import Scenario, asking
from tests.openai_agents.scenarios import SCENARIOS


@pytest.mark.parametrize("way", ["run", "run_sync", "run_streamed"])
@pytest.mark.parametrize("make", [*SCENARIOS, *FURTHER], ids=lambda make: make.__name__)
async def test_graph_is_exact(make: Callable[[], Scenario], way: str) -> None:
    scenario, recorder = make(), Recorder()
    if way not in scenario.ways:
        return
    ask = asking(way, None if scenario.in_block else recorder)
    with recorder.run() if scenario.in_block else contextlib.nullcontext():
        if scenario.raises is None:
            await scenario.run(ask)
        else:
            with pytest.raises(scenario.raises):
                await scenario.run(ask)
    expected = {
        name: set(getattr(scenario, name).split()) for name in ("nodes", "edges", "control", "failed", "outputs")
    }
    for run in recorder.runs[-scenario.runs :]:
        assert drawn(run) == expected, run.explain()
