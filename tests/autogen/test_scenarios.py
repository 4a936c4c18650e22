"""Programs whose graphs were written down before there was a recorder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from trace_autogen import Recorder

from tests.autogen.drawing import drawn
from tests.autogen.found_scenarios import FOUND
from tests.autogen.known_scenarios import AGENTS
from tests.autogen.own_scenarios import OWN
from tests.autogen.scenario import Scenario
from tests.autogen.team_scenarios import TEAMS


@pytest.mark.parametrize("make", [*AGENTS, *TEAMS, *OWN, *FOUND], ids=lambda make: make.__name__)
async def test_graph_is_exact(make: Callable[[], Scenario]) -> None:
    scenario, recorder = make(), Recorder()
    await scenario.run(recorder)
    expected = {
        name: set(getattr(scenario, name).split()) for name in ("nodes", "edges", "control", "failed", "outputs")
    }
    assert len(recorder.runs) >= scenario.runs
    for run in recorder.runs[-scenario.runs :]:
        assert drawn(run) == expected, run.explain()
