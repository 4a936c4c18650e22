"""Every row of what can be learned: rewritten, tried, refused, reverted, put back; by both of the SDK's models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner
from trace_openai.agents import Recorder, expose, unexpose

from tests.openai.api_server import ApiServer, asks, says
from tests.openai_agents.rows import ROWS, Row, sent
from trace_core.errors import InvalidValue

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


class Asked:
    """An agent whose model is the API, and what that is told."""

    def __init__(self, row: Row, server: ApiServer, agent: Agent[Any]) -> None:
        self.row, self.server, self.agent = row, server, agent

    async def seen(self, recorder: Recorder | None = None) -> str:
        """What the API is sent when the agent is asked."""
        before = len(self.server.requests)
        hooks = None if recorder is None else recorder.hooks()
        await Runner.run(self.agent, "go", context="Ada", hooks=hooks)
        return sent(self.server.requests[before:])


def _answer(row: Row) -> Callable[[dict[str, Any]], Any]:
    def answer(body: dict[str, Any]) -> Any:
        items = json.dumps(body.get("messages", body.get("input")))
        is_asked = row.asks is not None and any(row.asks[0] in json.dumps(tool) for tool in body.get("tools", ()))
        return asks(row.asks) if is_asked and "call_id" not in items else says("Done.")

    return answer


@pytest.fixture(params=[OpenAIChatCompletionsModel, OpenAIResponsesModel], ids=["chat", "responses"])
async def asked(request: pytest.FixtureRequest, row: Row) -> AsyncIterator[Asked]:
    with ApiServer(_answer(row)) as server:
        async with server.async_client() as client:
            yield Asked(row, server, row.make(request.param(model="gpt-test", openai_client=client)))


@every_row
async def test_rewritten_it_is_used_from_the_next_turn_on_and_reverted_no_more(row: Row, asked: Asked) -> None:
    parameter = expose(asked.agent, name="x", kinds="all")[row.parameter]
    assert row.shown not in await asked.seen()
    parameter.set(row.value)
    assert row.shown in await asked.seen()
    parameter.revert()
    assert row.shown not in await asked.seen()


@every_row
async def test_a_candidate_is_used_and_seen_in_the_graph_and_nothing_is_written(row: Row, asked: Asked) -> None:
    parameters, recorder = expose(asked.agent, name="x", kinds="all"), Recorder()
    before = repr(asked.agent)
    with parameters.candidate({row.parameter: row.value}) as candidate:
        assert row.shown in await asked.seen(recorder)
        assert repr(asked.agent) == before
    candidate.verify(recorder.last.output)
    assert row.shown not in await asked.seen(recorder)
    parameter = parameters[row.parameter]
    assert [run.graph.read(parameter).value for run in recorder.runs] == [row.value, parameter.data]


@every_row
async def test_put_back_what_was_written_stays_but_for_code(row: Row, asked: Asked) -> None:
    kind = type(asked.agent)
    parameters = expose(asked.agent, name="x", kinds="all")
    parameters[row.parameter].set(row.value)
    unexpose(parameters)
    assert type(asked.agent) is kind
    is_code = row.parameter.endswith(".code")
    assert (row.shown in await asked.seen()) is not is_code


@every_row
async def test_what_does_not_fit_is_refused(row: Row, asked: Asked) -> None:
    parameter = expose(asked.agent, name="x", kinds="all")[row.parameter]
    before = parameter.data
    with pytest.raises(InvalidValue):
        parameter.set(row.refused)
    assert parameter.data == before
    assert row.shown not in await asked.seen()
