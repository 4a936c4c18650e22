"""Ten programs with the graphs that they must give, written before the recorder was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autogen_agentchat.agents import BaseChatAgent, UserProxyAgent
from autogen_agentchat.base import Response
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.messages import BaseChatMessage, TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_core import CancellationToken
from trace_autogen import Recorder, trace

from tests.autogen.known_scenarios import ADDS, running
from tests.autogen.programs import add, asks, assistant, client
from tests.autogen.scenario import Scenario
from tests.autogen.team_scenarios import CHAIN


class Shouting(BaseChatAgent):
    """Says the last message in capitals: an agent without a model."""

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        return Response(chat_message=TextMessage(content=messages[-1].to_text().upper(), source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        """It remembers nothing."""


def swallowing(run: Callable[[Recorder], Any]) -> Callable[[Recorder], Any]:
    async def swallowed(recorder: Recorder) -> None:
        try:
            await run(recorder)
        except Exception:
            return
        raise AssertionError("it did not fail")

    return swallowed


def team_in_team() -> Scenario:
    inner = RoundRobinGroupChat([assistant("a", "One."), assistant("b", "Two.")], name="inner", max_turns=2)
    outer = RoundRobinGroupChat([inner, assistant("c", "Three.")], max_turns=2)
    return Scenario(running(outer, "Count."), nodes="I llm1 llm2 llm3", edges=CHAIN, outputs="llm3")


def person_in_team() -> Scenario:
    person = UserProxyAgent("person", input_func=lambda prompt: "Make it shorter.")
    team = RoundRobinGroupChat([assistant("a", "A long poem.", "A poem."), person], max_turns=3)
    return Scenario(
        running(team, "Write a poem."),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def team_that_goes_on() -> Scenario:
    people = [assistant("a", "One."), assistant("b", "Two.")]
    team = RoundRobinGroupChat(people, max_turns=1)
    return Scenario(
        running(team, "Count.", "Go on."),
        nodes="I1 llm1 I2 llm2",
        edges="I1>llm1 I1>llm2 llm1>llm2 I2>llm2",
        outputs="llm2",
    )


def failing_model() -> Scenario:
    agent = assistant("a", asks(ADDS), tools=[add], reflect_on_tool_use=True)
    return Scenario(
        swallowing(running(agent, "1 + 2?")),
        nodes="I llm1 add llm2",
        edges="I>llm1 llm1>add I>llm2 llm1>llm2 add>llm2",
        failed="llm2",
        outputs="llm2",
    )


def failing_member() -> Scenario:
    team = RoundRobinGroupChat([assistant("a", "One."), assistant("b")], max_turns=2)
    return Scenario(
        swallowing(running(team, "Count.")),
        nodes="I llm1 llm2",
        edges="I>llm1 I>llm2 llm1>llm2",
        failed="llm2",
        outputs="llm2",
    )


def member_without_model() -> Scenario:
    team = RoundRobinGroupChat([assistant("a", "One.", "Two."), Shouting("shout", "Shouts.")], max_turns=3)
    return Scenario(
        running(team, "Count."),
        nodes="I llm1 shout llm2",
        edges="I>llm1 I>shout llm1>shout I>llm2 llm1>llm2 shout>llm2",
        outputs="llm2",
    )


def tool_that_runs_an_agent() -> Scenario:
    helper = assistant("helper", "bonjour")

    async def translate(text: str) -> str:
        """Translate a text."""
        result = await helper.run(task=f"Translate {text}")
        return result.messages[-1].to_text()

    call = asks(("translate", '{"text": "good morning"}'))
    agent = assistant("a", call, "It is bonjour.", tools=[translate], reflect_on_tool_use=True)

    async def run(recorder: Recorder) -> None:
        trace(helper, recorder)
        await running(agent, "How do the French greet?")(recorder)

    return Scenario(
        run,
        nodes="I llm1 translate llm2 llm3",
        edges="I>llm1 llm1>translate llm1>llm2 llm2>translate I>llm3 llm1>llm3 translate>llm3",
        outputs="llm3",
    )


def selected_at_the_second_attempt() -> Scenario:
    people = [assistant("anna", "An oak."), assistant("bert", "A beech.")]
    team = SelectorGroupChat(people, client("nobody", "bert"), termination_condition=MaxMessageTermination(2))
    return Scenario(
        running(team, "Name a tree."),
        nodes="I llm1 llm2 select llm3",
        edges="I>llm1 I>llm2 llm1>llm2 llm2>select I>llm3",
        control="select>llm3",
        outputs="llm3",
    )


def selected_by_a_function() -> Scenario:
    people = [assistant("anna", "An oak."), assistant("bert", "A beech.")]
    team = SelectorGroupChat(
        people,
        client(),
        termination_condition=MaxMessageTermination(3),
        selector_func=lambda thread: "anna" if len(thread) == 1 else "bert",
    )
    return Scenario(
        running(team, "Name a tree."),
        nodes="I select1 llm1 select2 llm2",
        edges="I>select1 I>llm1 I>select2 llm1>select2 I>llm2 llm1>llm2",
        control="select1>llm1 select2>llm2",
        outputs="llm2",
    )


def same_words() -> Scenario:
    team = RoundRobinGroupChat([assistant("a", "yes", "yes"), assistant("b", "yes")], max_turns=3)
    return Scenario(running(team, "yes"), nodes="I llm1 llm2 llm3", edges=CHAIN, outputs="llm3")


OWN: list[Callable[[], Scenario]] = [
    team_in_team,
    person_in_team,
    team_that_goes_on,
    failing_model,
    failing_member,
    member_without_model,
    tool_that_runs_an_agent,
    selected_at_the_second_attempt,
    selected_by_a_function,
    same_words,
]
