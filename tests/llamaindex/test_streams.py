"""Streams that are read late, in another run, by another thread, never, or that break off."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.instrumentation import root_dispatcher
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.query_engine import RetrieverQueryEngine
from trace_llamaindex import Recorder
from workflows.errors import WorkflowCancelledByUser

from tests.llamaindex.known_scenarios import PAGES, QUESTION
from tests.llamaindex.programs import Scripted, Shelf, index, memory
from tests.llamaindex.scenario import drawn, outputs
from trace_core.nodes import MessageNode

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

RAG = {"input>retr", "input>llm", "retr>llm"}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def engine(*answers: str) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=Scripted(*answers), streaming=True)


def handlers() -> tuple[int, int]:
    return len(root_dispatcher.span_handlers), len(root_dispatcher.event_handlers)


def test_read_after_its_run_it_is_complete_and_nothing_listens_any_more(recorder: Recorder) -> None:
    before = handlers()
    with recorder.run() as run:
        response = engine("Cetaceans do so.").query(QUESTION)
    assert handlers() != before
    assert "".join(response.response_gen) == "Cetaceans do so."
    assert handlers() == before
    assert drawn(run) == RAG
    assert run.output.data == "Cetaceans do so."
    assert recorder.output(response) is run.output


def test_read_in_another_run_it_belongs_to_its_own(recorder: Recorder) -> None:
    with recorder.run() as run:
        response = engine("Cetaceans do.").query(QUESTION)
    with recorder.run() as following:
        text = "".join(response.response_gen)
        Scripted("No.").complete("Is an orca a fish?")
    assert text == "Cetaceans do."
    assert drawn(run) == RAG
    assert drawn(following) == {"input>llm"}


def test_two_that_are_read_in_turn_do_not_mix(recorder: Recorder) -> None:
    recorder.instrument()
    asked = engine("Cetaceans do.", "Hammerheads have.")
    one, other = asked.query(QUESTION), asked.query("Who has gills?")
    assert ["".join(each.response_gen) for each in (other, one)] == ["Cetaceans do.", "Hammerheads have."]
    assert [drawn(run) for run in recorder.runs] == [RAG, RAG]
    assert [run.output.data for run in recorder.runs] == ["Hammerheads have.", "Cetaceans do."]


def test_read_by_a_thread_that_knows_nothing(recorder: Recorder) -> None:
    with recorder.run() as run:
        response = engine("Cetaceans do.").query(QUESTION)
    thread = Thread(target=lambda: list(response.response_gen))
    thread.start()
    thread.join()
    assert drawn(run) == RAG


def test_never_read_it_is_said(recorder: Recorder) -> None:
    before = handlers()
    with recorder.run() as run:
        response = engine("Cetaceans do.").query(QUESTION)
    del response
    gc.collect()
    assert handlers() == before
    assert drawn(run) == {"input>retr"}
    assert run.lacks == ["a stream was not read, so that no model was asked"]


def test_held_and_not_read_yet_it_is_said_and_the_output_is_no_list_of_nodes(recorder: Recorder) -> None:
    with recorder.run() as run:
        response = engine("Cetaceans do.").query(QUESTION)
    assert run.lacks == ["a stream was not read, so that no model was asked"]
    assert (run.output.op, run.output.data) == ("output", "<stream>")
    assert [parent.op for parent in run.output.parents if isinstance(parent, MessageNode)] == ["retriever"]
    assert "".join(response.response_gen) == "Cetaceans do."
    assert run.lacks == []
    assert (run.output.op, run.output.data) == ("llm", "Cetaceans do.")


def test_in_async_code(recorder: Recorder) -> None:
    async def program() -> Any:
        with recorder.run() as run:
            response = await engine("Cetaceans do.").aquery(QUESTION)
        words = [word async for word in response.async_response_gen()]
        return run, "".join(words)

    run, text = asyncio.run(program())
    assert text == "Cetaceans do."
    assert drawn(run) == RAG
    assert outputs(run) == {"llm"}


def test_a_chat_engine_answers_in_a_thread_of_its_own(recorder: Recorder) -> None:
    chat = index(*PAGES).as_chat_engine(chat_mode="context", llm=Scripted("Cetaceans do."), memory=memory())
    with recorder.run() as run:
        response = chat.stream_chat(QUESTION)
    assert "".join(response.response_gen) == "Cetaceans do."
    assert drawn(run) == RAG
    assert run.output.data == "Cetaceans do."


class Breaking(Scripted):
    """Raises after its first word."""

    @llm_chat_callback()
    def stream_chat(self, messages: Any, **kwargs: Any) -> Iterator[ChatResponse]:
        def stream() -> Iterator[ChatResponse]:
            yield ChatResponse(message=ChatMessage(role="assistant", content="Cetaceans"), delta="Cetaceans")
            raise RuntimeError("the line is gone")

        return stream()


def test_that_raises_in_the_middle(recorder: Recorder) -> None:
    broken = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=Breaking(), streaming=True)
    with recorder.run() as run:
        response = broken.query(QUESTION)
    with pytest.raises(RuntimeError) as caught:
        list(response.response_gen)
    assert drawn(run) == {"input>retr", "input>llm!", "retr>llm!"}
    assert "the line is gone" in recorder.error(caught.value).data
    assert not run.is_active


class Undecorated(Scripted):
    """A model whose stream tells nothing of how it goes on."""

    def stream_chat(self, messages: Any, **kwargs: Any) -> Iterator[ChatResponse]:
        def stream() -> Iterator[ChatResponse]:
            yield ChatResponse(message=ChatMessage(role="assistant", content="Yes."), delta="Yes.")

        return stream()


def test_that_tells_nothing_is_over_when_it_is_let_go_of(recorder: Recorder) -> None:
    with recorder.run() as run:
        assert [each.delta for each in Undecorated().stream_chat([ChatMessage(role="user", content="Is it?")])]
        gc.collect()
    assert not run.is_active
    assert drawn(run) == {"input>llm"}


def test_an_agent_that_is_cancelled(recorder: Recorder) -> None:
    async def program() -> Any:
        with recorder.run() as run:
            handler = FunctionAgent(llm=Scripted("Cetaceans do so.")).run(user_msg=QUESTION)
            async for _ in handler.stream_events():
                break
            await handler.cancel_run()
            with pytest.raises(WorkflowCancelledByUser):
                await handler
        return run

    run = asyncio.run(program())
    assert not run.is_active
    assert drawn(run) <= {"input>llm"}


def test_an_answer_that_is_refined_is_read_before_the_last(recorder: Recorder) -> None:
    llm = Scripted("One.", "Two.", "Three.")
    refining = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm, response_mode="refine", streaming=True)
    with recorder.run() as run:
        assert "".join(refining.query(QUESTION).response_gen) == "Three."
    chain = {"input>retr", "llm1>llm2", "llm2>llm3"}
    assert drawn(run) == chain | {f"{source}>llm{i}" for source in ("input", "retr") for i in (1, 2, 3)}
    assert outputs(run) == {"llm3"}
