"""Conversations whose graphs were written down before there was a recorder."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from trace_autogen.classic import Recorder, trace

from tests.autogen.drawing import drawn
from tests.autogen_classic.further_scenarios import FURTHER_SCENARIOS
from tests.autogen_classic.own_scenarios import OWN_SCENARIOS
from tests.autogen_classic.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("make", [*SCENARIOS, *OWN_SCENARIOS, *FURTHER_SCENARIOS], ids=lambda make: make.__name__)
async def test_graph_is_exact(make: Callable[[], Scenario]) -> None:
    scenario, recorder = make(), Recorder()
    for each in scenario.traced:
        trace(each, recorder)
    with pytest.raises(ValueError, match=scenario.raises) if scenario.raises else nullcontext():
        done = scenario.run()
        if inspect.isawaitable(done):
            await done
    expected = {
        name: set(getattr(scenario, name).split()) for name in ("nodes", "edges", "control", "failed", "outputs")
    }
    assert drawn(recorder.last) == expected, recorder.last.explain()
