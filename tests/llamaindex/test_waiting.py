"""Tools that wait for a person, and agents that are cancelled at a tool."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent, ToolCall
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent
from trace_llamaindex import Recorder
from workflows.errors import WorkflowCancelledByUser

from tests.llamaindex.programs import Scripted, add
from tests.llamaindex.scenario import drawn, outputs
from trace_core.recording import Run

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

ORDER = [("order", {"item": "kettle"}), ("add", {"a": 20, "b": 3})]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


async def order(ctx: Context, item: str) -> str:
    """Order an item."""
    said = await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent())
    return f"The {item}: {said.response}"


async def for_ever(item: str) -> str:
    """Wait until an item is there."""
    await asyncio.Event().wait()
    return item


def cancelled_at(recorder: Recorder, tool: Any, kind: type[Any]) -> Run:
    """A run of an agent that is cancelled when there is an event of a kind."""

    async def program() -> Run:
        with recorder.run() as run:
            handler = FunctionAgent(tools=[tool], llm=Scripted([(tool.__name__, {"item": "kettle"})])).run(user_msg="?")
            async for event in handler.stream_events():
                if isinstance(event, kind):
                    break
            await handler.cancel_run()
            with pytest.raises(WorkflowCancelledByUser):
                await handler
        return run

    return asyncio.run(program())


def test_a_tool_that_waited_is_one_call_and_was_told_what_the_person_answered(recorder: Recorder) -> None:
    async def program() -> Run:
        with recorder.run() as run:
            handler = FunctionAgent(tools=[order, add], llm=Scripted(ORDER, "Not now.")).run(user_msg="A kettle!")
            async for event in handler.stream_events():
                if isinstance(event, InputRequiredEvent):
                    handler.ctx.send_event(HumanResponseEvent(response="not before the fair"))
            await handler
        return run

    run = asyncio.run(program())
    edges = "input1>llm1 llm1>order llm1>add input2>order input1>llm2 llm1>llm2 order>llm2 add>llm2"
    assert drawn(run) == set(edges.split()), run.explain()


def test_a_tool_that_nobody_answered_did_not_fail(recorder: Recorder) -> None:
    run = cancelled_at(recorder, order, InputRequiredEvent)
    assert drawn(run) == {"input>llm", "llm>order"}, run.explain()


def test_an_agent_that_was_cancelled_came_as_far_as_its_tool(recorder: Recorder) -> None:
    run = cancelled_at(recorder, for_ever, ToolCall)
    assert drawn(run) == {"input>llm", "llm>for_ever!"}, run.explain()
    assert outputs(run) == {"for_ever!"}
