"""LangChain passes the suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.load import dumps
from langchain_core.messages import ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from trace_langchain import Recorder, expose, unexpose

from tests.conformance.suite import ConformanceSuite, Program
from tests.langchain.programs import Streaming, asks
from trace_core import ParameterSet
from trace_core.recording import BaseRecorder

TEXTS = ("Speak of {x}.", "Sing of {x}.")


def program(target: Any, given: Any, parameter: str, texts: tuple[str, str], model: Streaming, edges: str) -> Program:
    def config(recorder: BaseRecorder | None) -> dict[str, Any]:
        return {"callbacks": [recorder]} if recorder is not None else {}

    return Program(
        target,
        lambda value, recorder: target.invoke(value, config(recorder)),
        lambda value, recorder: target.ainvoke(value, config(recorder)),
        lambda value, recorder: list(target.stream(value, config(recorder))),
        given,
        parameter,
        texts,
        lambda: " ".join(str(message.content) for message in model.sent[-1]["messages"]),
        edges,
    )


def heard() -> Streaming:
    return Streaming(answer=lambda messages: str(messages[-1].content), sent=[])


class LangChain:
    """LangChain's programs."""

    def recorder(self, **options: Any) -> Recorder:
        return Recorder(**options)

    def expose(self, target: Any, **options: Any) -> ParameterSet:
        return expose(target, **options)

    def release(self, parameters: ParameterSet, recorder: BaseRecorder) -> None:
        unexpose(parameters)

    def chain(self) -> Program:
        model = heard()
        target = ChatPromptTemplate.from_template("Speak of {x}.") | model
        texts = ("Speak of {x}.", "Sing of {x}.")
        shown = program(target, {"x": "{x}"}, "agent.prompt", texts, model, "input>prompt prompt>llm")
        return shown

    def tool(self) -> Program:
        @tool
        def weather(city: str) -> str:
            """The weather in a city."""
            return f"It is sunny in {city}."

        def answer(messages: list[Any]) -> Any:
            called = isinstance(messages[-1], ToolMessage)
            return "It is sunny." if called else asks(("weather", {"city": "Paris"}))

        model = Streaming(answer=answer, sent=[])
        target = create_agent(model, [weather], system_prompt="Be brief.")
        edges = "input>llm1 llm1>tool input>llm2 llm1>llm2 tool>llm2"
        given = {"messages": [("user", "How is Paris?")]}
        return program(target, given, "agent.model.system_prompt", ("Be brief.", "Be kind."), model, edges)

    def parallel(self) -> Program:
        model = heard()
        ask = ChatPromptTemplate.from_template("Speak of {x}.") | model
        target = RunnableParallel(a=ask, b=RunnableLambda(len)) | RunnableLambda(str)
        edges = "input>prompt prompt>llm input>function1 llm>function2 function1>function2"
        return program(target, {"x": "whales"}, "agent.a.prompt", TEXTS, model, edges)

    def failing(self) -> Program:
        def fails(_: Any) -> str:
            raise KeyError("gone")

        model = heard()
        target = ChatPromptTemplate.from_template("Speak of {x}.") | model | RunnableLambda(fails)
        edges = "input>prompt prompt>llm llm>function"
        return program(target, {"x": "whales"}, "agent.prompt", TEXTS, model, edges)

    def batch(self, shown: Program, values: Sequence[Any], recorder: BaseRecorder) -> list[Any]:
        return list(shown.target.batch(list(values), {"callbacks": [recorder]}))

    def dump(self, target: Any) -> str:
        return dumps(target.steps[0])


class TestLangChain(ConformanceSuite):
    """LangChain."""

    adapter = LangChain()
