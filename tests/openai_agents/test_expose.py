"""What is offered of agents and how it is called; what one object, many agents and clones have in common."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, FunctionTool, ModelSettings, RunConfig, Runner, WebSearchTool, function_tool, handoff
from agents.run import CallModelData, ModelInputData
from trace_openai.agents import KINDS, NotExposed, NothingToLearn, Recorder, clone, expose, unexpose

from tests.openai_agents.programs import ADDS, add, agent, asks, echoing, multiply
from trace_core import ExceptionNode, OptoPrime, ReplayChat


def company() -> Agent[Any]:
    helper = agent("Helper", "Done.", instructions="Help.")
    spanish = agent("Spanish agent", "Hola.", instructions="Speak Spanish.", handoff_description="Knows Spanish.")
    french = agent("French agent", "Salut.", instructions="Speak French.")
    return agent(
        "Triage",
        "Done.",
        instructions="Choose.",
        tools=[add, helper.as_tool("help", "It helps."), WebSearchTool()],
        handoffs=[spanish, handoff(french)],
        model_settings=ModelSettings(temperature=0.2),
    )


def test_names_and_kinds() -> None:
    parameters = expose(company(), name="x", kinds="all")
    assert {name: parameter.kind for name, parameter in parameters.items()} == {
        "x.Triage.system_prompt": "system_prompt",
        "x.Triage.temperature": "setting",
        "x.Triage.add.description": "tool_description",
        "x.Triage.add.a": "argument_description",
        "x.Triage.add.b": "argument_description",
        "x.Triage.add.code": "code",
        "x.Triage.help.description": "tool_description",
        "x.Triage.help.input": "argument_description",
        "x.Helper.system_prompt": "system_prompt",
        "x.Triage.transfer_to_french_agent.description": "description",
        "x.Spanish_agent.system_prompt": "system_prompt",
        "x.Spanish_agent.handoff_description": "description",
        "x.French_agent.system_prompt": "system_prompt",
    }
    assert set(KINDS) == {parameter.kind for parameter in parameters.values()}
    unexpose(parameters)


def test_prompts_are_what_is_offered_where_nothing_else_is_said() -> None:
    assert {parameter.kind for parameter in expose(company()).values()} == {"system_prompt"}


def test_asked_again_they_are_the_same() -> None:
    asked = company()
    first = expose(asked, kinds="all")
    assert list(expose(asked, kinds="all").values()) == list(first.values())
    unexpose(first)


def test_code_that_was_learned_is_found_again_by_the_same_agent_its_clone_and_another_with_the_tool() -> None:
    asked = agent("a", instructions="Add.", tools=[add])
    first = expose(asked, kinds="code")
    first["a.add.code"].set("def add(a: int, b: int) -> int:\n    return b + a")
    for again in (asked, clone(asked), agent("b", instructions="Add.", tools=[add])):
        assert list(expose(again, kinds="code").values()) == list(first.values())
    unexpose(first)


def test_agents_of_one_name_are_told_apart() -> None:
    found = expose([agent("a", instructions="One."), agent("a", instructions="Two.")])
    assert {name: each.data for name, each in found.items()} == {
        "a.system_prompt": "One.",
        "a.system_prompt[1]": "Two.",
    }


def test_a_tool_of_two_agents_is_one() -> None:
    found = expose([agent("a", tools=[multiply]), agent("b", tools=[multiply])], kinds=["tool_description"])
    assert list(found) == ["a.multiply.description"]
    unexpose(found)


async def test_settings_of_two_agents_that_share_them_are_one() -> None:
    settings = ModelSettings(temperature=0.5)
    one, two = (agent(name, "Yes.", model_settings=settings) for name in "ab")
    found = expose([one, two], kinds="setting")
    assert list(found) == ["a.temperature"]
    found["a.temperature"].set(0.75)
    assert [one.model_settings.temperature, two.model_settings.temperature] == [0.75, 0.75]
    assert settings.temperature == 0.5
    assert list(expose([one, two], kinds="setting").values()) == list(found.values())


def test_functions_that_write_instructions() -> None:
    def plain(context: Any, agent: Any) -> str:
        return "Be brief."

    with pytest.warns(NotExposed, match="a function writes them"):
        found = expose(agent("a", instructions=plain), kinds=["system_prompt", "code"])
    assert list(found) == ["a.instructions.code"]
    with pytest.raises(NothingToLearn, match="a function writes them"):
        expose(agent("a", instructions=lambda context, agent: "Be brief."))


def test_a_method_that_writes_what_it_may_not_is_refused_with_the_reason() -> None:
    counted: list[int] = []

    @function_tool
    def count(n: int) -> int:
        """Count."""
        counted.append(n)
        return len(counted)

    with pytest.raises(NothingToLearn, match="count"):
        expose(agent("a", tools=[count]), kinds="code")


def test_what_is_no_agent_is_refused() -> None:
    with pytest.raises(TypeError, match="an agent or a function tool of the SDK is expected, not str"):
        expose("agent")


async def test_what_the_user_writes_is_a_version() -> None:
    asked = agent("a", echoing(), instructions="Be brief.")
    parameter = expose(asked)["a.system_prompt"]
    asked.instructions = "Be kind."
    assert parameter.data == "Be kind."
    assert (await Runner.run(asked, "Hm?")).final_output == "Be kind. Hm?"


async def test_what_the_run_says_otherwise_is_not_read() -> None:
    asked = agent("a", "Yes.", "Yes.", instructions="Be brief.", model_settings=ModelSettings(temperature=0.5))
    parameters, recorder = expose(asked, kinds="all"), Recorder()

    def other(data: CallModelData[Any]) -> ModelInputData:
        return ModelInputData(input=data.model_data.input, instructions="Be long.")

    config = RunConfig(model_settings=ModelSettings(temperature=0.1), call_model_input_filter=other)
    await Runner.run(asked, "Hm?", run_config=config, hooks=recorder.hooks())
    assert recorder.last.graph.parameters == ()
    await Runner.run(asked, "Hm?", hooks=recorder.hooks())
    assert set(recorder.last.graph.parameters) == set(parameters.values())


async def test_tools_of_ones_own_class() -> None:
    class Counting(FunctionTool):
        def __init__(self, tool: FunctionTool) -> None:
            super().__init__(tool.name, tool.description, tool.params_json_schema, tool.on_invoke_tool)

    model = agent("a", asks(ADDS), "Yes.", tools=[Counting(add)])
    parameters = expose(model, kinds="code")
    parameters["a.add.code"].set("def add(a: int, b: int) -> int:\n    return a * 10 + b")
    await Runner.run(model, "1 + 2?")
    assert "12" in str(model.model.told[-1])  # type: ignore[union-attr]


async def test_clones_follow() -> None:
    asked = agent("a", echoing(), instructions="Be brief.", handoffs=[agent("b", instructions="Be long.")])
    parameters, copy = expose(asked), clone(asked)
    assert copy is not asked
    assert copy.handoffs[0] is not asked.handoffs[0]
    parameters["a.system_prompt"].set("Be kind.")
    with parameters.candidate({"b.system_prompt": "Be quick."}):
        assert copy.handoffs[0].instructions == "Be quick."
    assert (await Runner.run(copy, "Hm?")).final_output == "Be kind. Hm?"
    unexpose(parameters)
    assert type(copy) is Agent
    assert copy.instructions == "Be kind."


def test_the_sdks_own_clones_have_what_is_written() -> None:
    asked = agent("a", echoing(), instructions="Be brief.")
    parameters = expose(asked)
    with parameters.candidate({"a.system_prompt": "Be quick."}):
        copy = asked.clone(name="b")
    assert (type(copy), copy.instructions) == (Agent, "Be brief.")


async def test_a_step_from_feedback_reaches_tools_and_prompts() -> None:
    asked = agent("a", asks(ADDS), "It is 3.", instructions="Add.", tools=[add])
    parameters, recorder = expose(asked, kinds=["system_prompt", "code"]), Recorder()
    with recorder.run() as run:
        await Runner.run(asked, "1 + 2?")
    run.output.backward("too long")
    assert all(parameter.feedback for parameter in parameters.values())
    OptoPrime(parameters, ReplayChat(["```a.system_prompt\nAdd, in one word.\n```"])).step()
    assert asked.instructions == "Add, in one word."
    unexpose(parameters)


async def test_learned_code_that_fails_is_told_to_the_model_as_the_tools_own_errors_are() -> None:
    model = agent("a", asks(ADDS), "It failed.", asks(ADDS), "It failed.", tools=[add])
    parameters, recorder = expose(model, kinds="code"), Recorder()
    hidden = Recorder(redact=lambda value: "***")
    parameters["a.add.code"].set('def add(a: int, b: int) -> int:\n    raise ValueError("no sums")')
    await Runner.run(model, "1 + 2?", hooks=recorder.hooks())
    await Runner.run(model, "1 + 2?", hooks=hidden.hooks())
    unexpose(parameters)
    assert "no sums" not in str([(node.data, node.info) for node in hidden.last.graph.nodes if hasattr(node, "info")])
    assert "again" not in str([node.info for node in hidden.last.graph.nodes if hasattr(node, "info")])
    tool = next(node for node in recorder.last.graph.nodes if getattr(node, "op", "") == "tool")
    assert "An error occurred while running the tool" in str(model.model.told[-1])
    assert "An error occurred while running the tool" in tool.info["told"]
    assert isinstance(tool, ExceptionNode)
    assert "no sums" in tool.data
