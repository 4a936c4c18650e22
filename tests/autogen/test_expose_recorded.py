"""What a recorded run says of the parameters: which call read which, and that a candidate was used."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import SingleThreadedAgentRuntime
from trace_autogen import expose, trace

from tests.autogen.programs import Answering, add, asks, assistant, sent
from tests.autogen.rows import ROWS, Row, told
from trace_core import OptoPrime, ReplayChat
from trace_core.errors import CandidateNotSeen

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
READERS = {"summary format": {"summary"}, "handoff message": {"transfer_to_bert"}}
"""Whose input a parameter is; of the others it is a model's."""


def subtract(a: int, b: int) -> int:
    """Add two numbers."""
    return b - a


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


async def test_a_step_rewrites_a_description_and_a_function_and_the_next_run_uses_both() -> None:
    agent = assistant("writer", *[asks(("subtract", '{"a": 5, "b": 3}'))] * 2, tools=[subtract])
    parameters = expose(agent, kinds=["tool_description", "code"])
    recorder = trace(agent)
    result = await agent.run(task="go")
    recorder.output(result).backward(f"5 - 3 is 2, not {result.messages[-1].content}")
    code = "def subtract(a: int, b: int) -> int:\n    return a - b"
    learned = {"writer.subtract.description": "Subtract b from a.", "writer.subtract.code": code}
    optimizer = OptoPrime(parameters, llm=ReplayChat([json.dumps({"reasoning": "r", "suggestion": learned})]))
    await optimizer.astep()
    assert (await agent.run(task="on")).messages[-1].content == "2"
    assert "Subtract b from a." in told(agent)


def test_candidates_in_threads_are_seen_by_the_clones_that_run_there() -> None:
    agent = assistant("writer", tools=[subtract])
    vars(agent)["_model_client"] = Answering(lambda messages: asks(("subtract", '{"a": 5, "b": 3}')))
    parameters = expose(agent, kinds=["system_prompt", "code"])
    program = trace(agent).program(agent)

    def tried(number: int) -> str:
        code = f"def subtract(a: int, b: int) -> int:\n    return a - b + {number}"
        with parameters.candidate({"writer.subtract.code": code, "writer.system_prompt": str(number)}) as candidate:
            output = program("go")
        candidate.verify(output)
        return str(output.data)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(tried, range(16))) == [str(2 + number) for number in range(16)]
