"""What is private to AutoGen and holds what is learned: each test fails when one of it is gone or moved."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.agents import SocietyOfMindAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow, MagenticOneGroupChat, RoundRobinGroupChat
from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core.models import SystemMessage
from autogen_core.tools import FunctionTool, StaticStreamWorkbench
from autogen_ext.models.openai import OpenAIChatCompletionClient
from trace_autogen import private

from tests.autogen.programs import add, assistant, client
from tests.autogen.rows import filtered, magentic, people, selector, society


def agent() -> Any:
    return assistant("writer", "x", tools=[add], handoffs=["bob"], description="It writes.")


@pytest.mark.parametrize(
    ("make", "attribute", "kind"),
    [
        (agent, private.SYSTEM_MESSAGES, list),
        (agent, private.DESCRIPTION, str),
        (agent, private.SUMMARY_FORMAT, str),
        (agent, private.SUMMARY_FORMATTER, type(None)),
        (agent, private.REFLECT, bool),
        (agent, private.ITERATIONS, int),
        (agent, private.HANDOFFS, dict),
        (agent, private.HANDOFF_TOOLS, list),
        (agent, private.IS_RUNNING, bool),
        (society, private.SOCIETY_INSTRUCTION, str),
        (society, private.SOCIETY_RESPONSE_PROMPT, str),
        (selector, private.SELECTOR_PROMPT, str),
        (selector, private.PARTICIPANT_DESCRIPTIONS, list),
        (magentic, private.FINAL_ANSWER_PROMPT, str),
        (lambda: FunctionTool(add, "Add."), private.TOOL_ARGUMENTS, type),
        (lambda: FunctionTool(add, "Add."), private.TOOL_FUNCTION, type(add)),
        (lambda: FunctionTool(add, "Add."), private.DESCRIPTION, str),
        (lambda: StaticStreamWorkbench([]), private.TOOL_OVERRIDES, dict),
        (lambda: OpenAIChatCompletionClient(model="gpt-4o", api_key="x"), private.CREATE_ARGS, dict),
        (lambda: OpenAIChatCompletionClient(model="gpt-4o", api_key="x"), private.RAW_CONFIG, dict),
    ],
)
def test_the_attribute_is_there(make: Any, attribute: str, kind: type) -> None:
    assert isinstance(vars(make())[attribute], kind)


def test_system_messages_are_messages() -> None:
    [message] = vars(agent())[private.SYSTEM_MESSAGES]
    assert isinstance(message, SystemMessage)


def test_the_tools_of_an_agent_are_those_of_its_workbench() -> None:
    made = agent()
    assert private.workbenches_of(made) == made._workbench
    assert private.tools_in(made._workbench[0]) is not None
    assert private.tools_in(made._workbench[0])[0] is made._tools[0]


def test_what_is_inside() -> None:
    team = RoundRobinGroupChat(people())
    writer = assistant("writer", "x")
    assert private.inside(filtered()).name == "writer"
    assert private.inside(SocietyOfMindAgent("society", team, client("x"))) is team
    assert private.inside(AgentTool(writer)) is writer
    assert private.inside(TeamTool(team, "panel", "A panel.")) is team
    assert private.inside(writer) is None


def test_the_members_that_a_team_was_given() -> None:
    anna, bert = people()
    graph = DiGraphBuilder().add_node(anna).add_node(bert).add_edge(anna, bert).build()
    assert private.given_participants(GraphFlow([anna, bert], graph)) == [anna, bert]
    assert private.given_participants(RoundRobinGroupChat([anna, bert])) == [anna, bert]


async def test_the_manager_of_a_team_that_has_run() -> None:
    team = selector()
    assert private.manager_of(team) is None
    await team.run(task="go")
    manager = private.manager_of(team)
    assert vars(manager)[private.SELECTOR_PROMPT] == vars(team)[private.SELECTOR_PROMPT]
    assert vars(manager)[private.PARTICIPANT_DESCRIPTIONS] == vars(team)[private.PARTICIPANT_DESCRIPTIONS]


async def test_magentic_one_describes_its_team_line_by_line() -> None:
    team: MagenticOneGroupChat = magentic()
    await team.run(task="go")
    manager = private.manager_of(team)
    assert vars(manager)[private.TEAM_DESCRIPTION] == "anna: anna is kind.\nbert: bert is kind."
    assert vars(manager)[private.FINAL_ANSWER_PROMPT] == vars(team)[private.FINAL_ANSWER_PROMPT]


def test_a_renewed_team_differs_in_identity_alone() -> None:
    """`BaseGroupChat.__init__` sets just what is known here."""
    known = {
        *("_name", "_description", "_participants", "_base_group_chat_manager_class", "_termination_condition"),
        *("_max_turns", "_message_factory", "_team_id", "_group_chat_manager_name", "_participant_names"),
        *("_participant_descriptions", "_group_topic_type", "_group_chat_manager_topic_type"),
        *("_participant_topic_types", "_output_topic_type", "_output_message_queue", "_runtime", "_embedded_runtime"),
        *("_initialized", "_is_running", "_emit_team_events"),
    }
    assert set(vars(RoundRobinGroupChat(people()))) == known


async def test_a_fresh_context_has_what_it_began_with() -> None:
    made = agent()
    await made.run(task="go")
    assert len(await made.model_context.get_messages()) == 2
    assert await private.fresh_context(made.model_context).get_messages() == []
