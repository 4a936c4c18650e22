"""What a recorder of agents and teams gives besides the graph."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, SocietyOfMindAgent
from autogen_agentchat.conditions import HandoffTermination, TextMentionTermination
from autogen_agentchat.messages import (
    HandoffMessage,
    ModelClientStreamingChunkEvent,
    TextMessage,
    ToolCallExecutionEvent,
)
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, RoundRobinGroupChat, SelectorGroupChat, Swarm
from autogen_agentchat.tools import TeamTool
from autogen_core import CancellationToken, SingleThreadedAgentRuntime
from autogen_core.memory import ListMemory, MemoryContent
from autogen_core.model_context import UnboundedChatCompletionContext
from autogen_core.models import UserMessage
from trace_autogen import ConcurrentTurns, Recorder, TracedAgent, TracedTeam, trace, untrace

from tests.autogen.drawing import drawn
from tests.autogen.known_scenarios import ADDS, Tree
from tests.autogen.programs import Answering, add, asks, assistant, client, fails
from tests.autogen.team_scenarios import two
from trace_core import ExceptionNode
from trace_core.errors import AmbiguousOutput, TraceError


class Waiting(Answering):
    """A model that answers when it is let."""

    def __init__(self) -> None:
        super().__init__(lambda messages: "late")
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def create(self, messages: Sequence[Any], **_: Any) -> Any:
        self.asked.set()
        await self.let.wait()
        return await super().create(messages)


# --- what runs gave


async def test_a_result_and_its_messages_have_nodes() -> None:
    agent = assistant("a", asks(ADDS), "It is 3.", tools=[add], reflect_on_tool_use=True)
    recorder = trace(agent)
    result = await agent.run(task="1 + 2?")
    answer = recorder.output(result)
    assert answer.data == "It is 3."
    assert recorder.node_of(result.messages[-1]) is answer
    assert recorder.node_of(result.messages[0]).data == "1 + 2?"
    executed = next(m for m in result.messages if isinstance(m, ToolCallExecutionEvent))
    assert recorder.node_of(executed).data == "3"
    with pytest.raises(AmbiguousOutput):
        recorder.node_of(TextMessage(content="unknown", source="b"))


async def test_a_chunk_leads_to_the_model_that_streams_it() -> None:
    agent = assistant("a", "It is a tree.", model_client_stream=True)
    recorder = trace(agent)
    items = [item async for item in agent.run_stream(task="What is an oak?")]
    chunks = [item for item in items if isinstance(item, ModelClientStreamingChunkEvent)]
    assert {id(recorder.node_of(chunk)) for chunk in chunks} == {id(recorder.output(items[-1]))}


async def test_structured_answers_are_shown_parsed() -> None:
    agent = assistant("a", '{"name": "oak", "age": 900}', output_content_type=Tree)
    recorder = trace(agent)
    await agent.run(task="Name a tree.")
    assert recorder.last.output.data == {"name": "oak", "age": 900}


async def test_requests_of_tools_are_shown_with_their_arguments() -> None:
    agent = assistant("a", asks(ADDS), tools=[add])
    recorder = trace(agent)
    await agent.run(task="1 + 2?")
    [model] = [node for node in recorder.last.graph.nodes if getattr(node, "op", "") == "llm"]
    assert model.data == {"tool_calls": [{"name": "add", "args": {"a": 1, "b": 2}}]}


async def test_redacted_before_anything_is_shown() -> None:
    agent = assistant("a", "secret")
    recorder = trace(agent, Recorder(redact=lambda value: "***"))
    await agent.run(task="secret?")
    assert {node.data for node in recorder.last.graph.nodes} == {"***"}


async def test_a_program_runs_clones() -> None:
    agent = assistant("a", "one", "two")
    recorder = Recorder()
    answer = recorder.program(agent)
    nodes = [answer("first"), await answer.acall("second")]
    assert [node.data for node in nodes] == ["one", "two"]
    assert all(drawn(run)["edges"] == {"I>llm"} for run in recorder.runs)


async def test_what_the_context_held_before_is_an_input() -> None:
    context = UnboundedChatCompletionContext([UserMessage(content="I am Ann.", source="user")])
    agent = assistant("a", "Hello Ann.", model_context=context)
    recorder = trace(agent)
    await agent.run(task="Hello.")
    assert drawn(recorder.last)["edges"] == {"I1>llm", "I2>llm"}


async def test_a_conversation_that_was_saved_and_loaded_goes_on() -> None:
    agent = assistant("a", "One.", "Two.")
    recorder = trace(agent)
    await agent.run(task="Count.")
    await agent.load_state(await agent.save_state())
    await agent.run(task="Go on.")
    assert drawn(recorder.last)["edges"] == {"I1>llm1", "I1>llm2", "llm1>llm2", "I2>llm2"}


async def test_a_team_asked_back_and_went_on() -> None:
    agent = assistant("a", asks(("transfer_to_user", "{}")), "Booked for Ann.", handoffs=["user"])
    end = HandoffTermination("user") | TextMentionTermination("Booked")
    team = Swarm([agent], termination_condition=end)
    recorder = trace(team)
    await team.run(task="Book a table.")
    assert drawn(recorder.last)["outputs"] == {"handoff"}
    await team.run(task=HandoffMessage(source="user", target="a", content="I am Ann."))
    edges = {"I1>llm1", "llm1>transfer_to_user", "I1>llm2", "llm1>llm2", "transfer_to_user>llm2", "I2>llm2"}
    assert drawn(recorder.last)["edges"] == edges


async def test_turns_of_a_script_hang_together() -> None:
    first, second, recorder = assistant("a", "An oak is a tall tree."), assistant("b", "It is tall."), Recorder()
    trace(first, recorder)
    trace(second, recorder)
    with recorder.run() as run:
        found = await first.run(task="What is an oak?")
        await second.run(task=f"Shorten this: {found.messages[-1].to_text()}")
    assert drawn(run)["edges"] == {"I>llm1", "llm1>llm2"}


async def test_a_flow_that_loops() -> None:
    writer, critic, last = assistant("w", "Draft.", "Better."), assistant("c", "no", "APPROVE"), assistant("e", "Done.")
    builder = DiGraphBuilder()
    for agent in (writer, critic, last):
        builder.add_node(agent)
    builder.add_edge(writer, critic).set_entry_point(writer)
    builder.add_edge(critic, writer, condition=lambda message: "APPROVE" not in message.to_model_text())
    builder.add_edge(critic, last, condition=lambda message: "APPROVE" in message.to_model_text())
    team = GraphFlow([writer, critic, last], builder.build(), max_turns=20)
    recorder = trace(team)
    await team.run(task="Write.")
    names = ["I", *(f"llm{i}" for i in range(1, 6))]
    assert drawn(recorder.last)["edges"] == {f"{a}>{b}" for i, b in enumerate(names) for a in names[:i]}


async def test_a_thread_of_its_own_runs_agents_too() -> None:
    agent = assistant("a", "An oak.")
    recorder = trace(agent)
    thread = threading.Thread(target=lambda: asyncio.run(agent.run(task="Name a tree.")))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert drawn(recorder.last)["edges"] == {"I>llm"}


# --- errors


async def test_an_error_of_a_model_has_a_node() -> None:
    agent = assistant("a")
    recorder = trace(agent)
    with pytest.raises(ValueError, match="No more mock responses") as caught:
        await agent.run(task="Hello.")
    node = recorder.error(caught.value)
    assert isinstance(node, ExceptionNode)
    assert node is recorder.last.error
    assert drawn(recorder.last)["failed"] == {"llm"}


async def test_an_error_in_a_team_is_the_members_before_autogen_wraps_it() -> None:
    team = RoundRobinGroupChat([assistant("a", "One."), assistant("b")], max_turns=2)
    recorder = trace(team)
    with pytest.raises(RuntimeError) as caught:
        await team.run(task="Count.")
    assert isinstance(caught.value.__cause__, ValueError)
    node = recorder.error(caught.value)
    assert node.data.startswith("(ValueError) No more mock responses")
    assert node is recorder.last.error


async def test_the_error_of_a_tool_is_what_it_raised() -> None:
    agent = assistant("a", asks(("fails", '{"x": 1}')), tools=[fails])
    recorder = trace(agent)
    await agent.run(task="Do it.")
    [failed] = [node for node in recorder.last.graph.nodes if isinstance(node, ExceptionNode)]
    assert failed.data == "(KeyError) 1"


async def test_cancelled() -> None:
    agent = AssistantAgent("a", Waiting())
    recorder, token = trace(agent), CancellationToken()
    model = agent._model_client
    running = asyncio.create_task(agent.run(task="Hello.", cancellation_token=token))
    await model.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not recorder.last.is_active
    model.let.set()
    assert (await agent.run(task="Again.")).messages[-1].to_text() == "late"


async def test_turns_at_once_on_one_agent_are_refused() -> None:
    agent = AssistantAgent("a", Waiting())
    recorder = trace(agent)
    model = agent._model_client
    running = asyncio.create_task(agent.run(task="Hello."))
    await model.asked.wait()
    with pytest.raises(ConcurrentTurns, match=r"'a'.*clone"):
        await agent.run(task="Hello.")
    model.let.set()
    result = await running
    assert recorder.output(result).data == "late"


async def test_a_tool_that_runs_its_own_agent_is_told_so() -> None:
    async def again(task: str) -> str:
        """Ask yourself."""
        return str(await agent.run(task=task))

    agent = assistant("a", asks(("again", '{"task": "x"}')), tools=[again])
    trace(agent)
    result = await agent.run(task="Go.")
    assert "was run while it runs" in result.messages[-1].to_text()


# --- tracing


async def test_wrapped_agents_are_agents_also_in_teams() -> None:
    agent = TracedAgent(assistant("a", "One.", "Three."))
    assert (agent.name, agent.description) == (agent.agent.name, agent.agent.description)
    team = TracedTeam(RoundRobinGroupChat([agent, assistant("b", "Two.")], max_turns=2))
    result = await team.run(task="Count.")
    assert team.recorder.output(result).data == "Two."
    assert agent.recorder.runs == ()
    assert drawn(team.recorder.last)["edges"] == {"I>llm1", "I>llm2", "llm1>llm2"}
    await agent.run(task="Once more.")
    assert len(agent.recorder.runs) == 1
    await team.reset()


async def test_a_wrapped_agent_is_dumped_as_the_agent() -> None:
    agent = assistant("a", "One.")
    assert TracedAgent(agent).dump_component() == agent.dump_component()


async def test_a_tool_that_is_a_team() -> None:
    inner = RoundRobinGroupChat([assistant("i", "One."), assistant("j", "Two.")], max_turns=2)
    tool = TeamTool(inner, name="count", description="Counts.", return_value_as_last_message=True)
    agent = assistant("a", asks(("count", '{"task": "Count to two."}')), tools=[tool])
    recorder = trace(agent)
    await agent.run(task="Count.")
    assert drawn(recorder.last)["nodes"] == {"I", "llm1", "count", "llm2", "llm3", "summary"}
    edges = {"I>llm1", "llm1>count", "llm1>llm2", "llm1>llm3", "llm2>llm3", "llm3>count", "count>summary"}
    assert drawn(recorder.last)["edges"] == edges


async def test_a_member_that_another_members_tool_runs() -> None:
    async def ask_b(task: str) -> str:
        """Ask the other one."""
        return (await other.run(task=task)).messages[-1].to_text()

    other = assistant("b", "Forty metres.")
    agent = assistant("a", asks(("ask_b", '{"task": "How tall is it?"}')), tools=[ask_b])
    team = RoundRobinGroupChat([agent, other], max_turns=1)
    recorder = trace(team)
    await team.run(task="Find out.")
    edges = {"I>llm1", "llm1>ask_b", "llm1>llm2", "llm2>ask_b", "ask_b>summary"}
    assert drawn(recorder.last)["edges"] == edges


async def test_traced_after_the_first_run_the_selection_is_recorded() -> None:
    people = [assistant("anna", "An oak.", "A fir."), assistant("bert", "A beech.")]
    team = SelectorGroupChat(people, client("anna", "anna"), max_turns=1, allow_repeated_speaker=True)
    await team.run(task="Name a tree.")
    recorder = trace(team)
    await team.run(task="Another.")
    assert {"select"} <= drawn(recorder.last)["nodes"]


async def test_what_was_selected_may_select_in_turn() -> None:
    inner = SelectorGroupChat([assistant("i"), assistant("j", "Two.")], client("j"), max_turns=1)
    society = SocietyOfMindAgent("som", inner, client("Done."))
    outer = SelectorGroupChat([society, assistant("k")], client("som"), max_turns=1)
    recorder = trace(outer)
    await outer.run(task="Go.")
    shown = drawn(recorder.last)
    assert shown["edges"] == {"I>llm1", "llm1>select1", "I>llm2", "llm2>select2", "I>llm3", "llm3>llm4"}
    assert shown["control"] == {"select1>llm2", "select2>llm3"}


async def test_each_turn_has_what_its_memory_added() -> None:
    memory = ListMemory("facts", [MemoryContent(content="Oaks grow old.", mime_type="text/plain")])
    agent = assistant("a", "Very old.", "Oaks.", memory=[memory])
    recorder = trace(agent)
    await agent.run(task="How old is it?")
    await agent.run(task="Which tree?")
    reasons = {edge.why for edge in recorder.last.graph.edges if getattr(edge.source, "op", "") == "memory"}
    assert reasons == {"identity"}
    assert {"facts1>llm2", "facts2>llm2"} <= drawn(recorder.last)["edges"]


async def test_a_memory_that_is_asked_takes_in_the_question() -> None:
    class Asked(ListMemory):
        async def update_context(self, model_context: Any) -> Any:
            [*_, last] = await model_context.get_messages()
            await self.query(last.content)
            return await super().update_context(model_context)

    memory = Asked("facts", [MemoryContent(content="Oaks grow old.", mime_type="text/plain")])
    agent = assistant("a", "Very old.", memory=[memory])
    recorder = trace(agent)
    await agent.run(task="How old is it?")
    assert drawn(recorder.last)["edges"] == {"I>facts", "facts>llm", "I>llm"}


async def test_an_external_runtime_keeps_teams_apart() -> None:
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    teams = [two(runtime) for _ in range(2)]
    recorder = Recorder()
    for team in teams:
        trace(team, recorder)
    await asyncio.gather(*(team.run(task=f"Write {i}.") for i, team in enumerate(teams)))
    await runtime.stop()
    assert [len(run.graph.nodes) for run in recorder.runs] == [4, 4]
    assert [drawn(run)["outputs"] for run in recorder.runs] == [{"llm3"}, {"llm3"}]


async def test_a_second_recorder_is_refused() -> None:
    agent = assistant("a", "One.")
    recorder = trace(agent)
    assert trace(agent) is recorder
    with pytest.raises(TraceError, match="untrace it first"):
        trace(agent, Recorder())
    untrace(agent)
    trace(agent, Recorder())


async def test_reset_begins_a_new_conversation() -> None:
    agent = assistant("a", "One.", "Two.")
    recorder = trace(agent)
    await agent.run(task="Count.")
    await agent.on_reset(CancellationToken())
    await agent.run(task="Count.")
    assert drawn(recorder.last)["edges"] == {"I>llm"}
