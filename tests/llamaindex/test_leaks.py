"""Nothing leaks: no context variable, no handler, no generator, no memory."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Iterator

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.instrumentation import root_dispatcher
from llama_index.core.query_engine import RetrieverQueryEngine
from trace_llamaindex import Recorder

from tests.llamaindex.known_scenarios import PAGES, QUESTION
from tests.llamaindex.programs import Scripted, Shelf, add

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder(max_runs=2)
    yield made
    made.uninstrument()


def engine(streaming: bool = False) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=Scripted(lambda _: "Yes, so."), streaming=streaming)


def test_a_run_leaves_no_context_variable(recorder: Recorder) -> None:
    before = dict(contextvars.copy_context())
    with recorder.run():
        engine().query(QUESTION)
    assert dict(contextvars.copy_context()) == before


def test_a_block_that_raises_leaves_no_handler(recorder: Recorder) -> None:
    before = list(root_dispatcher.span_handlers), list(root_dispatcher.event_handlers)
    with pytest.raises(KeyError), recorder.run():
        raise KeyError
    assert (root_dispatcher.span_handlers, root_dispatcher.event_handlers) == before


def test_spans_that_are_no_calls_are_forgotten(recorder: Recorder) -> None:
    recorder.instrument()
    engine().query(QUESTION)
    assert not recorder._inside
    assert not recorder._open


def test_a_stream_is_not_kept_alive(recorder: Recorder) -> None:
    with recorder.run() as run:
        response = engine(streaming=True).query(QUESTION)
        next(response.response_gen)
    stream = weakref.ref(response.response_gen)
    del response
    gc.collect()
    assert stream() is None
    assert not run.is_active


def test_memory_stays_flat(recorder: Recorder) -> None:
    recorder.instrument()
    asked = engine()

    def runs(number: int) -> int:
        for _ in range(number):
            asked.query(QUESTION)
            assert recorder.last.output.data == "Yes, so."
            asked._response_synthesizer._llm.told.clear()
            asked.retriever.asked.clear()
        gc.collect()
        return len(gc.get_objects())

    runs(20)
    assert abs(runs(100) - runs(30)) < 200


@pytest.mark.long
def test_no_growth_over_a_thousand_runs_of_an_agent(recorder: Recorder) -> None:
    recorder.instrument()
    llm = Scripted(lambda last: "Three." if last == "3" else [("add", {"a": 1, "b": 2})])
    agent = FunctionAgent(tools=[add], llm=llm)

    async def runs(number: int) -> int:
        for _ in range(number):
            await agent.run(user_msg="Sum one and two?")
            llm.told.clear()
        gc.collect()
        return len(gc.get_objects())

    async def program() -> int:
        before = await runs(100)
        return abs(await runs(1000) - before)

    assert asyncio.run(program()) < 500
