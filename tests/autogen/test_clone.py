"""Clones: a fresh context, the same parameters, no hooks."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, MessageFilterAgent
from autogen_agentchat.agents._message_filter_agent import MessageFilterConfig
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat
from autogen_core.model_context import BufferedChatCompletionContext
from autogen_core.models import UserMessage
from trace_autogen import TracedAgent, TracedTeam, clone, expose, trace

from tests.autogen.programs import assistant, client, sent
from tests.autogen.rows import ROWS, Row, people, selector, told

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@every_row
async def test_a_clone_follows_the_parameters(row: Row) -> None:
    program = row.make()
    parameters = expose(program, name="x", kinds="all")
    made = clone(program)
    parameters[row.parameter].set(row.value)
    assert row.shown in row.seen(made, await made.run(task="go"))


@every_row
async def test_a_clone_sees_a_candidate_and_dumps_none(row: Row) -> None:
    program = row.make()
    parameters = expose(program, name="x", kinds="all")
    parameters[row.parameter].set(row.value)
    made = clone(program)
    parameters[row.parameter].revert()
    dump = made.dump_component()
    with parameters.candidate({row.parameter: row.value}):
        assert row.shown in row.seen(made, await made.run(task="go"))
        assert made.dump_component() == dump


@every_row
async def test_a_clone_has_the_parameters_of_the_original(row: Row) -> None:
    program = row.make()
    parameters = expose(program, name="x", kinds="all")
    assert expose(clone(program), name="x", kinds="all") == parameters


async def test_a_clone_knows_nothing_of_what_was_said() -> None:
    agent = assistant("writer", "one", "two", "three")
    await agent.run(task="first")
    made = clone(agent)
    await made.run(task="second")
    assert [message.content for message in sent(made)] == ["Be brief.", "second"]
    await agent.run(task="third")
    assert [message.content for message in sent(agent)] == ["Be brief.", "first", "one", "third"]


async def test_a_clone_keeps_the_kind_of_context_and_its_first_messages() -> None:
    context = BufferedChatCompletionContext(2, initial_messages=[UserMessage(content="rules", source="user")])
    agent = AssistantAgent("writer", client("one", "two"), model_context=context, system_message=None)
    await agent.run(task="first")
    made = clone(agent)
    await made.run(task="second")
    assert [message.content for message in sent(made)] == ["rules", "second"]


@pytest.mark.parametrize("row", [row for row in ROWS if "description, to" in row.name], ids=lambda row: row.name)
async def test_clones_of_a_team_run_at_once(row: Row) -> None:
    team = row.make()
    await team.run(task="go")
    made = [clone(team) for _ in range(3)]
    results = await asyncio.gather(*(each.run(task=f"number {i}") for i, each in enumerate(made)))
    assert [result.messages[0].content for result in results] == ["number 0", "number 1", "number 2"]
    assert len({each._team_id for each in [team, *made]}) == 4


async def test_eight_candidates_at_once_on_clones() -> None:
    agent = assistant("writer", *["Fine."] * 9)
    parameters = expose(agent)

    async def tried(text: str) -> bool:
        with parameters.candidate({"writer.system_prompt": text}):
            made = clone(agent)
            vars(made)["_model_client"] = client("Fine.")
            await made.run(task="go")
            return text in told(made)

    assert all(await asyncio.gather(*(tried(f"candidate {number}") for number in range(8))))
    assert agent.dump_component().config["system_message"] == "Be brief."


async def test_a_clone_carries_no_hook() -> None:
    agent = assistant("writer", "one", "two", "three")
    recorder = trace(agent)
    made = clone(agent)
    await made.run(task="go")
    assert not recorder.runs
    assert {name for name in vars(made) if callable(vars(made)[name])} == set()


def test_the_clone_of_a_traced_agent_is_one_of_what_it_traces() -> None:
    agent = assistant("writer", "one")
    assert type(clone(TracedAgent(agent))) is AssistantAgent


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda agent: pickle.loads(pickle.dumps(agent))])
async def test_a_copy_is_plain_and_keeps_what_was_written(copied: Any) -> None:
    agent = assistant("writer", "one", "two")
    parameters = expose(agent)
    parameters["writer.system_prompt"].set("Rhyme.")
    with parameters.candidate({"writer.system_prompt": "Candidate."}):
        made = copied(agent)
    assert type(made) is AssistantAgent
    parameters["writer.system_prompt"].set("Be long.")
    await made.run(task="go")
    assert "Rhyme." in told(made)


async def test_candidates_at_once_on_clones_of_a_team() -> None:
    team = selector()
    parameters = expose(team, kinds=["prompt", "description", "system_prompt"])
    names = ("bert.description", "anna.system_prompt")

    async def tried(number: int) -> bool:
        with parameters.candidate({name: f"{name} {number}" for name in names}):
            made = clone(team)
            vars(made)["_model_client"] = client("anna")
            await asyncio.sleep(0)
            await made.run(task="go")
            return f"bert: bert.description {number}" in told(made)

    assert all(await asyncio.gather(*map(tried, range(4))))
    prompts = [call["messages"][0].content for call in team._participants[0]._model_client.create_calls]
    assert sorted(prompts) == [f"anna.system_prompt {number}" for number in range(4)]


async def test_traced_members_are_cloned_too() -> None:
    agent = assistant("writer", "one", "two")
    filtered = MessageFilterAgent("filter", TracedAgent(agent), MessageFilterConfig(per_source=[]))
    team = RoundRobinGroupChat([filtered, TracedAgent(people()[0])])
    made = clone(TracedTeam(team))
    assert type(made) is RoundRobinGroupChat
    [filtering, anna] = made._participants
    assert type(filtering._wrapped_agent) is type(anna) is AssistantAgent
    assert filtering._wrapped_agent is not agent


async def test_a_clone_of_a_graph_and_of_its_conditions_runs_on_its_own() -> None:
    anna, bert = people()
    graph = DiGraphBuilder().add_node(anna).add_node(bert).add_edge(anna, bert).build()
    end = MaxMessageTermination(9) | TextMentionTermination("STOP")
    flow = GraphFlow([anna, bert], graph, termination_condition=end)
    made = clone(flow)
    for each in (flow, made, clone(made)):
        result = await each.run(task="go")
        assert [message.source for message in result.messages] == ["user", "anna", "bert"]
    assert all(member is not other for member, other in zip(flow._participants, made._participants, strict=True))
