"""What is not documented of the SDK and is relied upon: each test fails when one of it is gone or moved."""

from __future__ import annotations

import gc
import inspect
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import FunctionTool, RunHooks, Runner, function_tool, handoff
from agents.lifecycle import RunHooksBase
from agents.run import AgentRunner
from agents.tracing import FunctionSpanData, GuardrailSpanData, get_current_span
from trace_openai.agents import private
from trace_openai.agents.hooks import RecordedRun

from tests.openai_agents.programs import ADDS, add, agent, asks
from tests.openai_agents.scenarios import checking


def test_what_runs_are_handed_to() -> None:
    gc.collect()  # of hooks that other tests made
    assert isinstance(private.runner(), AgentRunner)
    for name in ("run", "run_sync", "run_streamed"):
        assert list(inspect.signature(getattr(private.runner(), name)).parameters) == [
            "starting_agent",
            "input",
            "kwargs",
        ]


async def test_it_is_looked_up_at_each_run() -> None:
    before, seen = private.runner(), list[Any]()

    class Other:
        async def run(self, agent: Any, given: Any, **options: Any) -> Any:
            seen.append(set(options))
            return await before.run(agent, given, **options)

    private.set_runner(Other())
    try:
        await Runner.run(agent("a", "Yes."), "Is it?")
    finally:
        private.set_runner(before)
    assert {"hooks", "session", "previous_response_id", "conversation_id", "auto_previous_response_id"} <= seen[0]


def test_all_that_hooks_are_told_is_passed_on_to_the_users() -> None:
    told = {name for name in vars(RunHooksBase) if name.startswith("on_")}
    assert told == {name for name in vars(RecordedRun) if name.startswith("on_")}


def test_the_agent_behind_a_tool_and_a_handoff() -> None:
    inner = agent("a")
    assert private.agent_of_tool(inner.as_tool("t", "d")) is inner
    assert private.agent_of_tool(add) is None
    assert private.agent_of_handoff(handoff(inner)) is inner


def test_what_is_gone_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert private.agent_of_tool(object()) is None
    assert "no _agent_instance any more" in caplog.text


def test_a_tool_shows_the_function_that_it_was_made_of() -> None:
    def double(n: int) -> int:
        """Double."""
        return 2 * n

    assert function_tool(double).__wrapped__ is double
    assert getattr(agent("a").as_tool("t", "d"), "__wrapped__", None) is None


async def test_hooks_of_tools_are_told_the_call_and_run_in_its_span() -> None:
    found: list[Any] = []

    class Hooks(RunHooks[Any]):
        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            found.append((context.tool_call_id, context.tool_arguments, get_current_span()))

    @function_tool(name_override="add")
    async def spanned(a: int, b: int) -> int:
        """Add."""
        found.append(get_current_span())
        return a + b

    asked = asks(ADDS)
    await Runner.run(agent("a", asked, "3", tools=[spanned]), "1 + 2?", hooks=Hooks())
    (call_id, given, of_hook), of_tool = found
    assert call_id == asked[0].call_id
    assert given == ADDS[1]
    assert of_hook is of_tool
    assert isinstance(of_tool.span_data, FunctionSpanData)


async def test_guardrails_run_in_a_span_of_their_name() -> None:
    guarded = checking(False)
    inner, found = guarded.guardrail_function, list[Any]()

    def check(context: Any, agent: Any, given: Any) -> Any:
        found.append(get_current_span())
        return inner(context, agent, given)

    guarded.guardrail_function = check
    result = await Runner.run(agent("a", "Yes.", input_guardrails=[guarded]), "Is it?")
    assert isinstance(found[0].span_data, GuardrailSpanData)
    assert found[0].span_data.name == result.input_guardrail_results[0].guardrail.get_name()


def test_objects_keep_what_is_learned_in_their_own_dicts() -> None:
    asked = agent("a", instructions="i", handoff_description="d")
    assert {"instructions", "handoff_description", "model_settings", "tools", "handoffs"} <= set(vars(asked))
    assert {"description", "params_json_schema", "on_invoke_tool"} <= set(vars(add))
    assert "tool_description" in vars(handoff(asked))
    assert isinstance(add, FunctionTool)
