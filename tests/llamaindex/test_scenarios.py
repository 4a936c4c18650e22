"""Programs whose graphs were written down before there was a recorder."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from trace_llamaindex import Recorder

from tests.llamaindex.known_scenarios import KNOWN
from tests.llamaindex.own_scenarios import OWN
from tests.llamaindex.scenario import Scenario, drawn, outputs
from trace_core.recording import Run

# What LlamaIndex does itself: its workflows look at all members of an agent, and ReAct asks what it should not.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
]


async def recorded(recorder: Recorder, program: Callable[[], Any]) -> Run:
    with recorder.run() as run:
        await program()
    return run


def runs_of(recorder: Recorder, scenario: Scenario) -> list[Run]:
    if not inspect.iscoroutinefunction(scenario.program):
        with recorder.run() as run:
            scenario.program()
        return [run]

    async def together() -> list[Run]:
        return await asyncio.gather(*(recorded(recorder, scenario.program) for _ in range(scenario.at_once)))

    return asyncio.run(together())


@pytest.mark.parametrize("make", [*KNOWN, *OWN], ids=lambda make: make.__name__)
def test_graph_is_exact(make: Callable[[], Scenario]) -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    scenario, recorder = make(), Recorder()
    try:
        runs = runs_of(recorder, scenario)
    finally:
        recorder.uninstrument()
    for run in runs:
        assert drawn(run) == set(scenario.edges.split()), run.explain()
        assert outputs(run) == set(scenario.output.split()), run.explain()
