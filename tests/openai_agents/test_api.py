"""Graphs of agents whose model is the API, by both of the SDK's models: ids are the API's, or there are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import (
    Agent,
    GuardrailFunctionOutput,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    input_guardrail,
    set_tracing_disabled,
)
from openai import APIStatusError
from trace_openai.agents import OtherLoop, Recorder, expose

from tests.autogen.drawing import drawn, labels
from tests.openai.api_server import KEY, ApiServer, Reply, asks, fails, gives, says
from tests.openai_agents.programs import add, multiply
from tests.openai_agents.scenario import asking
from tests.openai_agents.scenarios import ONE_TOOL, Tree
from trace_core import ParameterNode

Model = Callable[..., Any]

every_way = pytest.mark.parametrize("way", ["run", "run_streamed"])


@pytest.fixture(params=[OpenAIChatCompletionsModel, OpenAIResponsesModel], ids=["chat", "responses"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Model]:
    """`model(answer, …)` is the API with this script, which ends with the test."""
    opened: list[Any] = []

    def made(*answers: Reply) -> Any:
        server = ApiServer(*answers)
        server.__enter__()
        client = server.async_client()
        opened.append((server, client))
        return request.param(model="gpt-test", openai_client=client)

    yield made
    for server, client in opened:
        await client.close()
        server.__exit__(None, None, None)


def words(text: str) -> set[str]:
    return set(text.split())


async def edges(recorder: Recorder, way: str, agent: Agent[Any], *tasks: Any, **options: Any) -> set[str]:
    for task in tasks:
        await asking(way, recorder)(agent, task, **options)
    return drawn(recorder.last)["edges"]


@every_way
async def test_a_tool(model: Model, way: str) -> None:
    agent = Agent("a", model=model(asks(("add", {"a": 1, "b": 2})), says("It is 3.")), tools=[add])
    recorder = Recorder()
    assert await edges(recorder, way, agent, "1 + 2?") == words(ONE_TOOL)
    answers = [node.data for node in recorder.last.graph.nodes if getattr(node, "op", "") == "llm"]
    assert answers == [{"tool_calls": [{"name": "add", "args": {"a": 1, "b": 2}}]}, "It is 3."]


@every_way
async def test_tools_at_once_and_a_text(model: Model, way: str) -> None:
    asked = asks(("add", {"a": 1, "b": 2}), ("multiply", {"a": 3, "b": 4}), text="Let me see.")
    agent = Agent("a", model=model(asked, says("3 and 12")), tools=[add, multiply])
    assert await edges(Recorder(), way, agent, "1 + 2 and 3 * 4?") == words(
        "I>llm1 llm1>add llm1>multiply I>llm2 llm1>llm2 add>llm2 multiply>llm2"
    )


@every_way
async def test_turns_of_a_session(model: Model, way: str) -> None:
    agent = Agent("a", model=model(asks(("add", {"a": 1, "b": 2})), says("It is 3."), says("It is 6.")), tools=[add])
    found = await edges(Recorder(), way, agent, "1 + 2?", "And twice that?", session=SQLiteSession("s"))
    assert found == words("I1>llm1 llm1>add I1>llm2 llm1>llm2 add>llm2 I1>llm3 llm1>llm3 add>llm3 llm2>llm3 I2>llm3")


@every_way
async def test_handed_over(model: Model, way: str) -> None:
    spanish = Agent("Spanish", model=model(says("Hola.")))
    triage = Agent("Triage", model=model(asks(("transfer_to_spanish", {}))), handoffs=[spanish])
    recorder = Recorder()
    assert await edges(recorder, way, triage, "Hello?") == words("I>llm1 llm1>handoff I>llm2 llm1>llm2")
    assert drawn(recorder.last)["control"] == {"handoff>llm2"}


@every_way
async def test_an_output_of_a_type(model: Model, way: str) -> None:
    agent = Agent("a", model=model(gives({"name": "oak", "height": 30})), output_type=Tree)
    recorder = Recorder()
    result = await asking(way, recorder)(agent, "What is an oak?")
    assert result.final_output == Tree(name="oak", height=30)
    assert recorder.output(result.final_output) is recorder.last.output
    assert recorder.last.output.info["name"] == "a"


@every_way
async def test_the_servers_error_is_the_models(model: Model, way: str) -> None:
    agent, recorder = Agent("a", model=model(fails(400, "no such thing"))), Recorder()
    with pytest.raises(APIStatusError) as caught:
        await asking(way, recorder)(agent, "What is an oak?")
    assert recorder.error(caught.value) is recorder.last.error
    assert "no such thing" in str(recorder.last.error)
    assert drawn(recorder.last)["failed"] == {"llm"}


@every_way
@pytest.mark.parametrize("disabled", [True, False], ids=["without spans", "with spans"])
async def test_agents_in_guardrails_and_tools_are_inside_them(model: Model, way: str, disabled: bool) -> None:
    set_tracing_disabled(disabled)
    guard, helper = Agent("Guard", model=model(says("It is fair."))), Agent("Helper", model=model(says("Hola.")))

    @input_guardrail(run_in_parallel=False)
    async def check(context: Any, agent: Any, given: Any) -> GuardrailFunctionOutput:
        result = await Runner.run(guard, given)
        return GuardrailFunctionOutput(output_info=result.final_output, tripwire_triggered=False)

    answers = model(asks(("translate", {"input": "Good morning"})), says("It is Hola."))
    agent = Agent("a", model=answers, input_guardrails=[check], tools=[helper.as_tool("translate", "Translates.")])
    assert await edges(Recorder(), way, agent, "Good morning in Spanish?") == words(
        "I>check I>llm1 llm1>check I>llm2 llm2>translate llm2>llm3 llm3>translate I>llm4 llm2>llm4 translate>llm4"
    )


@every_way
async def test_who_was_told_what_is_learned(model: Model, way: str) -> None:
    settings = ModelSettings(temperature=0.5)
    helper = Agent("Helper", model=model(says("Hola.")), instructions="Translate.")
    spanish = Agent("Spanish", model=model(says("Tres.")), instructions="Speak.", handoff_description="Knows Spanish.")
    triage = Agent(
        "Triage",
        instructions="Choose.",
        model=model(asks(("help", {"input": "Hello"})), asks(("transfer_to_spanish", {}))),
        model_settings=settings,
        tools=[helper.as_tool("help", "Helps.")],
        handoffs=[spanish],
    )
    expose(triage, kinds="all")
    recorder = Recorder()
    await asking(way, recorder)(triage, "Hello?")
    named = labels(recorder.last)
    read = {
        f"{e.source.name}>{named[e.target.id]}"
        for e in recorder.last.graph.edges
        if isinstance(e.source, ParameterNode)
    }
    told = ["Triage.system_prompt", "Triage.temperature", "Triage.help.description", "Triage.help.input"]
    told.append("Spanish.handoff_description")
    assert read == {
        *(f"{name}>llm1" for name in told),
        *(f"{name}>llm3" for name in told),
        "Helper.system_prompt>llm2",
        "Spanish.system_prompt>llm4",
    }


async def test_what_it_cost_and_no_key(model: Model) -> None:
    agent, recorder = Agent("a", model=model(says("It is a tree."))), Recorder()
    await Runner.run(agent, "What is an oak?", hooks=recorder.hooks())
    info = recorder.last.output.info
    assert set(info["usage"]) == {"prompt_tokens", "completion_tokens"}
    assert KEY not in f"{recorder.last.graph.to_json()} {recorder.last.explain()} {info}"


async def test_a_program_in_another_loop_than_its_client_says_so(model: Model) -> None:
    agent, recorder = Agent("a", model=model(says("One."), says("Two."), says("Three."))), Recorder()
    await Runner.run(agent, "What?")
    program = recorder.program(agent)
    with pytest.raises(OtherLoop, match="await the program's acall"):
        program("What?")
    assert (await program.acall("What?")).data == "Three."  # the second was sent, and not read


def test_a_program_is_an_agent_or_a_function() -> None:
    with pytest.raises(TypeError, match="an agent, or a function that runs agents, is expected, not list"):
        Recorder().program([Agent("a")])


def test_a_program_runs_where_run_sync_does() -> None:
    with ApiServer(says("One."), says("Two."), says("Three.")) as server:
        client = server.async_client()
        agent = Agent("a", model=OpenAIResponsesModel(model="gpt-test", openai_client=client))
        program = Recorder().program(agent)
        assert Runner.run_sync(agent, "What?").final_output == "One."
        assert program("What?").data == "Two."
        assert Runner.run_sync(agent, "What?").final_output == "Three."
        loop = asyncio.get_event_loop_policy().get_event_loop()
        loop.run_until_complete(client.close())
        loop.close()
