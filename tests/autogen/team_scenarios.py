"""Programs of teams and their exact graphs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from autogen_agentchat.agents import AssistantAgent, SocietyOfMindAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    MagenticOneGroupChat,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_core import SingleThreadedAgentRuntime
from trace_autogen import Recorder, trace

from tests.autogen.known_scenarios import ADDS, running
from tests.autogen.programs import add, asks, assistant, client
from tests.autogen.scenario import Scenario

CHAIN = "I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3"


def two(runtime: SingleThreadedAgentRuntime | None = None) -> RoundRobinGroupChat:
    writer, critic = assistant("writer", "Trees are green.", "Oaks are green."), assistant("critic", "Which trees?")
    return RoundRobinGroupChat([writer, critic], max_turns=3, runtime=runtime)


def round_robin() -> Scenario:
    return Scenario(running(two(), "Write."), nodes="I llm1 llm2 llm3", edges=CHAIN, outputs="llm3")


def selected() -> Scenario:
    people = [assistant("anna", "An oak."), assistant("bert", "A beech."), assistant("cleo")]
    end = MaxMessageTermination(3)
    team = SelectorGroupChat(people, client("bert", "anna"), termination_condition=end)
    return Scenario(
        running(team, "Name a tree."),
        nodes="I llm1 select1 llm2 llm3 select2 llm4",
        edges="I>llm1 llm1>select1 I>llm2 I>llm3 llm2>llm3 llm3>select2 I>llm4 llm2>llm4",
        control="select1>llm2 select2>llm4",
        outputs="llm4",
    )


def only_one_to_select() -> Scenario:
    people = [assistant("anna", "An oak."), assistant("bert", "A beech.")]
    team = SelectorGroupChat(people, client("bert"), termination_condition=MaxMessageTermination(3))
    return Scenario(
        running(team, "Name a tree."),
        nodes="I llm1 select llm2 llm3",
        edges="I>llm1 llm1>select I>llm2 I>llm3 llm2>llm3",
        control="select>llm2",
        outputs="llm3",
    )


def swarm() -> Scenario:
    first = assistant("x", asks(ADDS, ("transfer_to_y", "{}")), tools=[add], handoffs=["y"])
    team = Swarm([first, assistant("y", "It is 3.")], max_turns=2)
    return Scenario(
        running(team, "What is 1 + 2?"),
        nodes="I llm1 add transfer_to_y handoff llm2",
        edges="I>llm1 llm1>add llm1>transfer_to_y add>handoff transfer_to_y>handoff I>llm2 handoff>llm2",
        outputs="llm2",
    )


def diamond() -> Scenario:
    a, b, c, d = (assistant(name, f"{name} says so") for name in "abcd")
    builder = DiGraphBuilder()
    for agent in (a, b, c, d):
        builder.add_node(agent)
    builder.add_edge(a, b).add_edge(a, c).add_edge(b, d).add_edge(c, d)
    team = GraphFlow([a, b, c, d], builder.build())
    return Scenario(
        running(team, "Begin."),
        nodes="I llm1 llm2 llm3 llm4",
        edges="I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 I>llm4 llm1>llm4 llm2>llm4 llm3>llm4",
        outputs="llm4",
    )


def society() -> Scenario:
    inner = RoundRobinGroupChat([assistant("i", "One."), assistant("j", "Two.")], max_turns=2)
    agent = SocietyOfMindAgent("som", inner, client("One and two."))
    return Scenario(
        running(agent, "Count."),
        nodes="I llm1 llm2 llm3",
        edges="I>llm1 I>llm2 llm1>llm2 llm1>llm3 llm2>llm3",
        outputs="llm3",
    )


def progress(done: bool, instruction: str = "nothing") -> str:
    answers = {
        "is_request_satisfied": done,
        "is_progress_being_made": True,
        "is_in_loop": False,
        "instruction_or_question": instruction,
        "next_speaker": "worker",
    }
    return json.dumps({key: {"reason": "so it is", "answer": answer} for key, answer in answers.items()})


def magentic() -> Scenario:
    orchestrator = client(
        "Given: an oak is a tree.",
        "Plan: ask the worker about it.",
        progress(False, "Say how tall oaks grow."),
        progress(True),
        "Oaks grow up to forty metres.",
    )
    team = MagenticOneGroupChat([assistant("worker", "Up to forty metres or so.")], orchestrator)
    return Scenario(
        running(team, "Find out how tall an oak is."),
        nodes="I llm1 llm2 ledger llm3 select llm4 llm5 llm6",
        edges="I>llm1 I>llm2 llm1>llm2 I>ledger llm1>ledger llm2>ledger I>llm3 ledger>llm3 llm3>select "
        "ledger>llm4 llm3>llm4 I>llm5 ledger>llm5 llm3>llm5 llm4>llm5 I>llm6 ledger>llm6 llm3>llm6 llm4>llm6",
        control="select>llm4 llm5>llm6",
        outputs="llm6",
    )


def teams_with_one_client() -> Scenario:
    model = client(*(f"answer {i}" for i in range(6)))

    def team() -> RoundRobinGroupChat:
        people = [AssistantAgent(name, model, system_message="Be brief.") for name in ("anna", "bert")]
        return RoundRobinGroupChat(people, max_turns=2)

    async def run(recorder: Recorder) -> None:
        teams = [team() for _ in range(3)]
        for each in teams:
            trace(each, recorder)
        await asyncio.gather(*(each.run(task=f"Task {i}") for i, each in enumerate(teams)))

    return Scenario(run, nodes="I llm1 llm2", edges="I>llm1 I>llm2 llm1>llm2", outputs="llm2", runs=3)


def external_runtime() -> Scenario:
    async def run(recorder: Recorder) -> None:
        runtime = SingleThreadedAgentRuntime()
        runtime.start()
        team = two(runtime)
        trace(team, recorder)
        await team.run(task="Write.")
        await runtime.stop()

    return Scenario(run, nodes="I llm1 llm2 llm3", edges=CHAIN, outputs="llm3")


TEAMS: list[Callable[[], Scenario]] = [
    round_robin,
    selected,
    only_one_to_select,
    swarm,
    diamond,
    society,
    magentic,
    teams_with_one_client,
    external_runtime,
]
