"""The arguments of a model's calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openai.types.chat import ChatCompletion
from trace_autogen import expose, unexpose

from trace_core.errors import InvalidValue

ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Fine."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Wire:
    """A client of OpenAI's, and what it sent last."""

    def __init__(self) -> None:
        self.client = OpenAIChatCompletionClient(
            model="gpt-4o", api_key="sk-secret", base_url="http://127.0.0.1:9", temperature=0.5, max_tokens=20
        )
        self.sent: dict[str, Any] = {}
        self.client._client.chat.completions.create = self._create  # type: ignore[method-assign, assignment]

    async def _create(self, **arguments: Any) -> ChatCompletion:
        self.sent = arguments
        return ChatCompletion.model_validate(ANSWER)

    def agent(self, name: str = "writer") -> AssistantAgent:
        return AssistantAgent(name, self.client)


@pytest.fixture
def wire() -> Iterator[Wire]:
    return Wire()


async def test_rewritten_it_is_sent_from_the_next_call_on(wire: Wire) -> None:
    agent = wire.agent()
    parameters = expose(agent, kinds="setting")
    assert parameters.state_dict() == {"writer.model.temperature": 0.5, "writer.model.max_tokens": 20}
    await agent.run(task="go")
    assert wire.sent["temperature"] == 0.5
    parameters["writer.model.temperature"].set(1.5)
    await agent.run(task="go")
    assert (wire.sent["temperature"], wire.sent["max_tokens"]) == (1.5, 20)
    parameters["writer.model.temperature"].revert()
    await agent.run(task="go")
    assert wire.sent["temperature"] == 0.5


async def test_a_candidate_is_sent_and_nothing_is_written(wire: Wire) -> None:
    agent = wire.agent()
    parameters = expose(agent, kinds="setting")
    with parameters.candidate({"writer.model.temperature": 0.1}):
        await agent.run(task="go")
        assert wire.sent["temperature"] == 0.1
        assert wire.client.dump_component().config["temperature"] == 0.5
    await agent.run(task="go")
    assert wire.sent["temperature"] == 0.5


def test_a_dump_has_it_and_no_key(wire: Wire) -> None:
    agent = wire.agent()
    expose(agent, kinds="setting")["writer.model.temperature"].set(1.5)
    dump = agent.dump_component()
    assert dump.config["model_client"]["config"]["temperature"] == 1.5
    assert "sk-secret" not in dump.model_dump_json()


@pytest.mark.parametrize("value", [3, -1, "warm", float("nan")])
def test_what_does_not_fit_is_refused(wire: Wire, value: Any) -> None:
    with pytest.raises(InvalidValue):
        expose(wire.agent(), kinds="setting")["writer.model.temperature"].set(value)


def test_a_client_that_agents_share_has_one_parameter(wire: Wire) -> None:
    parameters = expose([wire.agent("anna"), wire.agent("bert")], kinds="setting", include="*temperature")
    assert list(parameters) == ["anna.model.temperature"]


async def test_no_longer_exposed_the_client_sends_what_was_written(wire: Wire) -> None:
    agent = wire.agent()
    parameters = expose(agent, kinds="setting")
    parameters["writer.model.temperature"].set(1.5)
    unexpose(parameters)
    await agent.run(task="go")
    assert wire.sent["temperature"] == 1.5
    assert type(wire.client) is OpenAIChatCompletionClient
