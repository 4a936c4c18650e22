"""What went through the store of a workflow's context, of which nothing is told."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from trace_llamaindex import Recorder

from tests.llamaindex.programs import Scripted
from tests.llamaindex.scenario import drawn
from trace_core.recording import Run

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def run_of(recorder: Recorder, workflow: Workflow, **given: Any) -> Run:
    async def program() -> None:
        with recorder.run():
            await workflow.run(**given)

    asyncio.run(program())
    assert recorder.last is not None
    return recorder.last


async def keep_name(ctx: Context, name: str) -> str:
    """Keep a name."""
    await ctx.store.set("name", name)
    return "It was saved."


async def keep_city(ctx: Context, city: str) -> str:
    """Keep a city."""
    await ctx.store.set("city", city)
    return "It was saved."


async def card(ctx: Context) -> str:
    """Write a card."""
    return f"To {await ctx.store.get('name')}, {await ctx.store.get('city')}."


def test_what_a_tool_kept_and_another_gave(recorder: Recorder) -> None:
    asks = [("keep_name", {"name": "Ada Lovelace"})], [("keep_name", {"name": "Ada King"})]
    llm = Scripted(*asks, [("keep_city", {"city": "London"})], [("card", {})], [("card", {})], "There you are.")
    run = run_of(recorder, FunctionAgent(tools=[keep_name, keep_city, card], llm=llm), user_msg="A card, please.")
    between = {edge for edge in drawn(run) if "llm" not in edge and "input" not in edge}
    assert between == {f"{kept}>card{i}" for kept in ("keep_name2", "keep_city") for i in (1, 2)}


def test_what_a_tool_kept_and_another_asks_a_model_with(recorder: Recorder) -> None:
    writer = Scripted("Dear Ada King, welcome.")

    async def write(ctx: Context, style: str) -> str:
        """Write a letter."""
        return (await writer.acomplete(f"Write a {style} letter to {await ctx.store.get('name')}.")).text

    llm = Scripted([("keep_name", {"name": "Ada King"})], [("write", {"style": "kindly worded"})], "It is in the post.")
    run = run_of(recorder, FunctionAgent(tools=[keep_name, write], llm=llm), user_msg="Welcome her.")
    assert {"keep_name>llm3", "llm2>llm3", "llm3>write"} <= drawn(run)
    assert "keep_name>write" not in drawn(run)


class Kept(Event):
    pass


class Notes(Workflow):
    """Reads without a model, and tells with one if there is one."""

    def __init__(self, llm: Scripted | None) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def read(self, ctx: Context, ev: StartEvent) -> Kept:
        await ctx.store.set("lines", [line.strip() for line in ev.text.splitlines()])
        return Kept()

    @step
    async def tell(self, ctx: Context, ev: Kept) -> StopEvent:
        lines = " / ".join(await ctx.store.get("lines"))
        return StopEvent(result=lines if self.llm is None else (await self.llm.acomplete(f"Shorten: {lines}")).text)


TEXT = "The kettles leak badly.\nThe toasters burn the bread."


def test_what_a_step_kept_of_what_the_workflow_was_given(recorder: Recorder) -> None:
    assert drawn(run_of(recorder, Notes(Scripted("Leaks and burns.")), text=TEXT)) == {"input>read", "read>llm"}
    assert drawn(run_of(recorder, Notes(None), text="The kettles leak badly.")) == {"input>read", "read>tell"}


class Drafted(Workflow):
    """A model writes, and the last step gives what is in the store."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def write(self, ctx: Context, ev: StartEvent) -> Kept:
        await ctx.store.set("draft", (await self.llm.acomplete(f"Write about {ev.topic}")).text)
        return Kept()

    @step
    async def give(self, ctx: Context, ev: Kept) -> StopEvent:
        return StopEvent(result=f"*** {await ctx.store.get('draft')} ***")


def test_what_a_model_wrote_is_given_by_a_step_without_one(recorder: Recorder) -> None:
    run = run_of(recorder, Drafted(Scripted("The kettle sings.")), topic="a kettle")
    assert drawn(run) == {"input>llm", "llm>give"}
