"""A key in any object is nowhere in what a recorder shows, keeps or writes."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, RunConfig, RunContextWrapper, Runner, function_tool
from trace_openai.agents import Recorder, expose
from trace_openai.agents.values import plain

from tests.openai.api_server import ApiServer, asks, fails, says
from trace_core import OptoPrime, ReplayChat

KEY = "sk-sentinel-77aa31"


class Client:
    """What holds a key, and shows it."""

    def __repr__(self) -> str:
        return f"Client({KEY})"


@dataclass
class Order:
    item: str
    client: Client


@function_tool
def order(context: RunContextWrapper[Any], item: str) -> Any:
    """Order something."""
    return Order(item, context.context["client"])


async def test_a_key_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="trace_core")
    caplog.set_level(logging.DEBUG, logger="trace_openai")
    settings = ModelSettings(extra_headers={"X-Key": KEY}, extra_args={"user": KEY}, temperature=0.5)
    with ApiServer(asks(("order", {"item": "a whale"})), says("It is on its way."), fails(400, "no")) as server:
        async with server.async_client(api_key=KEY) as client:
            model = OpenAIChatCompletionsModel(model="gpt-test", openai_client=client)
            agent = Agent("Shop", model=model, instructions="Sell.", tools=[order], model_settings=settings)
            parameters, recorder = expose(agent, kinds="all"), Recorder()
            context, config = {"client": Client(), "key": KEY}, RunConfig(tracing={"api_key": KEY})
            options: dict[str, Any] = {"context": context, "run_config": config, "hooks": recorder.hooks()}
            result = await Runner.run(agent, "A whale, please.", **options)
            with pytest.raises(Exception, match="no"):
                await Runner.run(agent, "And another.", **options)
    assert any(KEY in str(request.headers) for request in server.requests)  # there was a key to be seen
    first, second = recorder.runs
    optimizer = OptoPrime(parameters, ReplayChat(["```json\n{}\n```"]))
    first.output.backward("too short")
    parameters.save(tmp_path / "shop.json")
    shown = [
        *(
            text
            for run in (first, second)
            for text in (run.explain(), run.explain("mermaid"), json.dumps(run.graph.to_json()))
        ),
        *(
            repr(node.data) + repr(node.info)
            for run in (first, second)
            for node in run.graph.nodes
            if hasattr(node, "info")
        ),
        str(optimizer.problem()),
        (tmp_path / "shop.json").read_text(),
        repr(plain(result)),
        caplog.text,
    ]
    assert not [text for text in shown if KEY in text]
