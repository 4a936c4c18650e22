"""What is private to AutoGen and recording relies upon: each test fails when one of it is gone or moved."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import SelectorGroupChat
from autogen_core import AgentId
from autogen_core.models import SystemMessage
from autogen_ext.agents.openai import OpenAIAgent
from openai import AsyncOpenAI
from trace_autogen import private, trace

from tests.autogen.programs import add, assistant, client


def team() -> SelectorGroupChat:
    people = [assistant("anna", "An oak."), assistant("bert", "A beech.")]
    return SelectorGroupChat(people, client("anna"), max_turns=1, selector_func=lambda thread: "anna")


async def manager(of: SelectorGroupChat) -> Any:
    name = AgentId(private.manager_topic(of), private.team_id(of))
    return await private.runtime(of).try_get_underlying_agent_instance(name)


def test_agents() -> None:
    agent = assistant("a", handoffs=["b"])
    assert private.system_messages(agent) == [SystemMessage(content="Be brief.")]
    assert [tool.name for tool in private.handoff_tools(agent)] == ["transfer_to_b"]
    assert private.sends_its_context(agent)


def test_an_openai_agent_keeps_its_history() -> None:
    agent = OpenAIAgent(name="a", description="d", client=AsyncOpenAI(api_key="none"), model="m", instructions="i")
    vars(agent)["_message_history"].append({"role": "user", "content": "x"})
    assert private.message_history(agent) == [{"role": "user", "content": "x"}]


async def test_teams_and_managers() -> None:
    chat = team()
    assert [member.name for member in private.participants(chat)] == ["anna", "bert"]
    assert callable(getattr(chat, private.MANAGER_FACTORY))
    assert not private.is_initialized(chat)
    await chat.run(task="Name a tree.")
    assert private.is_initialized(chat)
    assert private.team_id(chat)
    found = await manager(chat)
    assert [message.source for message in private.thread(found)] == ["user", "anna"]
    assert private.selector_function(found) is not None
    assert private.manager_name(found) == "SelectorGroupChatManager"
    for method in ("on_message_impl", "publish_message", "update_message_thread"):
        assert callable(getattr(found, method))


async def test_what_is_gone_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert private.participants(object()) == []
    assert "no _participants any more" in caplog.text


async def test_the_topic_of_a_member_is_its_name_and_the_teams_id() -> None:
    chat = team()
    recorder = trace(chat)
    await chat.run(task="Name a tree.")
    assert [call.gave for call in recorder.last.calls if call.kind == "select"] == ["anna"]


def test_an_assistant_refers_to_what_it_uses_by_its_attributes() -> None:
    agent = assistant("a", tools=[add])
    values = [v for value in vars(agent).values() for v in (value if isinstance(value, list) else [value])]
    assert agent._model_client in values
    assert isinstance(agent, AssistantAgent)
