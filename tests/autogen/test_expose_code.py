"""The code of tools: rewritten, in the sandbox or not, dumped only where it was trusted."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken
from autogen_core.tools import FunctionTool
from trace_autogen import CodeNotDumped, NotExposed, NothingToLearn, expose, unexpose

from tests.autogen.programs import asks, client
from trace_core.errors import InvalidValue

FACTOR = 10
ADDED = "def add(a: int, b: int) -> int:\n    return a + b"
LATER = "async def later(a: int) -> int:\n    return a * 3"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a - b


async def later(a: int) -> int:
    """Triple a number."""
    return a * 2


def scaled(a: int) -> int:
    """Multiply by the factor."""
    return a + FACTOR


def adding(*tools: Any, name: str = "writer") -> AssistantAgent:
    return AssistantAgent(name, client(*[asks(("add", '{"a": 2, "b": 3}'))] * 9), tools=list(tools) or [add])


async def answer(agent: AssistantAgent) -> str:
    return str((await agent.run(task="go")).messages[-1].content)


async def ran(tool: FunctionTool, **arguments: Any) -> Any:
    return await tool.run_json(arguments, CancellationToken())


async def test_rewritten_code_is_called_from_the_next_call_on_and_reverted_no_more() -> None:
    agent = adding()
    code = expose(agent, kinds="code")["writer.add.code"]
    assert await answer(agent) == "-1"
    code.set(ADDED)
    assert await answer(agent) == "5"
    code.revert()
    assert await answer(agent) == "-1"


async def test_a_candidates_code_is_seen_by_its_own_task_alone() -> None:
    tool = FunctionTool(add, "Add.")
    parameters = expose(tool, kinds="code")

    async def tried(text: str) -> Any:
        with parameters.candidate({"add.code": text}):
            await asyncio.sleep(0)
            return await ran(tool, a=2, b=3)

    texts = [ADDED.replace("a + b", f"a + b + {number}") for number in range(8)]
    assert await asyncio.gather(*map(tried, texts)) == [5 + number for number in range(8)]
    assert await ran(tool, a=2, b=3) == -1


async def test_the_code_of_an_awaited_function() -> None:
    tool = FunctionTool(later, "Triple.")
    parameters = expose(tool, kinds="code")
    parameters["later.code"].set(LATER)
    assert await ran(tool, a=2) == 6


async def test_rewritten_code_uses_the_names_that_the_function_used() -> None:
    tool = FunctionTool(scaled, "Scale.")
    expose(tool, kinds="code")["scaled.code"].set("def scaled(a: int) -> int:\n    return a * FACTOR")
    assert await ran(tool, a=2) == 20


@pytest.mark.parametrize(
    "text",
    [
        "def add(a: int, b: int, c: int) -> int:\n    return a + b + c",
        "def add(a, b)\n    return a",
        "import os\ndef add(a: int, b: int) -> int:\n    return os.getpid()",
        "def other(a: int, b: int) -> int:\n    return a + b",
    ],
)
async def test_code_that_cannot_stand_in_is_refused(text: str) -> None:
    tool = FunctionTool(add, "Add.")
    with pytest.raises(InvalidValue):
        expose(tool, kinds="code")["add.code"].set(text)
    assert await ran(tool, a=2, b=3) == -1


async def test_code_that_raises_is_an_error_of_the_tool() -> None:
    agent = adding()
    expose(agent, kinds="code")["writer.add.code"].set("def add(a: int, b: int) -> int:\n    return a / 0")
    result = await agent.run(task="go")
    assert "division" in str(result.messages[-1].content)


async def test_a_function_that_two_agents_use_is_one_parameter() -> None:
    agents = [adding(name="anna"), adding(name="bert")]
    parameters = expose(agents, kinds="code")
    assert list(parameters) == ["anna.add.code"]
    parameters["anna.add.code"].set(ADDED)
    assert [await answer(agent) for agent in agents] == ["5", "5"]


async def test_what_is_put_into_the_tool_since_is_called() -> None:
    tool = FunctionTool(add, "Add.")
    expose(tool, kinds="code")["add.code"].set(ADDED)
    tool._func = lambda a, b: 0
    assert await ran(tool, a=2, b=3) == 0


async def test_no_longer_exposed_the_users_function_is_called() -> None:
    agent = adding()
    parameters = expose(agent, kinds="code")
    parameters["writer.add.code"].set(ADDED)
    unexpose(parameters)
    assert await answer(agent) == "-1"
    assert type(agent._tools[0]) is FunctionTool


def test_a_lambda_is_not_learned() -> None:
    with pytest.raises(NothingToLearn, match="no def"):
        expose(FunctionTool(lambda: 1, "One.", name="one"), kinds="code")


def test_what_is_common_is_only_told_to_who_asks_for_it() -> None:
    closed = FunctionTool(lambda: 1, "One.", name="one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expose(closed, kinds="all")
    with pytest.warns(NotExposed, match="one.code"):
        expose(closed, kinds=["code", "tool_description"])


# --- dumps


def test_learned_code_is_not_dumped() -> None:
    agent = adding()
    code = expose(agent, kinds="code")["writer.add.code"]
    agent.dump_component()
    code.set(ADDED)
    with pytest.raises(CodeNotDumped, match=r"writer.add.code.*learned_code=.native"):
        agent.dump_component()
    code.revert()
    agent.dump_component()


async def test_learned_code_that_was_trusted_is_dumped_and_does_the_same_where_it_is_loaded() -> None:
    agent = adding()
    expose(agent, kinds="code", learned_code="native")["writer.add.code"].set(ADDED)
    assert await answer(agent) == "5"
    with pytest.warns(UserWarning, match="SECURITY"):
        loaded = AssistantAgent.load_component(agent.dump_component())
    assert await answer(loaded) == "5"


def test_trusted_code_that_uses_names_around_it_is_not_dumped() -> None:
    amount = 3

    def more(a: int) -> int:
        return a + amount

    tool = FunctionTool(more, "More.")
    parameters = expose(tool, kinds="code", learned_code="native")
    parameters["more.code"].set("def more(a: int) -> int:\n    return a - amount")
    with pytest.raises(CodeNotDumped, match="around it"):
        tool.dump_component()


def test_a_dump_never_has_a_candidates_code() -> None:
    tool = FunctionTool(add, "Add.")
    parameters = expose(tool, kinds="code", learned_code="native")
    with parameters.candidate({"add.code": ADDED}):
        assert "a - b" in tool.dump_component().config["source_code"]
