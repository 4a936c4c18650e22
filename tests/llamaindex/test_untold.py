"""What LlamaIndex tells nothing of, or more than a model was told."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import PromptTemplate
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.query_engine import CustomQueryEngine, RetrieverQueryEngine
from pydantic import BaseModel
from trace_llamaindex import Recorder

from tests.llamaindex.programs import Scripted, Shelf, memory
from tests.llamaindex.scenario import drawn, outputs

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

PAGES = ("The ferry leaves at nine and at noon.", "The harbour is dry around low tide.")
QUESTION = "When can I sail to the island?"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def ranked(recorder: Recorder, *, awaited: bool) -> set[str]:
    """The graph of a query whose nodes a model ranks, one by one."""
    llm = Scripted("Doc: 1, Relevance: 3", "Doc: 1, Relevance: 9", "At nine, mostly.")
    ranking = LLMRerank(llm=llm, top_n=1, choice_batch_size=1)
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm, node_postprocessors=[ranking])

    async def program() -> None:
        await engine.aquery(QUESTION)

    with recorder.run() as run:
        asyncio.run(program()) if awaited else engine.query(QUESTION)
    return drawn(run)


def test_models_that_chose_nodes_lead_to_what_reads_them(recorder: Recorder) -> None:
    asked = {"input>retr", "input>llm3"} | {f"{source}>llm{i}" for source in ("input", "retr") for i in (1, 2)}
    told = {"retr>post", "llm1>post", "llm2>post", "post>llm3"}
    assert ranked(recorder, awaited=False) == asked | told
    assert ranked(recorder, awaited=True) == asked | {"retr>llm3", "llm1>llm3", "llm2>llm3"}  # no span, so no node


def test_nodes_that_a_model_was_not_sent_led_to_nothing(recorder: Recorder) -> None:
    llm = Scripted("I do not know.")
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm, response_mode="generation")
    with recorder.run() as run:
        engine.query(QUESTION)
    assert [text for _, text in llm.told[0]] == [QUESTION]
    assert drawn(run) == {"input>retr", "input>llm"}


class Place(BaseModel):
    """Where an item is."""

    item: str


def test_a_form_that_a_model_fills_in_is_no_tool_where_it_is_awaited(recorder: Recorder) -> None:
    llm = Scripted([("Place", {"item": "the toaster on shelf nine"})], "Go there.")

    async def program() -> None:
        place = await llm.astructured_predict(Place, PromptTemplate("Find {what}."), what="my aunt's toaster")
        await llm.acomplete(f"Send them to {place.item}.")

    with recorder.run() as run:
        asyncio.run(program())
    assert drawn(run) == {"input>llm1", "llm1>llm2"}
    assert outputs(run) == {"llm2"}


def test_what_was_said_in_a_stream_is_known_in_the_next_turn(recorder: Recorder) -> None:
    llm = Scripted("At nine and at noon.", "Yes, every day.")
    chat = ContextChatEngine.from_defaults(Shelf(*PAGES), llm=llm, memory=memory())

    async def program() -> None:
        for message in ("When does it leave?", "On Sundays too?"):
            async for _ in (await chat.astream_chat(message)).async_response_gen():
                pass

    with recorder.run() as run:
        asyncio.run(program())
    turns = {f"{source}{i}>llm{i}" for source in ("input", "retr") for i in (1, 2)}
    assert drawn(run) == turns | {"input1>retr1", "input2>retr2", "input1>llm2", "llm1>llm2"}


class Grading(CustomQueryEngine):
    """Has a model give a mark, and asks another question, and the same with the mark in it."""

    llm: Any
    question: str

    def custom_query(self, query_str: str) -> str:
        mark = self.llm.complete(f"Grade this: {query_str}").text
        self.llm.complete(self.question)
        return str(self.llm.complete(f"Explain the mark {mark}"))


def test_a_text_of_one_letter_is_a_parent_only_where_all_around_it_is_known(recorder: Recorder) -> None:
    engine = Grading(llm=Scripted("A", "Not at all.", "It was good."), question="Is A tree always green?")
    with recorder.run() as run:
        engine.query("Trees are green.")
    assert drawn(run) == {"input>llm1", "input>llm2", "llm1>llm3"}, run.explain()


def test_a_short_answer_leads_to_the_model_that_refines_it(recorder: Recorder) -> None:
    llm = Scripted("No", "Yes")
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm, response_mode="refine")  # type: ignore[arg-type]
    with recorder.run() as run:
        engine.query("Now?")
    said = {"input>retr", "input>llm1", "retr>llm1", "input>llm2", "retr>llm2", "llm1>llm2"}
    assert drawn(run) == said, run.explain()


@pytest.mark.parametrize("question", ["a", "?", "Now?"])
def test_a_question_of_any_length_is_the_input(recorder: Recorder, question: str) -> None:
    with recorder.run() as run:
        RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=Scripted("At nine.")).query(question)
    assert "retriever0  Shelf\n  <- input0  (query: input)" in run.explain()
