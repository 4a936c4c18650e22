"""Code that an agent has run is a node, and events, too, come from one."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from autogen_agentchat.agents import CodeExecutorAgent, UserProxyAgent
from autogen_agentchat.messages import BaseAgentEvent, ModelClientStreamingChunkEvent
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_core.code_executor import CodeBlock, CodeExecutor, CodeResult
from autogen_core.memory import ListMemory, MemoryContent
from autogen_core.models import CreateResult, RequestUsage
from trace_autogen import Recorder, clone, expose, trace, untrace

from tests.autogen.drawing import drawn
from tests.autogen.programs import assistant, client
from trace_core.errors import AmbiguousOutput

CODE = "Run it:\n```python\nprint(6 * 7)\n```"


class Printing(CodeExecutor):
    """Does as if it ran code."""

    def __init__(self, output: str = "42\n", exit_code: int = 0) -> None:
        self.output, self.exit_code = output, exit_code

    async def execute_code_blocks(self, code_blocks: list[CodeBlock], cancellation_token: Any) -> CodeResult:
        return CodeResult(exit_code=self.exit_code, output=self.output)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def restart(self) -> None: ...


def coder(executor: Printing, *answers: str, **options: Any) -> CodeExecutorAgent:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # code is not run here
        return CodeExecutorAgent("coder", executor, model_client=client(*answers) if answers else None, **options)


async def events(recorder: Recorder, program: Any) -> dict[str, str]:
    """The operation of the node of each event of a run."""
    seen = [each async for each in program.run_stream(task="Compute.")]
    return {type(e).__name__: recorder.node_of(e).op for e in seen if isinstance(e, BaseAgentEvent)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("executor", [Printing(), Printing(""), Printing("no disk", 1), Printing("", 1)])
async def test_what_code_printed_comes_from_the_code(executor: Printing) -> None:
    agent = coder(executor, CODE, "It printed something.")
    recorder = trace(agent)
    parameters = expose(agent)
    assert await events(recorder, agent) == {"CodeGenerationEvent": "llm", "CodeExecutionEvent": "tool"}
    graph = drawn(recorder.last)
    assert graph["edges"] == {"I>llm1", "llm1>Printing", "I>llm2", "llm1>llm2", "Printing>llm2"}
    assert graph["failed"] == ({"Printing"} if executor.exit_code else set())
    recorder.last.output.backward("wrong")
    assert len(parameters["coder.system_prompt"].feedback) == 1
    untrace(agent)
    assert "execute_code_blocks" not in vars(executor)


async def test_code_that_another_member_wrote() -> None:
    team = RoundRobinGroupChat([assistant("writer", CODE), coder(Printing())], max_turns=2)
    recorder = trace(team)
    await team.run(task="Compute.")
    assert drawn(recorder.last)["edges"] == {"I>llm", "llm>Printing"}
    assert recorder.last.output.data == "42\n"


async def test_a_clone_keeps_the_executor_and_forgets_the_rest() -> None:
    agent = coder(Printing(), CODE, "It printed 42.", "Nothing to run.")
    await agent.run(task="Compute.")
    made = clone(agent)
    assert made._code_executor is agent._code_executor
    assert await made.model_context.get_messages() == []


async def test_thoughts_and_memories() -> None:
    usage = RequestUsage(prompt_tokens=1, completion_tokens=1)
    answer = CreateResult(finish_reason="stop", content="42", usage=usage, cached=False, thought="6 times 7")
    memories = [ListMemory(name, [MemoryContent(content=name, mime_type="text/plain")]) for name in ("one", "other")]
    agent = assistant("thinker", answer, memory=memories)
    recorder = trace(agent)
    seen = [each async for each in agent.run_stream(task="Compute.")]
    nodes = [recorder.node_of(each) for each in seen[1:-1]]
    assert [node.data for node in nodes] == [["one"], ["other"], "42", "42"]


async def test_a_selection_is_told_of() -> None:
    team = SelectorGroupChat([assistant("a", "One."), assistant("b")], client("a"), max_turns=1, emit_team_events=True)
    assert await events(trace(team), team) == {"SelectSpeakerEvent": "select"}


async def test_where_nothing_was_selected_there_is_no_node() -> None:
    team = RoundRobinGroupChat([assistant("a", "One.")], max_turns=1, emit_team_events=True)
    with pytest.raises(AmbiguousOutput):
        await events(trace(team), team)


async def test_a_question_to_a_person() -> None:
    person = UserProxyAgent("person", input_func=lambda prompt: "so")
    assert await events(trace(person), person) == {"UserInputRequestedEvent": "input"}


async def test_a_chunk_of_a_stream_that_was_left() -> None:
    agent = assistant("writer", "one two three", model_client_stream=True)
    recorder = trace(agent)
    async for each in agent.run_stream(task="Count."):
        if isinstance(each, ModelClientStreamingChunkEvent):
            break
    assert recorder.node_of(each).op == "llm"  # type: ignore[attr-defined]
