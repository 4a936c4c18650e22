"""LlamaIndex passes the suite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import RetrieverQueryEngine
from trace_llamaindex import Recorder
from trace_llamaindex.exposing import expose, unexpose

from tests.conformance.suite import ConformanceSuite, Program
from tests.llamaindex.programs import Answer, Scripted, Shelf, add, multiply
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]

TEXTS = ("Be brief.", "Be kind.")
QUESTION = "Who surfaces for oxygen?"


class Repeating(Scripted):
    """Answers with what it was told, or calls tools first, whatever was asked before."""

    def __init__(self, *calls: tuple[str, dict[str, Any]], error: Exception | None = None) -> None:
        super().__init__(lambda last: self._answer(last, list(calls), error))

    def _answer(self, last: str, calls: list[tuple[str, dict[str, Any]]], error: Exception | None) -> Answer:
        if error is not None:
            return error
        if calls and not any(role == "tool" for role, _ in self.told[-1]):
            return calls
        return " ".join(text for _, text in self.told[-1])

    @property
    def last(self) -> str:
        """What it was told last."""
        return " ".join(text for _, text in self.told[-1])


def program(edges: str, *calls: tuple[str, dict[str, Any]], error: Exception | None = None) -> Program:
    llm = Repeating(*calls, error=error)
    target = FunctionAgent(name="agent", tools=[add, multiply] if calls else [], llm=llm, system_prompt=TEXTS[0])

    async def acall(value: Any, recorder: BaseRecorder | None) -> Any:
        return await target.run(user_msg=value)

    async def stream(value: Any) -> None:
        handler = target.run(user_msg=value)
        async for _ in handler.stream_events():
            pass
        await handler

    return Program(
        target,
        lambda value, recorder: asyncio.run(acall(value, recorder)),
        acall,
        lambda value, recorder: asyncio.run(stream(value)),
        QUESTION,
        "agent.agent.system_prompt",
        TEXTS,
        lambda: llm.last,
        edges,
    )


class LlamaIndex:
    """LlamaIndex's programs; each recorder records everything until the test is over."""

    def __init__(self) -> None:
        self.recorders: list[Recorder] = []

    def recorder(self, **options: Any) -> Recorder:
        self.recorders.append(Recorder(**options).instrument())
        return self.recorders[-1]

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)
        self.uninstrument()

    def uninstrument(self) -> None:
        for recorder in self.recorders:
            recorder.uninstrument()
        self.recorders.clear()

    def chain(self) -> Program:
        return program("input>llm")

    def tool(self) -> Program:
        return program("input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2", ("add", {"a": 1, "b": 2}))

    def parallel(self) -> Program:
        edges = "input>llm1 llm1>tool1 llm1>tool2 input>llm2 llm1>llm2 tool1>llm2 tool2>llm2"
        return program(edges, ("add", {"a": 1, "b": 2}), ("multiply", {"a": 3, "b": 4}))

    def failing(self) -> Program:
        return program("input>llm", error=KeyError("gone"))

    def batch(self, shown: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return list(await asyncio.gather(*(shown.acall(value, recorder) for value in values)))

        return asyncio.run(all_of_them())

    def dump(self, target: Any) -> str:
        return str(target.model_dump_json(include={"name", "description", "system_prompt"}))


class Engines(LlamaIndex):
    """The same with a query engine, whose learned text is a template; its prompts are what it can be dumped as."""

    def chain(self) -> Program:
        return self._engine(lambda text: text, "input>llm retriever>llm input>retriever")

    def failing(self) -> Program:
        return self._engine(KeyError("gone"), "")

    def _engine(self, answer: Any, edges: str) -> Program:
        llm = Scripted(*[answer] * (1 if callable(answer) else 9))
        text = "{context_str} {query_str}"
        synthesizer = get_response_synthesizer(llm=llm, text_qa_template=PromptTemplate(f"{TEXTS[0]} {text}"))
        target = RetrieverQueryEngine(Shelf("{context_str}"), synthesizer)
        return Program(
            target,
            lambda value, recorder: target.query(value),
            lambda value, recorder: target.aquery(value),
            lambda value, recorder: target.query(value),
            "{query_str}",  # so that what the model is told is the template
            "agent.text_qa",
            tuple(f"{each} {text}" for each in TEXTS),
            lambda: llm.told[-1][-1][1],
            edges,
        )

    def dump(self, target: Any) -> str:
        return json.dumps({key: prompt.get_template() for key, prompt in target.get_prompts().items()})


class LlamaIndexSuite(ConformanceSuite):
    """LlamaIndex."""

    adapter: LlamaIndex

    @pytest.fixture(autouse=True)
    def nothing_left(self) -> Iterator[None]:
        asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
        yield
        self.adapter.uninstrument()


class TestLlamaIndex(LlamaIndexSuite):
    """Agents."""

    adapter = LlamaIndex()


class TestEngines(LlamaIndexSuite):
    """Query engines."""

    adapter = Engines()
