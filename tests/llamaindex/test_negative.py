"""What must not happen: false edges, runs that mix, errors that are swallowed, hooks and keys that are left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.instrumentation import root_dispatcher
from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.instrumentation.span_handlers import NullSpanHandler
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from trace_llamaindex import Recorder

from tests.llamaindex.known_scenarios import PAGES, QUESTION, kb
from tests.llamaindex.own_scenarios import Animal
from tests.llamaindex.programs import Scripted, Shelf, fails, index
from tests.llamaindex.scenario import drawn, labels, outputs
from trace_core.recording import Run

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

RAG = {"input>retr", "input>llm", "retr>llm"}
KEY = "sk-sentinel-5f2e9c"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def node(run: Run, name: str) -> Any:
    """A run's node by its label."""
    return next(each for each in run.graph.nodes if labels(run).get(each.id) == name)


# --- a: a tool that there is none of


def test_a_tool_that_is_missing_is_no_node(recorder: Recorder) -> None:
    llm = Scripted([("no_such_tool", {"x": 1})], "Then I cannot.")

    async def program() -> Run:
        with recorder.run() as run:
            await FunctionAgent(tools=[fails], llm=llm).run(user_msg="Do it now.")
        return run

    run = asyncio.run(program())
    assert "not found" in llm.told[1][-1][1]  # the agent's own words
    assert drawn(run) == {"input>llm1", "input>llm2", "llm1>llm2"}, run.explain()


# --- b: threads that know of no run


def test_a_thread_without_context_belongs_to_the_only_run(recorder: Recorder) -> None:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do."))
    with ThreadPoolExecutor(1) as pool, recorder.run() as run:
        pool.submit(engine.query, QUESTION).result()
    assert drawn(run) == RAG, run.explain()


def test_a_thread_without_context_beside_two_runs_is_in_neither(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    shelf, llm = Shelf(*PAGES), Scripted("Cetaceans do.")
    with ThreadPoolExecutor(1) as pool, recorder.run() as one:
        shelf.retrieve(QUESTION)
        with caplog.at_level(logging.WARNING), recorder.run() as other:
            shelf.retrieve("Which have gills?")
            pool.submit(llm.complete, f"{PAGES[0]}\n{QUESTION}").result()
    assert drawn(one) == drawn(other) == {"input>retr"}
    assert [record.levelname for record in caplog.records if "thread" in record.getMessage()] == ["WARNING"]


def test_of_a_query_that_is_left_out_one_warning_is_enough(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do.", "Cetaceans do.", RuntimeError("gone")))
    with ThreadPoolExecutor(1) as pool, recorder.run() as one, recorder.run() as other:
        for _ in range(3):
            pool.submit(engine.query, QUESTION).exception()
    assert one.calls == other.calls == []
    assert [record.levelname for record in caplog.records if "thread" in record.getMessage()] == ["WARNING"] * 3
    assert not recorder._left_out


# --- c: streams that are closed early


def begun(recorder: Recorder) -> tuple[Run, Any]:
    """A run whose stream was left after its first word, and the stream."""
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do so."), streaming=True)
    with recorder.run() as run:
        stream = engine.query(QUESTION).response_gen
        assert next(stream) == "Cetaceans"
    return run, stream


def test_a_stream_that_is_closed_early_is_cancelled(recorder: Recorder) -> None:
    run, stream = begun(recorder)
    stream.close()
    del stream
    gc.collect()
    assert drawn(run) == RAG, run.explain()
    assert node(run, "llm").info["status"] == "cancelled"
    assert node(run, "llm").data == "Cetaceans"
    assert not run.is_active


def test_a_stream_that_is_closed_in_the_next_run_leaves_that_clean(recorder: Recorder) -> None:
    run, stream = begun(recorder)
    with recorder.run() as following:
        stream.close()
        del stream
        gc.collect()
        index("Corals stay.").as_query_engine(llm=Scripted("Orcas surface.")).query("Which swim?")
    assert drawn(run) == drawn(following) == RAG, following.explain()
    assert node(run, "llm").info["status"] == "cancelled"
    assert node(following, "llm").info.get("status") != "cancelled"
    assert outputs(following) == {"llm"}
    assert following.output.data == "Orcas surface."


def test_a_stream_that_is_read_after_its_run_is_complete(recorder: Recorder) -> None:
    run, stream = begun(recorder)
    assert list(stream) == [" do", " so."]
    assert drawn(run) == RAG, run.explain()
    assert node(run, "llm").data == "Cetaceans do so."
    assert node(run, "llm").info.get("status") != "cancelled"


# --- d: errors of our own


def test_an_error_in_a_hook_is_shown_and_does_not_reach_the_program(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("trace_core.recording.recorder.Call", breaks)
    llm = Scripted("A mammal.")
    with caplog.at_level(logging.WARNING), recorder.run() as run:
        assert str(llm.complete("Is an orca a fish?")) == "A mammal."
    assert any("RuntimeError" in lack for lack in run.lacks), run.lacks
    assert "RuntimeError" in caplog.text


# --- e: what is left of us


def handlers() -> list[int]:
    """The handlers that there are, each as what it is: equal ones are not the same."""
    return [id(each) for each in (*root_dispatcher.span_handlers, *root_dispatcher.event_handlers)]


def test_uninstrument_leaves_the_dispatcher_as_it_was() -> None:
    before, recorder = handlers(), Recorder()
    llm = Scripted("A mammal.", "A mammal.")
    with recorder.run() as run:
        llm.complete("Is an orca a fish?")
    recorder.uninstrument()
    recorder.uninstrument()  # a second time changes nothing
    assert handlers() == before
    llm.complete("Is an orca a fish?")
    assert recorder.runs == (run,)
    assert drawn(run) == {"input>llm"}


def test_uninstrument_leaves_what_others_added(recorder: Recorder) -> None:
    spans, events = NullSpanHandler(), NullEventHandler()
    before = handlers()
    with recorder.run():
        root_dispatcher.add_span_handler(spans)
        root_dispatcher.add_event_handler(events)
    try:
        recorder.uninstrument()
        assert sorted(handlers()) == sorted([*before, id(spans), id(events)])
    finally:
        for those in (root_dispatcher.span_handlers, root_dispatcher.event_handlers):
            those[:] = [each for each in those if each is not spans and each is not events]


def test_uninstrument_leaves_another_recorder(recorder: Recorder) -> None:
    other, llm = Recorder(), Scripted("A mammal.", "A mammal.")
    with other.run(), recorder.run() as run:
        llm.complete("Is an orca a fish?")
        other.uninstrument()
        llm.complete("Is a squid a fish?")
    assert drawn(run) == {"input1>llm1", "input2>llm2"}


# --- f: steps that run several times


class Part(Event):
    number: int


class Done(Event):
    text: str


class Collecting(Workflow):
    """Splits a number into parts, and joins what was made of them."""

    joins = 0

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Part | None:
        for number in range(ev.parts):
            ctx.send_event(Part(number=number))
        return None

    @step(num_workers=4)
    async def work(self, ev: Part) -> Done:
        return Done(text=f"part {ev.number * 111}")

    @step(num_workers=4)
    async def join(self, ctx: Context, ev: Done) -> StopEvent | None:
        self.joins += 1
        while self.joins < 3:  # so that three run at once, each without the others' events
            await asyncio.sleep(0)
        found = ctx.collect_events(ev, [Done] * 3)
        return None if found is None else StopEvent(result=" and ".join(sorted(each.text for each in found)))


def test_what_collects_is_one_node(recorder: Recorder) -> None:
    flow = Collecting()

    async def program() -> Run:
        with recorder.run() as run:
            assert await flow.run(parts=3) == "part 0 and part 111 and part 222"
        return run

    run = asyncio.run(program())
    assert flow.joins > 3  # workflows run it for each event, and again where another changed what was collected
    edges = "input>split split>work1 split>work2 split>work3 work1>join work2>join work3>join"
    assert drawn(run) == set(edges.split()), run.explain()
    assert outputs(run) == {"join"}


# --- g: keys


def everything(llm: Scripted) -> None:
    """Programs that hand a key to every part of LlamaIndex that takes one."""
    headers = {"Authorization": f"Bearer {KEY}"}
    llm.complete("Is an orca a fish?", api_key=KEY, extra_headers=headers)
    llm.structured_predict(Animal, PromptTemplate("Name {kind}."), llm_kwargs={"api_key": KEY}, kind="a whale")
    engine = index(*PAGES).as_query_engine(llm=llm)
    engine.query(QUESTION)
    asyncio.run(agent(FunctionAgent(tools=[kb(engine), fails], llm=llm)))


async def agent(made: FunctionAgent) -> None:
    await made.run(user_msg="Ask, then fail.")


def test_a_key_is_nowhere(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    llm = Scripted(
        "A mammal.",
        [("Animal", {"name": "narwhal"})],
        "Cetaceans do.",
        [("kb", {"input": "Which have lungs?"}), ("fails", {"x": 7})],
        "Seals as well.",
        "Enough of it.",
        api_key=KEY,
    )
    with caplog.at_level(logging.DEBUG), recorder.run() as run:
        everything(llm)
    assert len(llm.told) == 6
    graph = run.graph
    shown = [run.explain(), json.dumps(graph.to_json()), graph.to_text(), graph.to_mermaid(), repr(run.calls)]
    shown += [repr((each, getattr(each, "info", None))) for each in graph.nodes]
    for text in (*shown, caplog.text):
        assert KEY not in text
