"""What a recorded run says of the parameters: which call read which, and that a candidate was used."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import SingleThreadedAgentRuntime
from trace_autogen import expose, trace

from tests.autogen.programs import add, asks, assistant, sent
from tests.autogen.rows import ROWS, Row
from trace_core.errors import CandidateNotSeen

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
READERS = {"summary format": {"summary"}, "handoff message": {"transfer_to_bert"}}
"""Whose input a parameter is; of the others it is a model's."""


def readers(run: Any, name: str) -> set[str]:
    """What read a parameter: models by what they are, functions and tools by name."""
    found = [edge.target for edge in run.graph.edges if getattr(edge.source, "name", None) == name]
    return {node.op if node.op == "llm" else node.info["name"] for node in found}


@every_row
@pytest.mark.parametrize("first", ["exposed", "traced"])
async def test_the_call_that_reads_a_parameter_has_it_as_an_input(row: Row, first: str) -> None:
    program = row.make()
    if first == "traced":
        recorder = trace(program)
        parameters = expose(program, name="x", kinds="all")
    else:
        parameters = expose(program, name="x", kinds="all")
        recorder = trace(program)
    parameters[row.parameter].set(row.value)
    with recorder.run() as run:
        result = await program.run(task="go")
    assert row.shown in row.seen(program, result)
    assert readers(run, row.parameter) == READERS.get(row.name, {"llm"}), run.explain()


@every_row
async def test_a_candidate_that_was_used_is_seen(row: Row) -> None:
    program = row.make()
    parameters = expose(program, name="x", kinds="all")
    recorder = trace(program)
    with parameters.candidate({row.parameter: row.value}) as candidate:
        await program.run(task="go")
    candidate.verify(recorder.last.output)


async def test_the_code_of_a_tool_is_an_input_of_its_call_alone() -> None:
    agent = assistant("writer", asks(("add", '{"a": 2, "b": 3}')), tools=[add])
    expose(agent, kinds="code")
    recorder = trace(agent)
    await agent.run(task="go")
    assert readers(recorder.last, "writer.add.code") == {"add"}


async def test_every_request_of_a_turn_has_the_system_prompt_and_only_those_with_tools_their_descriptions() -> None:
    agent = assistant("writer", asks(("add", '{"a": 2, "b": 3}')), "Five.", tools=[add], reflect_on_tool_use=True)
    expose(agent, kinds=["system_prompt", "tool_description"])
    recorder = trace(agent)
    await agent.run(task="go")
    edges = [(edge.target, edge.source.name) for edge in recorder.last.graph.edges if edge.why == "parameter"]
    first, second = [node for node in recorder.last.graph.operations if node.op == "llm"]
    assert {name for node, name in edges if node is first} == {"writer.system_prompt", "writer.add.description"}
    assert {name for node, name in edges if node is second} == {"writer.system_prompt"}


async def test_a_recorded_prompt_keeps_the_value_that_it_had() -> None:
    agent = assistant("writer", "one", "two")
    prompt = expose(agent)["writer.system_prompt"]
    recorder = trace(agent)
    await agent.run(task="go")
    prompt.set("Rhyme.")
    await agent.run(task="on")
    values = [run.output.values["system_prompt"] for run in recorder.runs]
    assert values == ["Be brief.", "Rhyme."]
    assert sent(agent, 0)[0].content == "Be brief."


async def test_feedback_at_the_end_of_a_team_reaches_the_prompts_of_all_who_spoke() -> None:
    people = [assistant(name, "Fine.") for name in ("anna", "bert")]
    team = RoundRobinGroupChat(people, termination_condition=MaxMessageTermination(3))
    parameters = expose(team)
    recorder = trace(team)
    await team.run(task="go")
    recorder.last.output.backward("be strict")
    assert [bool(parameter.feedback) for parameter in parameters.values()] == [True, True]


async def test_in_a_runtime_that_was_started_before_a_candidate_that_was_not_seen_is_said() -> None:
    """The members see the context variables of the time when the runtime was started."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    team = RoundRobinGroupChat([assistant("anna", "Fine.")], max_turns=1, runtime=runtime)
    parameters = expose(team)
    recorder = trace(team)
    with parameters.candidate({"anna.system_prompt": "Rhyme."}) as candidate:
        await team.run(task="go")
    await runtime.stop_when_idle()
    with pytest.raises(CandidateNotSeen):
        candidate.verify(recorder.last.output)
