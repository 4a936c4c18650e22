"""Ten programs with the graphs that they must give, written before the resolver was.

Nodes: `I` is the input; functions and tools go by their name, other calls by their kind; a number tells several of the
same apart, in the order in which they began. Every edge is data unless it stands in `control`.
"""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages


class Scripted(GenericFakeChatModel):
    """Answers from a script; tools may be bound to it."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def model(*answers: str | AIMessage) -> Scripted:
    return Scripted(messages=iter([AIMessage(a) if isinstance(a, str) else a for a in answers]))


def chain(text: str, *answers: str) -> Any:
    return ChatPromptTemplate.from_template(text) | model(*answers) | StrOutputParser()


@dataclass
class Scenario:
    """A program that is run with a config (and the recorder's `run()` around it), and what must be in its graph."""

    run: Callable[[dict[str, Any]], Any]
    nodes: str
    edges: str
    outputs: str
    control: str = ""
    failed: str = ""
    name: str = field(default="")


def branch_taken() -> Scenario:
    def clean(text: str) -> str:
        return text.strip()

    urgent, calm = chain("Hurry: {x}", "at once"), chain("Relax: {x}", "tomorrow")
    program = RunnableLambda(clean) | RunnableBranch((lambda text: "now" in text, urgent), calm)
    return Scenario(
        lambda config: program.invoke("  I need it now ", config),
        nodes="I clean prompt llm parser",
        edges="I>clean clean>prompt prompt>llm llm>parser",
        outputs="parser",
    )


def parallel_in_parallel() -> Scenario:
    def first(x: int) -> int:
        return x + 1

    def second(x: int) -> int:
        return x + 1

    def third(x: int) -> int:
        return x + 1

    def inner(d: dict[str, int]) -> int:
        return d["a"] + d["b"]

    def outer(d: dict[str, int]) -> int:
        return d["left"] - d["right"]

    left = RunnableParallel(a=RunnableLambda(first), b=RunnableLambda(second)) | RunnableLambda(inner)
    program = RunnableParallel(left=left, right=RunnableLambda(third)) | RunnableLambda(outer)
    return Scenario(
        lambda config: program.invoke(3, config),
        nodes="I first second third inner outer",
        edges="I>first I>second I>third first>inner second>inner inner>outer third>outer",
        outputs="outer",
    )


def map_over_a_list() -> Scenario:
    def split(text: str) -> list[str]:
        return text.split(", ")

    def join(parts: list[str]) -> str:
        return " / ".join(parts)

    program = RunnableLambda(split) | chain("Name it: {x}", "one fruit", "one tree").map() | RunnableLambda(join)
    return Scenario(
        lambda config: program.invoke("an apple, a beech", {**config, "max_concurrency": 1}),
        nodes="I split prompt1 llm1 parser1 prompt2 llm2 parser2 join",
        edges="I>split split>prompt1 split>prompt2 prompt1>llm1 llm1>parser1 prompt2>llm2 llm2>parser2 "
        "parser1>join parser2>join",
        outputs="join",
    )


class Shelf(BaseRetriever):
    """Finds the same two pages whatever is asked."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("Whales are mammals."), Document("Sharks are fish.")]


def retrieval_to_json() -> Scenario:
    def shown(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    def answer(data: dict[str, Any]) -> str:
        return f"{data['answer']} [{data['page']}]"

    prompt = ChatPromptTemplate.from_template("{pages}\n\nAnswer as JSON: {question}")
    program = (
        {"pages": Shelf() | RunnableLambda(shown), "question": RunnablePassthrough()}
        | prompt
        | model('{"answer": "a mammal", "page": 1}')
        | JsonOutputParser()
        | RunnableLambda(answer)
    )
    return Scenario(
        lambda config: program.invoke("What is a whale?", config),
        nodes="I retriever shown prompt llm parser answer",
        edges="I>retriever retriever>shown shown>prompt I>prompt prompt>llm llm>parser parser>answer",
        outputs="answer",
    )


def tool_that_invokes_a_chain() -> Scenario:
    translation = chain("Translate to French: {text}", "bonjour tout le monde")

    @tool
    def translate(text: str) -> str:
        """Translate a text."""
        return translation.invoke({"text": text})

    asks = AIMessage("", tool_calls=[{"name": "translate", "args": {"text": "hello world"}, "id": "call_1"}])
    agent = create_agent(model(asks, "It is: bonjour tout le monde"), [translate])
    question = {"messages": [("user", "How do the French say hello world?")]}
    return Scenario(
        lambda config: agent.invoke(question, config),
        nodes="I llm1 prompt llm2 parser llm3",
        edges="I>llm1 llm1>prompt prompt>llm2 llm2>parser I>llm3 llm1>llm3 parser>llm3",
        outputs="llm3",
    )


class Draft(TypedDict, total=False):
    topic: str
    text: str
    critique: str


def three_rounds() -> Scenario:
    def write(state: Draft) -> Draft:
        return {"text": f"{state['topic']}: {state.get('text', '')}{len(state.get('critique', ''))}"}

    def judge(state: Draft) -> Draft:
        return {"critique": f"{state['text']} of {state['topic']} {state.get('critique', '')} is too short"}

    graph = StateGraph(Draft)
    graph.add_node(write)
    graph.add_node(judge)
    graph.add_edge(START, "write")
    graph.add_edge("write", "judge")
    graph.add_conditional_edges("judge", lambda state: END if state["critique"].count("short") > 2 else "write")
    program = graph.compile()
    return Scenario(
        lambda config: program.invoke({"topic": "whales"}, config),
        nodes="I write1 judge1 write2 judge2 write3 judge3",
        edges="I>write1 I>judge1 write1>judge1 I>write2 write1>write2 judge1>write2 I>judge2 write2>judge2 "
        "judge1>judge2 I>write3 write2>write3 judge2>write3 I>judge3 write3>judge3 judge2>judge3",
        outputs="judge3",
    )


def two_calls_in_one_run() -> Scenario:
    draft, polish = chain("Write about {topic}", "a rough text"), chain("Polish this: {text}", "a fine text")

    def run(config: dict[str, Any]) -> Any:
        return polish.invoke({"text": draft.invoke({"topic": "whales"}, config)}, config)

    return Scenario(
        run,
        nodes="I prompt1 llm1 parser1 prompt2 llm2 parser2",
        edges="I>prompt1 prompt1>llm1 llm1>parser1 parser1>prompt2 prompt2>llm2 llm2>parser2",
        outputs="parser2",
    )


def fallback_for_a_parser() -> Scenario:
    def last(data: Any) -> str:
        return f"got {data}"

    repair = (
        RunnableLambda(lambda message: {"broken": message.content}).with_config(run_name="broken")
        | ChatPromptTemplate.from_template("Give only JSON: {broken}")
        | model('{"a": 1}')
        | JsonOutputParser()
    )
    strict = JsonOutputParser().with_fallbacks([repair])
    program = ChatPromptTemplate.from_template("{x}") | model("no json at all {") | strict | RunnableLambda(last)
    return Scenario(
        lambda config: program.invoke({"x": "Say it in JSON"}, config),
        nodes="I prompt1 llm1 parser1 broken prompt2 llm2 parser2 last",
        edges="I>prompt1 prompt1>llm1 llm1>parser1 llm1>broken broken>prompt2 prompt2>llm2 llm2>parser2 parser2>last",
        failed="parser1",
        outputs="last",
    )


def two_chains_at_once() -> Scenario:
    pro, contra = model("it is cheap"), model("it is slow")

    async def both(question: str) -> list[str]:
        answers = await asyncio.gather(pro.ainvoke(f"For: {question}"), contra.ainvoke(f"Against: {question}"))
        return [answer.text for answer in answers]

    def weigh(arguments: list[str]) -> str:
        return " but ".join(arguments)

    program = RunnableLambda(both) | RunnableLambda(weigh)
    return Scenario(
        lambda config: program.ainvoke("should we go by train?", config),
        nodes="I llm1 llm2 weigh",
        edges="I>llm1 I>llm2 llm1>weigh llm2>weigh",
        outputs="weigh",
    )


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    seen: Annotated[list[str], operator.add]


def only_the_last_message() -> Scenario:
    answers, sums_up = model("Whales are mammals that live in the sea."), model("Sea mammals.")

    def ask(state: Talk) -> dict[str, Any]:
        return {"messages": [answers.invoke(state["messages"])], "seen": ["ask"]}

    def shorten(state: Talk) -> dict[str, Any]:
        return {"messages": [sums_up.invoke([SystemMessage("Shorten it."), state["messages"][-1]])]}

    graph = StateGraph(Talk)
    graph.add_sequence([ask, shorten])
    graph.add_edge(START, "ask")
    program = graph.compile()
    return Scenario(
        lambda config: program.invoke({"messages": [HumanMessage("What is a whale?")], "seen": []}, config),
        nodes="I llm1 llm2",
        edges="I>llm1 llm1>llm2",
        outputs="llm2",
    )


SCENARIOS: list[Callable[[], Scenario]] = [
    branch_taken,
    parallel_in_parallel,
    map_over_a_list,
    retrieval_to_json,
    tool_that_invokes_a_chain,
    three_rounds,
    two_calls_in_one_run,
    fallback_for_a_parser,
    two_chains_at_once,
    only_the_last_message,
]
