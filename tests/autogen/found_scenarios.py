"""Programs whose graphs were wrong once, each with the graph that is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import TeamTool
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_core.models import UserMessage
from trace_autogen import Recorder, trace

from tests.autogen.known_scenarios import running
from tests.autogen.own_scenarios import swallowing
from tests.autogen.programs import asks, assistant, client
from tests.autogen.scenario import Scenario


def choosing(inner: Any, runtime: Any = None) -> SelectorGroupChat:
    members = [inner, assistant("d", "Four.")]
    return SelectorGroupChat(members, client("inner"), name="outer", max_turns=1, runtime=runtime)


def a_team_is_selected() -> Scenario:
    inner = RoundRobinGroupChat([assistant("a", "One."), assistant("b", "Two.")], name="inner", max_turns=2)
    return Scenario(
        running(choosing(inner), "Count."),
        nodes="I llm1 select llm2 llm3",
        edges="I>llm1 llm1>select I>llm2 I>llm3 llm2>llm3",
        control="select>llm2",
        outputs="llm3",
    )


def a_team_is_selected_in_another_runtime() -> Scenario:
    async def run(recorder: Recorder) -> None:
        runtime = SingleThreadedAgentRuntime()
        runtime.start()
        team = choosing(RoundRobinGroupChat([assistant("a", "One.")], name="inner", max_turns=1), runtime)
        trace(team, recorder)
        await team.run(task="Count.")
        await runtime.stop()

    return Scenario(
        run,
        nodes="I llm1 select llm2",
        edges="I>llm1 llm1>select I>llm2",
        control="select>llm2",
        outputs="llm2",
    )


def a_team_that_is_selected_selects() -> Scenario:
    members = [assistant("a", "One."), assistant("b", "Two.")]
    inner = SelectorGroupChat(members, client("b"), name="inner", max_turns=1)
    return Scenario(
        running(choosing(inner), "Count."),
        nodes="I llm1 select1 llm2 select2 llm3",
        edges="I>llm1 llm1>select1 I>llm2 llm2>select2 I>llm3",
        control="select1>llm2 select2>llm3",
        outputs="llm3",
    )


def a_team_as_a_tool_whose_members_do_not_see_each_other() -> Scenario:
    flow, one, other = DiGraphBuilder(), assistant("one", "words of one"), assistant("other", "words of the other")
    flow.add_node(one).add_node(other)
    crew = TeamTool(GraphFlow(flow.get_participants(), graph=flow.build()), name="crew", description="a crew")
    agent = assistant("asker", asks(("crew", '{"task": "go"}')), tools=[crew])
    return Scenario(
        running(agent, "Ask them."),
        nodes="I llm1 llm2 llm3 crew summary",
        edges="I>llm1 llm1>llm2 llm1>llm3 llm1>crew llm2>crew llm3>crew crew>summary",
        outputs="summary",
    )


class Raising(BaseChatAgent):
    """Asks its model, and then its own code raises."""

    produced_message_types = (TextMessage,)

    def __init__(self) -> None:
        super().__init__("raising", "raises")
        self._client = client("Said.")

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        await self._client.create([each.to_model_message() for each in messages])
        raise KeyError("mine")

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """It keeps nothing."""


def a_member_raises_after_its_model_answered() -> Scenario:
    return Scenario(
        swallowing(running(RoundRobinGroupChat([assistant("a", "One."), Raising()], max_turns=2), "Count.")),
        nodes="I llm1 llm2 raising",
        edges="I>llm1 I>llm2 llm1>llm2 llm2>raising",
        failed="raising",
        outputs="raising",
    )


def a_member_of_an_inner_team_raises() -> Scenario:
    inner = RoundRobinGroupChat([Raising()], name="inner", max_turns=1)
    return Scenario(
        swallowing(running(RoundRobinGroupChat([inner, assistant("a", "One.")], max_turns=2), "Count.")),
        nodes="I llm raising",
        edges="I>llm llm>raising",
        failed="raising",
        outputs="raising",
    )


def what_selects_raises() -> Scenario:
    def select(thread: Sequence[Any]) -> str:
        if len(thread) > 1:
            raise KeyError("nobody")
        return "a"

    team = SelectorGroupChat([assistant("a", "One."), assistant("b")], client(), selector_func=select, max_turns=2)
    return Scenario(
        swallowing(running(team, "Count.")),
        nodes="I select llm SelectorGroupChatManager",
        edges="I>select I>llm I>SelectorGroupChatManager llm>SelectorGroupChatManager",
        control="select>llm",
        failed="SelectorGroupChatManager",
        outputs="SelectorGroupChatManager",
    )


class Several(Raising):
    """Keeps its models in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self._client = None  # type: ignore[assignment]
        self._clients = {"main": {"answers": [client("Said.")]}, "other": client("And more.")}

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        told = [each.to_model_message() for each in messages]
        said = await self._clients["main"]["answers"][0].create(told)  # type: ignore[index]
        told.append(UserMessage(content=str(said.content), source="user"))
        said = await self._clients["other"].create(told)  # type: ignore[union-attr]
        return Response(chat_message=TextMessage(content=str(said.content), source=self.name))


def models_in_a_dict() -> Scenario:
    return Scenario(running(Several(), "Count."), nodes="I llm1 llm2", edges="I>llm1 I>llm2 llm1>llm2", outputs="llm2")


FOUND: list[Callable[[], Scenario]] = [
    a_team_is_selected,
    a_team_is_selected_in_another_runtime,
    a_team_that_is_selected_selects,
    a_team_as_a_tool_whose_members_do_not_see_each_other,
    a_member_raises_after_its_model_answered,
    a_member_of_an_inner_team_raises,
    what_selects_raises,
    models_in_a_dict,
]
