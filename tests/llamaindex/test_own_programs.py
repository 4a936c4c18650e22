"""Programs that are objects and functions of the user's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from trace_llamaindex import Recorder, expose, unexpose

from tests.llamaindex.programs import Shelf
from tests.llamaindex.rows import PAGES, QUESTION, telling

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


class App:
    """An object that holds an engine, an agent and a prompt."""

    def __init__(self) -> None:
        self.llm = telling()
        self.docs = RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=self.llm))
        self.agents = [FunctionAgent(name="anna", llm=self.llm, system_prompt="Be brief.")]
        self.greeting = PromptTemplate("Greet {name}.")


def test_what_an_object_of_the_users_own_holds_is_learned() -> None:
    app = App()
    parameters = expose(app, name="app")
    docs = [f"app.docs.{each}" for each in ("text_qa.system", "text_qa.user", "refine")]
    assert list(parameters) == [*docs, "app.anna.system_prompt", "app.greeting"]
    parameters["app.docs.text_qa.user"].set("Only {context_str} {query_str}")
    app.docs.query(QUESTION)
    assert "Only Whales" in app.llm.sent[-1]
    parameters["app.greeting"].set("Hail {name}!")
    assert app.greeting.format(name="Eve") == "Hail Eve!"
    unexpose(parameters)
    assert type(app.greeting) is PromptTemplate


@pytest.mark.parametrize("value", [App, asyncio, "text", 5, None, lambda: None])
def test_what_holds_nothing_is_no_program(value: Any) -> None:
    with pytest.raises(TypeError, match="is expected, or an object of your own with such in its attributes, not"):
        expose(value)


def test_a_dict_that_holds_itself() -> None:
    class Own(Workflow):
        def __init__(self) -> None:
            super().__init__()
            self.data: dict[str, Any] = {"prompt": PromptTemplate("{a}")}
            self.data["data"] = self.data

        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=None)

    assert list(expose(Own())) == ["data.prompt"]


def test_a_function_that_gives_something_to_await() -> None:
    llm = telling()

    class Asking:
        async def __call__(self, question: str) -> Any:
            return await llm.achat([ChatMessage(content=question)])

    recorder = Recorder()
    for program in (Asking(), lambda question: llm.achat([ChatMessage(content=question)])):
        assert recorder.program(program)(QUESTION).data == "Whales."


def streaming(llm: Any) -> RetrieverQueryEngine:
    return RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm, streaming=True))


async def test_the_stream_of_an_engine_is_read_to_its_end() -> None:
    recorder = Recorder()
    assert (await recorder.program(streaming(telling())).acall(QUESTION)).data == "Whales."


def test_a_candidate_holds_for_a_stream() -> None:
    llm = telling()
    engine = streaming(llm)
    parameters = expose(engine)
    with parameters.candidate({"text_qa.user": "Only {context_str} {query_str}"}) as candidate:
        output = Recorder().program(engine)(QUESTION)
    candidate.verify(output)
    assert output.data == "Whales."
    assert "Only Whales" in str(llm.told)
