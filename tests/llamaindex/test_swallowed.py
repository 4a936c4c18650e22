"""Errors of models that do not leave the program: what it gave instead came from them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.query_engine import CustomQueryEngine, RetrieverQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.tools import QueryEngineTool
from trace_llamaindex import Recorder, expose

from tests.llamaindex.programs import Completing, Scripted, Shelf, memory
from tests.llamaindex.scenario import drawn, outputs
from trace_core.parameters import ParameterSet
from trace_core.recording import Run

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

PAGES = ("Whales are mammals of the sea.", "Cod are fish of the sea.")
BROKEN = ValueError("no such model")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def reached(run: Run, parameters: ParameterSet) -> set[str]:
    """The parameters that feedback at the output reaches."""
    run.output.backward("say something")
    return {name for name, parameter in parameters.items() if parameter.feedback}


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("model", [Scripted, Completing])
@pytest.mark.parametrize("error", [BROKEN, TypeError("not a text")])
def test_an_empty_response_came_from_the_model_that_failed(
    recorder: Recorder, error: Exception, model: Callable[..., Any], awaited: bool
) -> None:
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=model(error))
    parameters = expose(engine, name="docs", include="docs.text_qa*")
    with recorder.run() as run:
        result = asyncio.run(engine.aquery("Which?")) if awaited else engine.query("Which?")
    assert drawn(run) == {"input>retr", "input>llm!", "retr>llm!"}, run.explain()
    assert outputs(run) == {"llm!"}
    assert run.error is None
    assert run.output.data == str(result) == "Empty Response"
    assert reached(run, parameters) == set(parameters)


def test_an_answer_came_also_from_the_refining_model_that_failed(recorder: Recorder) -> None:
    llm = Scripted("Only the whales are.", BROKEN)
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm, response_mode="refine")  # type: ignore[arg-type]
    parameters = expose(engine, name="docs")
    with recorder.run() as run:
        engine.query("Which?")
    assert outputs(run) == {"llm2!"}, run.explain()  # which was told what the first one said
    assert run.output.data == "Only the whales are."
    assert "docs.refine" in reached(run, parameters)


def test_what_a_chat_engine_says_came_from_the_model_that_failed(recorder: Recorder) -> None:
    engine = ContextChatEngine.from_defaults(Shelf(*PAGES), llm=Scripted(BROKEN), memory=memory())
    parameters = expose(engine, name="chat", include="chat.context")
    with recorder.run() as run:
        engine.chat("Which?")
    assert run.error is None
    assert run.output.data == "Empty Response"
    assert reached(run, parameters) == {"chat.context"}


def test_an_answer_came_also_from_a_question_of_several_that_failed(recorder: Recorder) -> None:
    asked = [{"sub_question": f"What of {animal}?", "tool_name": "docs"} for animal in ("whales", "cod")]
    docs = RetrieverQueryEngine.from_args(
        Shelf(*PAGES),
        llm=Scripted("They are mammals.", BROKEN),
        response_mode="simple_summarize",  # type: ignore[arg-type]
    )
    llm = Scripted(f"```json\n{json.dumps(asked)}\n```", "Whales are, of cod I know nothing.")
    engine = SubQuestionQueryEngine.from_defaults(
        [QueryEngineTool.from_defaults(docs, name="docs", description="animals")],
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        use_async=False,
        verbose=False,
    )
    with recorder.run() as run:
        engine.query("Which are mammals?")
    assert outputs(run) == {"llm3!", "llm4"}, run.explain()
    assert run.output.data == "Whales are, of cod I know nothing."


class Falling(CustomQueryEngine):
    """Asks one model, and another one if that fails, and says so if both do."""

    models: list[Any]

    def custom_query(self, query_str: str) -> str:
        for model in self.models:
            try:
                return str(model.complete(query_str))
            except ValueError:
                continue
        return "nobody answers"


@pytest.mark.parametrize(("second", "given"), [("Whales.", {"llm2"}), (BROKEN, {"llm1!", "llm2!"})])
def test_of_models_that_the_users_code_asks_failed_ones_count_where_none_answered(
    recorder: Recorder, second: Any, given: set[str]
) -> None:
    engine = Falling(models=[Completing(BROKEN), Completing(second)])
    with recorder.run() as run:
        engine.query("Which are mammals?")
    assert outputs(run) == given, run.explain()


def test_what_a_tool_gives_came_from_the_model_in_it_that_failed(recorder: Recorder) -> None:
    inner = Completing(BROKEN)

    def look(at: str) -> str:
        """Look at something."""
        try:
            return str(inner.complete(f"What is {at}?"))
        except ValueError:
            return "nobody knows"

    agent = FunctionAgent(tools=[look], llm=Scripted([("look", {"at": "the sea"})], "I do not know."))

    async def ask() -> None:
        await agent.run(user_msg="What is it?")

    with recorder.run() as run:
        asyncio.run(ask())
    assert {"llm2!>look", "look>llm3"} <= drawn(run), run.explain()
