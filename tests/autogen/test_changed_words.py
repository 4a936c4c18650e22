"""An agent whose code changes its model's words: the output is what it said, and comes from the model's call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import SystemMessage
from trace_autogen import TracedAgent, TracedTeam

from tests.autogen.drawing import drawn
from tests.autogen.programs import assistant, client

CHANGES = [lambda text: f"<b>{text}</b>", str.upper, lambda text: text[:6], lambda text: "".join(reversed(text))]


class Changing(BaseChatAgent):
    """Says its model's words in another form."""

    produced_message_types = (TextMessage,)

    def __init__(self, change: Any) -> None:
        super().__init__("changing", "changes words")
        self._client = client("yes, it does", "yes, it does")
        self._change = change

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        told = [SystemMessage(content="Be brief."), *[each.to_model_message() for each in messages]]
        said = await self._client.create(told)
        return Response(chat_message=TextMessage(content=self._change(said.content), source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """It keeps nothing."""


@pytest.mark.parametrize("change", CHANGES)
async def test_the_output_is_what_an_agent_said(change: Any) -> None:
    agent = TracedAgent(Changing(change))
    result = await agent.run(task="Does it?")
    recorder, said = agent.recorder, change("yes, it does")
    nodes = [recorder.output(result), recorder.last.output, recorder.node_of(result.messages[-1])]
    assert [node.data for node in nodes] == [said, said, said]
    assert all(parent.op == "llm" for node in nodes for parent in node.parents)
    assert drawn(recorder.last)["edges"] == {"I>llm"}
    assert (await recorder.program(agent).acall("Does it?")).data == said


@pytest.mark.parametrize("change", CHANGES)
async def test_the_output_of_a_team_is_what_its_last_member_said(change: Any) -> None:
    team = TracedTeam(RoundRobinGroupChat([assistant("a", "It may."), Changing(change)], max_turns=2))
    result = await team.run(task="Does it?")
    assert team.recorder.output(result).data == change("yes, it does") == team.recorder.last.output.data


async def test_what_was_not_changed_is_the_node_of_the_model() -> None:
    agent = TracedAgent(Changing(str))
    result = await agent.run(task="Does it?")
    assert agent.recorder.last.output is agent.recorder.node_of(result.messages[-1])
    assert agent.recorder.last.output.op == "llm"  # type: ignore[attr-defined]
