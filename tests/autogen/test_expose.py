"""`expose`: what is found, how it is called, and whose it is."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent, CodeExecutorAgent, UserProxyAgent
from autogen_agentchat.base import Handoff
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core.code_executor import CodeBlock, CodeExecutor, CodeResult
from autogen_core.tools import FunctionTool, StaticWorkbench, ToolOverride, Workbench
from trace_autogen import (
    KINDS,
    NotExposed,
    NothingToLearn,
    TracedAgent,
    TracedTeam,
    clone,
    expose,
    trace,
    unexpose,
    untrace,
)

from tests.autogen.programs import add, asks, assistant, client, sent
from tests.autogen.rows import filtered, told
from trace_core.errors import InvalidValue


def names(program: Any, **options: Any) -> list[str]:
    return list(expose(program, **options))


class Executor(CodeExecutor):
    """Runs nothing."""

    component_type = "code_executor"

    async def execute_code_blocks(self, code_blocks: list[CodeBlock], cancellation_token: Any) -> CodeResult:
        return CodeResult(exit_code=0, output="")

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def restart(self) -> None: ...


# --- what is found


def test_an_agent_is_called_by_its_name() -> None:
    assert names(assistant("writer", "x")) == ["writer.system_prompt"]


def test_what_the_user_calls_it_comes_first() -> None:
    assert names(assistant("writer", "x"), name="support") == ["support.writer.system_prompt"]


def test_members_are_found_and_inner_teams_and_agents_that_are_tools() -> None:
    helper = assistant("helper", "x")
    inner = RoundRobinGroupChat([assistant("anna", "x", tools=[AgentTool(helper)]), assistant("bert", "x")], name="duo")
    team = SelectorGroupChat([inner, assistant("carl", "x")], client("x"))
    assert names(team, name="x") == [
        "x.selector_prompt",
        "x.duo.anna.system_prompt",
        "x.duo.anna.helper.system_prompt",
        "x.duo.bert.system_prompt",
        "x.carl.system_prompt",
    ]
    assert "x.duo.description" in names(team, name="x", kinds="description")


def test_several_programs() -> None:
    writer, critic = assistant("writer", "x"), assistant("critic", "x")
    assert names([writer, critic]) == ["writer.system_prompt", "critic.system_prompt"]
    assert names({"first": assistant("a", "x"), "second": assistant("a", "x")}) == [
        "first.a.system_prompt",
        "second.a.system_prompt",
    ]


def test_agents_of_the_same_name_are_numbered() -> None:
    assert names([assistant("a", "x"), assistant("a", "x")]) == ["a.system_prompt", "a.system_prompt[1]"]


def test_what_is_traced_is_found() -> None:
    inside = TracedAgent(assistant("writer", "x"))
    team = TracedTeam(RoundRobinGroupChat([inside]))
    assert names(team) == names(inside) == ["writer.system_prompt"]
    assert names(team, kinds="description") == ["writer.description"]


def test_an_agent_that_runs_code() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of AutoGen: nobody approves of the code
        agent = CodeExecutorAgent("coder", Executor(), model_client=client("x"))
    prompt = expose(agent)["coder.system_prompt"]
    prompt.set("Write Python.")
    assert agent._system_messages[0].content == "Write Python."


def test_all_kinds_of_an_agent_with_tools() -> None:
    agent = assistant("w", "x", tools=[add], handoffs=["bob"])
    kinds = {name: parameter.kind for name, parameter in expose(agent, kinds="all").items()}
    assert kinds == {
        "w.system_prompt": "system_prompt",
        "w.description": "description",
        "w.reflect_on_tool_use": "setting",
        "w.max_tool_iterations": "setting",
        "w.tool_call_summary_format": "setting",
        "w.transfer_to_bob.description": "tool_description",
        "w.transfer_to_bob.message": "prompt",
        "w.add.description": "tool_description",
        "w.add.a": "argument_description",
        "w.add.b": "argument_description",
        "w.add.code": "code",
    }
    assert set(kinds.values()) == set(KINDS)


def test_a_description_that_nobody_reads_is_not_offered() -> None:
    agent = assistant("writer", "x", tools=[AgentTool(assistant("helper", "x"))])
    assert names(agent, kinds=["description", "tool_description"]) == [
        "writer.description",
        "writer.helper.description",
    ]
    with pytest.raises(NothingToLearn, match="behind it"):
        expose(filtered(), kinds="description")


def test_include_and_exclude() -> None:
    people = [assistant("anna", "x"), assistant("bert", "x")]
    assert names(people, include="anna.*") == ["anna.system_prompt"]
    assert names(people, exclude=["anna.*"]) == ["bert.system_prompt"]


def test_a_tool_or_a_workbench_by_itself() -> None:
    tool = FunctionTool(add, "Add.")
    assert names(tool, kinds="tool_description") == ["add.description"]
    assert names(StaticWorkbench([tool]), kinds="tool_description") == ["add.description"]


class Remote(Workbench):
    """A workbench whose tools a server has."""

    component_type = "workbench"

    def __init__(self, **overrides: ToolOverride) -> None:
        self._tool_overrides = overrides

    async def list_tools(self) -> list[Any]:
        return [{"name": "find", "description": said.description} for said in self._tool_overrides.values()]

    async def call_tool(self, *args: Any, **kwargs: Any) -> Any: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def reset(self) -> None: ...
    async def save_state(self) -> Any: ...
    async def load_state(self, state: Any) -> None: ...


async def test_what_a_workbench_says_of_tools_that_a_server_has() -> None:
    agent = assistant("writer", "x", workbench=Remote(find=ToolOverride(description="Find.")))
    parameters = expose(agent, kinds="tool_description")
    with parameters.candidate({"writer.find.description": "Search."}):
        await agent.run(task="go")
    assert "Search." in told(agent)


def test_tools_that_only_a_server_knows_are_named() -> None:
    with pytest.warns(NotExposed, match="tool_overrides"):
        expose(assistant("writer", "x", workbench=Remote()), kinds=["tool_description", "system_prompt"])


# --- what is not


def test_nothing_to_learn() -> None:
    with pytest.raises(NothingToLearn, match="no prompt or system_prompt was found in UserProxyAgent; it has descr"):
        expose(UserProxyAgent("user"))
    with pytest.raises(NothingToLearn):
        expose(assistant("writer", "x", system=None))  # type: ignore[arg-type]


def test_what_is_no_program() -> None:
    with pytest.raises(TypeError, match="not str"):
        expose("writer")
    with pytest.raises(ValueError, match="unknown kinds: prompts"):
        expose(assistant("writer", "x"), kinds="prompts")


def test_a_format_that_would_fail_already() -> None:
    agent = assistant("writer", "x", tools=[add], tool_call_summary_format='{"a": {result}}')
    with pytest.raises(NothingToLearn, match="cannot be filled"):
        expose(agent, kinds="setting", include="*format")


def test_a_formatter_of_the_users_says_how_tools_are_summed_up() -> None:
    agent = assistant("writer", "x", tools=[add], tool_call_summary_formatter=lambda call, result: "x")
    with pytest.warns(NotExposed, match="formatter"):
        expose(agent, kinds="setting")


@pytest.mark.parametrize("text", ["{result", "{result.secret}", "{result:d}", "{results}", "{}{result}", "{result!x}"])
async def test_a_format_is_text_or_refused_and_never_ends_a_run(text: str) -> None:
    agent = assistant("writer", asks(("add", '{"a": 2, "b": 3}')), tools=[add])
    parameter = expose(agent, kinds="setting")["writer.tool_call_summary_format"]
    try:
        parameter.set(text)
    except InvalidValue:
        assert parameter.data == "{result}"
    await agent.run(task="go")


# --- whose it is


def test_asked_again_it_is_the_same_parameters() -> None:
    agent = assistant("writer", "x", tools=[add], handoffs=["bob"])
    assert expose(agent, kinds="all") == expose(RoundRobinGroupChat([agent]), kinds="all")


def test_a_tool_that_agents_share_has_one_parameter() -> None:
    tool = FunctionTool(add, "Add.")
    people = [assistant(name, "x", tools=[tool]) for name in ("anna", "bert")]
    assert names(people, kinds="tool_description") == ["anna.add.description"]


async def test_what_the_user_writes_there_is_a_version() -> None:
    agent = assistant("writer", "one", "two")
    prompt = expose(agent)["writer.system_prompt"]
    agent._system_messages = [type(agent._system_messages[0])(content="Rhyme.")]
    assert (prompt.data, prompt.version, prompt.history[-1].author) == ("Rhyme.", 1, "user")
    await agent.run(task="go")
    assert sent(agent)[0].content == "Rhyme."


async def test_a_message_that_was_sent_stays_as_it_was() -> None:
    agent = assistant("writer", "one")
    prompt = expose(agent)["writer.system_prompt"]
    await agent.run(task="go")
    prompt.set("Rhyme.")
    assert sent(agent)[0].content == "Be brief."


def test_the_users_own_handoff_stays_as_it_was() -> None:
    handoff = Handoff(target="bert", message="Take over.")
    agent = assistant("writer", "x", handoffs=[handoff])
    expose(agent)["writer.transfer_to_bert.message"].set("Go on.")
    assert handoff.message == "Take over."


async def test_a_rewrite_in_a_turn_is_used_from_the_next_one_on() -> None:
    def rhyme() -> str:
        """Rhyme."""
        prompt.set("Rhyme.")
        return "done"

    agent = assistant("writer", asks(("rhyme", "{}")), "one", "two", tools=[rhyme], reflect_on_tool_use=True)
    prompt = expose(agent)["writer.system_prompt"]
    await agent.run(task="go")
    assert sent(agent)[0].content == "Be brief."
    await agent.run(task="on")
    assert sent(agent)[0].content == "Rhyme."


def test_saved_and_loaded_elsewhere(tmp_path: Path) -> None:
    parameters = expose(assistant("writer", "x"), name="x")
    parameters["x.writer.system_prompt"].set("Rhyme.")
    parameters.save(tmp_path / "learned.json")
    other = assistant("writer", "x")
    expose(other, name="x").load(tmp_path / "learned.json")
    assert other.dump_component().config["system_message"] == "Rhyme."


# --- put back


async def test_traced_and_exposed_in_any_order_all_is_put_back() -> None:
    for first in ("trace", "expose"):
        agent = assistant("writer", "one", tools=[add], handoffs=["bob"])
        before = {name: type(value) for name, value in vars(agent).items()}
        if first == "trace":
            trace(agent)
        parameters = expose(agent, kinds="all")
        trace(agent)
        await agent.run(task="go")
        if first == "trace":
            untrace(agent)
        unexpose(parameters)
        untrace(agent)
        assert type(agent) is AssistantAgent
        assert {name: type(value) for name, value in vars(agent).items()} == before
        assert type(agent._workbench[0]).__dict__.get("_trace_stand") is None
        assert not [name for tool in agent._tools for name in vars(tool) if name.startswith("_trace")]


def test_unexposed_and_exposed_again_they_are_new_parameters() -> None:
    agent = assistant("writer", "x")
    first = expose(agent)
    first["writer.system_prompt"].set("Rhyme.")
    unexpose(first)
    second = expose(agent)
    assert second["writer.system_prompt"] is not first["writer.system_prompt"]
    assert second.state_dict() == {"writer.system_prompt": "Rhyme."}


def test_no_class_of_autogen_is_changed() -> None:
    before = dict(vars(AssistantAgent))
    agent, other = assistant("writer", "x"), assistant("other", "x")
    expose(agent, kinds="all")
    assert dict(vars(AssistantAgent)) == before
    assert type(other) is AssistantAgent
    assert isinstance(agent, AssistantAgent)
    assert type(agent).__name__ == "AssistantAgent"


async def test_nothing_grows_with_candidates_and_with_exposing() -> None:
    agent = assistant("writer", "x", tools=[add], handoffs=["bob"])

    def objects(times: int) -> int:
        for number in range(times):
            parameters = expose(agent, kinds="all")
            with parameters.candidate({"writer.system_prompt": str(number), "writer.add.a": str(number)}):
                vars(clone(agent))
                assert agent._system_messages[0].content == str(number)
                assert agent._handoff_tools
                assert agent._tools[0].schema
            unexpose(parameters)
        gc.collect()
        return len(gc.get_objects())

    before = objects(20)
    assert objects(60) - before < 60
