"""What is learned of tools of every class is kept through dump and load, or the dump is refused."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_agentchat.tools import TeamTool
from autogen_core import CancellationToken, Component
from autogen_core.tools import BaseTool, StaticStreamWorkbench, ToolOverride
from pydantic import BaseModel, Field
from trace_autogen import TextNotDumped, expose, trace, unexpose

from tests.autogen.programs import add, assistant, client
from tests.autogen.rows import told


class Query(BaseModel):
    """What a search is given."""

    q: str = Field(description="the query")


class Nothing(BaseModel):
    """A configuration in which nothing is kept."""


class Search(BaseTool[Query, str], Component[Nothing]):
    """A tool whose own dump has no texts."""

    component_config_schema = Nothing
    component_type = "tool"
    component_provider_override = "tests.autogen.test_dumped_tools.Search"

    def __init__(self) -> None:
        super().__init__(Query, str, "search", "searches")

    async def run(self, args: Query, cancellation_token: CancellationToken) -> str:
        return args.q

    def _to_config(self) -> Nothing:
        return Nothing()

    @classmethod
    def _from_config(cls, config: Nothing) -> Search:
        return cls()


def crew() -> TeamTool:
    return TeamTool(RoundRobinGroupChat([assistant("w", "x")], max_turns=1), name="crew", description="a crew")


async def loaded(agent: AssistantAgent) -> str:
    """What the model is told by an agent that was dumped and loaded."""
    made = AssistantAgent.load_component(agent.dump_component())
    vars(made)["_model_client"] = client("Done.")
    await made.run(task="go")
    return told(made)


@pytest.mark.parametrize(("tool", "name"), [(Search, "m.search.description"), (crew, "m.crew.description")])
async def test_a_description_is_kept(tool: Any, name: str) -> None:
    agent = assistant("m", "Done.", "Done.", tools=[tool()])
    recorder, parameters = trace(agent), expose(agent, kinds="tool_description")
    parameters[name].set("LEARNED")
    await agent.run(task="go")
    assert "LEARNED" in told(agent)
    assert "LEARNED" in await loaded(agent)
    recorder.last.output.backward("wrong")
    assert len(parameters[name].feedback) == 1
    with parameters.candidate({name: "CANDIDATE"}):
        await agent.run(task="go")
        assert "CANDIDATE" in told(agent)
        assert "CANDIDATE" not in agent.dump_component().model_dump_json()
    unexpose(parameters)
    assert "LEARNED" in await loaded(agent)


async def test_a_tool_that_two_agents_share_is_described_once() -> None:
    search = Search()
    agents = [assistant(name, "Done.", tools=[search]) for name in ("one", "other")]
    [parameter] = expose(agents[0], kinds="tool_description").values()
    assert [*expose(agents[1], kinds="tool_description").values()] == [parameter]
    parameter.set("LEARNED")
    for agent in agents:
        assert "LEARNED" in await loaded(agent)


@pytest.mark.parametrize(
    ("tool", "name", "said"),
    [(Search, "m.search.q", "search: the argument q"), (crew, "m.crew.task", "crew: the argument task")],
)
@pytest.mark.parametrize("still_exposed", [True, False])
async def test_what_cannot_be_kept_is_not_lost_in_silence(tool: Any, name: str, said: str, still_exposed: bool) -> None:
    agent = assistant("m", "Done.", tools=[tool()])
    parameters = expose(agent, kinds="argument_description")
    plain = agent.dump_component()
    parameters[name].set("LEARNED")
    if not still_exposed:
        unexpose(parameters)
    with pytest.raises(TextNotDumped, match=f"{said} is learned"):
        agent.dump_component()
    if still_exposed:
        parameters[name].revert()
        assert agent.dump_component() == plain


def test_a_tool_alone_that_cannot_keep_its_description_is_not_dumped() -> None:
    tool = Search()
    expose(tool, kinds="tool_description")["search.description"].set("LEARNED")
    with pytest.raises(TextNotDumped, match="search: the description is learned"):
        tool.dump_component()


async def test_learned_arguments_of_a_function_are_dumped_when_it_is_no_longer_exposed() -> None:
    agent = assistant("m", "Done.", tools=[add])
    parameters = expose(agent, kinds="argument_description")
    parameters["m.add.a"].set("LEARNED")
    unexpose(parameters)
    await agent.run(task="go")
    assert "LEARNED" in told(agent)
    assert "LEARNED" in agent.dump_component().model_dump_json()
    again = expose(agent, kinds="argument_description")
    again["m.add.a"].set("a number")
    assert "LEARNED" not in agent.dump_component().model_dump_json()


@pytest.mark.parametrize("override", [ToolOverride(description="Sum."), ToolOverride(name="plus")])
async def test_texts_of_tools_that_a_workbench_calls_otherwise_are_read(override: ToolOverride) -> None:
    workbench = StaticStreamWorkbench([*assistant("m", tools=[add])._tools], {"add": override})
    agent = AssistantAgent("m", client("Done."), workbench=workbench)
    recorder, parameters = trace(agent), expose(agent, kinds=["tool_description", "argument_description"])
    await agent.run(task="go")
    recorder.last.output.backward("wrong")
    assert [len(parameter.feedback) for parameter in parameters.values()] == [1, 1, 1]
