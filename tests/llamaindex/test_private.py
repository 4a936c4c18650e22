"""What is private to LlamaIndex and relied upon: each test fails when one of it is gone or moved."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.workflow import Context, Event, HumanResponseEvent, StartEvent, StopEvent, Workflow, step
from trace_llamaindex import private

from tests.llamaindex.programs import Scripted, memory

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


class Part(Event):
    """A part."""


class Looking(Workflow):
    """Looks at the state of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, private.StepState | None]] = []

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Part | None:
        for _ in range(2):
            ctx.send_event(Part())
        self.seen.append(("split", private.step_state()))
        return None

    @step(num_workers=1)
    async def join(self, ctx: Context, ev: Part) -> StopEvent | None:
        self.seen.append(("join", private.step_state()))
        return None if ctx.collect_events(ev, [Part] * 2) is None else StopEvent()


class Waiting(Workflow):
    """Waits for a person."""

    seen: private.StepState | None = None

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await ctx.wait_for_event(HumanResponseEvent)
        self.seen = private.step_state()
        return StopEvent()


async def run(flow: Workflow, *events: Event) -> None:
    handler = flow.run()
    for event in events:
        await asyncio.sleep(0)
        handler.ctx.send_event(event)
    await handler


async def test_the_state_of_a_step_has_what_it_sent_and_collected() -> None:
    flow = Looking()
    await run(flow)
    (_, split), (_, first), (_, second) = flow.seen
    assert split is not None
    assert first is not None
    assert second is not None
    assert [type(event) for event in split.sent] == [Part, Part]
    assert [len(first.collected), len(second.collected)] == [0, 1]
    assert second.collected[0] is split.sent[0]
    assert len({split.work_item, first.work_item, second.work_item}) == 3


async def test_the_state_of_a_step_has_what_it_waited_for() -> None:
    flow, answer = Waiting(), HumanResponseEvent(response="yes")
    await run(flow, answer)
    assert flow.seen is not None
    assert flow.seen.collected == flow.seen.waited == [answer]


def test_what_a_tool_raises_that_waits() -> None:
    from workflows.runtime.types.results import WaitingForEvent

    assert private._waiting() is WaitingForEvent
    assert not private.is_waiting(RuntimeError())


def test_outside_of_a_step_there_is_none() -> None:
    assert private.step_state() is None


def test_a_state_that_is_not_known_is_logged_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def variable() -> Any:
        return SimpleNamespace(get=lambda default: SimpleNamespace())

    monkeypatch.setattr(private, "_step_variable", variable)
    assert private.step_state() is None
    assert "not known" in caplog.text


def test_the_memory_of_a_chat_engine() -> None:
    remembered = memory()
    chat = SimpleChatEngine.from_defaults(llm=Scripted(), memory=remembered)
    assert private.chat_memory(chat) is remembered


def test_the_log_names_what_is_missing() -> None:
    assert logging.getLogger("trace_llamaindex.private").name == private.__name__
