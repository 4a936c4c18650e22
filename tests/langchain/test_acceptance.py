"""The acceptance cases by number: what the graph of each kind of program must be, exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from operator import add
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt
from trace_langchain import Recorder, expose

from tests.langchain.drawing import drawn
from tests.langchain.programs import Shelf, asks, chain, model
from trace_core.errors import InvalidValue
from trace_core.recording import Run


def exactly(run: Run, edges: str, outputs: str, *, alone: str = "", failed: str = "", control: str = "") -> None:
    """The run has these edges, these outputs, and no other node than theirs and those that stand alone."""
    words = {word for edge in (edges + " " + control).split() for word in edge.split(">")}
    expected = {
        "nodes": words | set(alone.split()) | set(outputs.split()),
        "edges": set(edges.split()),
        "control": set(control.split()),
        "failed": set(failed.split()),
        "outputs": set(outputs.split()),
    }
    assert drawn(run) == expected, run.explain()


def recorded(program: Any, given: Any, **config: Any) -> Run:
    recorder = Recorder()
    with recorder.run() as run:
        program.invoke(given, {"callbacks": [recorder], **config})
    return run


LINE = "I>prompt prompt>llm llm>parser"


def test_1_prompt_model_parser() -> None:
    run = recorded(chain("Name a {x}", "an oak"), {"x": "tree"})
    exactly(run, LINE, "parser")
    assert run.output.data == "an oak"


def test_2_streamed() -> None:
    recorder = Recorder()
    with recorder.run() as run:
        streamed = list(chain("Name a {x}", "an oak").stream({"x": "tree"}, {"callbacks": [recorder]}))
    assert "".join(streamed) == "an oak"
    exactly(run, LINE, "parser")
    [given] = [node for node in run.graph.nodes if node.op == "input"]
    assert given.data == {"x": "tree"}


async def test_3_awaited() -> None:
    recorder = Recorder()
    with recorder.run() as run:
        await chain("Name a {x}", "an oak").ainvoke({"x": "tree"}, {"callbacks": [recorder]})
    exactly(run, LINE, "parser")


def test_4_batch_on_threads_gives_a_run_for_each() -> None:
    recorder = Recorder()
    program = (
        ChatPromptTemplate.from_template("Name a {x}") | RunnableLambda(lambda p: p.to_string()) | StrOutputParser()
    )
    results = program.batch([{"x": str(i)} for i in range(8)], {"callbacks": [recorder]})
    assert len(recorder.runs) == 8
    for run, result in zip(recorder.runs, results, strict=True):
        exactly(run, "I>prompt prompt>RunnableLambda RunnableLambda>parser", "parser")
        assert run.output.data == result
        assert recorder.output(result) is run.output


def test_5_two_stages() -> None:
    def shorten(text: str) -> dict[str, str]:
        return {"x": text[:5]}

    prompt = ChatPromptTemplate.from_template("Name a {x}")
    program = (
        prompt
        | model("an oak")
        | StrOutputParser()
        | RunnableLambda(shorten)
        | prompt
        | model("acorn")
        | StrOutputParser()
    )
    exactly(
        recorded(program, {"x": "tree"}),
        "I>prompt1 prompt1>llm1 llm1>parser1 parser1>shorten shorten>prompt2 prompt2>llm2 llm2>parser2",
        "parser2",
    )


def test_6_parallel() -> None:
    def upper(given: dict[str, str]) -> str:
        return given["x"].upper()

    def join(both: dict[str, str]) -> str:
        return both["a"] + both["b"]

    program = RunnableParallel(a=chain("Name a {x}", "an oak"), b=RunnableLambda(upper)) | RunnableLambda(join)
    exactly(recorded(program, {"x": "tree"}), "I>prompt prompt>llm llm>parser I>upper parser>join upper>join", "join")


def test_7_retrieval() -> None:
    def shown(documents: list[Any]) -> str:
        return " ".join(document.page_content for document in documents)

    program = {"pages": Shelf() | RunnableLambda(shown), "q": RunnablePassthrough()} | chain("{pages} {q}", "a mammal")
    exactly(
        recorded(program, "What is a whale?"),
        "I>retriever retriever>shown shown>prompt I>prompt prompt>llm llm>parser",
        "parser",
    )


def test_8_assign() -> None:
    def context(given: dict[str, str]) -> str:
        return given["q"] + "!"

    program = RunnablePassthrough.assign(c=RunnableLambda(context)) | ChatPromptTemplate.from_template("{c} {q}")
    exactly(recorded(program, {"q": "why"}), "I>context context>prompt I>prompt", "prompt")


def test_9_a_function_that_adds_to_what_a_chain_said() -> None:
    inner = chain("Name a {x}", "an oak")

    def post(text: str) -> str:
        return text + "."

    program = RunnableLambda(lambda given: "Answer: " + inner.invoke(given)) | RunnableLambda(post)
    run = recorded(program, {"x": "tree"})
    exactly(run, LINE + " parser>post", "post")
    assert run.output.data == "Answer: an oak."


def test_9_at_the_end_the_output_is_what_the_function_returned() -> None:
    inner = chain("Name a {x}", "an oak")
    run = recorded(RunnableLambda(lambda given: "Answer: " + inner.invoke(given)), {"x": "tree"})
    exactly(run, LINE, "parser")
    assert run.output.data == "Answer: an oak"
    assert [parent.op for parent in run.output.parents] == ["parser"]


def test_10_dependent_calls() -> None:
    first, second = model("an oak"), model("An oak is a tree.")

    def both(question: str) -> Any:
        return second.invoke(f"What is {first.invoke(question).content}?")

    exactly(recorded(RunnableLambda(both), "Name a tree."), "I>llm1 llm1>llm2", "llm2")


def test_11_independent_calls() -> None:
    first, second = model("an oak"), model("a beech")

    def both(question: str) -> list[Any]:
        return [first.invoke(question), second.invoke(question)]

    exactly(recorded(RunnableLambda(both), "Name a tree."), "I>llm1 I>llm2", "llm1 llm2")


def fails(_: Any) -> str:
    raise ValueError("no answer")


def test_12_fallback() -> None:
    def pre(x: str) -> str:
        return x + "!"

    def spare(x: str) -> str:
        return x + "?"

    def post(x: str) -> str:
        return x + "."

    either = RunnableLambda(fails).with_fallbacks([RunnableLambda(spare)])
    run = recorded(RunnableLambda(pre) | either | RunnableLambda(post), "Hello")
    exactly(run, "I>pre pre>fails pre>spare spare>post", "post", failed="fails")
    [failed] = [node for node in run.graph.nodes if getattr(node, "info", {}).get("name") == "fails"]
    assert "no answer" in failed.data


def test_12_fallback_at_the_root() -> None:
    def spare(x: str) -> str:
        return x + "?"

    recorder = Recorder()
    RunnableLambda(fails).with_fallbacks([RunnableLambda(spare)]).invoke("Hello", {"callbacks": [recorder]})
    [run] = recorder.runs
    exactly(run, "I>fails I>spare", "spare", failed="fails")


def test_13_retry() -> None:
    attempts = iter([ValueError("one"), ValueError("two"), None])

    def shaky(x: str) -> str:
        if error := next(attempts):
            raise error
        return x + "!"

    def post(x: str) -> str:
        return x + "."

    program = RunnableLambda(shaky).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    program.wait_exponential_jitter = False
    exactly(
        recorded(program.with_config() | RunnableLambda(post), "Hello"),
        "I>shaky1 I>shaky2 I>shaky3 shaky3>post",
        "post",
        failed="shaky1 shaky2",
    )


def weather_agent(*answers: str | AIMessage, **options: Any) -> Any:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"It is sunny in {city}."

    @tool
    def population(city: str) -> int:
        """How many live in a city."""
        return 2_100_000 + len(city)

    return create_agent(model(*answers), [weather, population], **options)


TWO_CALLS = asks(("weather", {"city": "Paris"}), ("population", {"city": "Paris"}))
QUESTION = {"messages": [("user", "Tell me about Paris.")]}
AGENT = "I>llm1 llm1>weather llm1>population I>llm2 llm1>llm2 weather>llm2 population>llm2"


def test_14_agent_with_two_tool_calls() -> None:
    run = recorded(weather_agent(TWO_CALLS, "Sunny, two million."), QUESTION)
    exactly(run, AGENT, "llm2")
    assert run.output.data == "Sunny, two million."


async def test_15_awaited_agent() -> None:
    recorder = Recorder()
    with recorder.run() as run:
        await weather_agent(TWO_CALLS, "Sunny.").ainvoke(QUESTION, {"callbacks": [recorder]})
    exactly(run, AGENT, "llm2")


@pytest.mark.parametrize("mode", ["updates", "messages", "values", ["updates", "messages"]])
def test_16_streamed_agent(mode: Any) -> None:
    recorder = Recorder()
    with recorder.run() as run:
        list(weather_agent(TWO_CALLS, "Sunny.").stream(QUESTION, {"callbacks": [recorder]}, stream_mode=mode))
    exactly(run, AGENT, "llm2")


def test_17_tool_that_raises() -> None:
    @tool
    def weather(city: str) -> str:
        """The weather in a city."""
        raise KeyError(city)

    recorder = Recorder()
    agent = create_agent(model(asks(("weather", {"city": "Paris"}))), [weather])
    with recorder.run() as run, pytest.raises(KeyError) as caught:
        agent.invoke(QUESTION, {"callbacks": [recorder]})
    exactly(run, "I>llm llm>weather", "weather", failed="weather")
    assert run.error is recorder.error(caught.value)
    assert "KeyError" in run.error.data


def test_18_wrong_arguments() -> None:
    run = recorded(weather_agent(asks(("weather", {"town": "Paris"})), "I cannot."), QUESTION)
    exactly(run, "I>llm1 llm1>weather I>llm2 llm1>llm2 weather>llm2", "llm2", failed="weather")
    assert run.error is None


def test_18_unknown_tool() -> None:
    run = recorded(weather_agent(asks(("tides", {"city": "Paris"})), "I cannot."), QUESTION)
    exactly(run, "I>llm1 llm1>tools I>llm2 llm1>llm2 tools>llm2", "llm2")
    assert run.error is None


class Joined(TypedDict, total=False):
    parts: Annotated[list[str], add]
    text: str


def test_19_fan_out_and_join() -> None:
    def one(state: Joined) -> Joined:
        return {"parts": ["one of " + state["parts"][0]]}

    def two(state: Joined) -> Joined:
        return {"parts": ["two of " + state["parts"][0]]}

    def join(state: Joined) -> Joined:
        return {"text": " ".join(state["parts"])}

    graph = StateGraph(Joined)
    for node in (one, two, join):
        graph.add_node(node)
    for start, end in ((START, "one"), (START, "two"), ("one", "join"), ("two", "join")):
        graph.add_edge(start, end)
    run = recorded(graph.compile(), {"parts": ["whales"]})
    exactly(run, "I>one I>two I>join one>join two>join", "join")


class Mapped(TypedDict, total=False):
    subjects: list[str]
    jokes: Annotated[list[str], add]
    best: str


def test_20_send() -> None:
    def plan(state: Mapped) -> Mapped:
        return {"subjects": ["the sea", "the sky"]}

    def work(state: dict[str, str]) -> Mapped:
        return {"jokes": [f"a joke about {state['subject']}"]}

    def best(state: Mapped) -> Mapped:
        return {"best": max(state["jokes"])}

    def spread(state: Mapped) -> list[Send]:
        return [Send("work", {"subject": subject}) for subject in state["subjects"]]

    graph = StateGraph(Mapped)
    for node in (plan, work, best):
        graph.add_node(node)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", spread, ["work"])
    graph.add_edge("work", "best")
    run = recorded(graph.compile(), {})
    exactly(run, "I>plan plan>work1 plan>work2 plan>best work1>best work2>best", "best")


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def test_21_reflection() -> None:
    writes, judges = model("a draft", "a better draft"), model("too short", "good")

    def write(state: Talk) -> Any:
        return {"messages": [writes.invoke(state["messages"])]}

    def judge(state: Talk) -> Any:
        return {"messages": [judges.invoke(state["messages"][-1:])]}

    graph = StateGraph(Talk)
    graph.add_node(write)
    graph.add_node(judge)
    graph.add_edge(START, "write")
    graph.add_edge("write", "judge")
    graph.add_conditional_edges("judge", lambda state: END if state["messages"][-1].content == "good" else "write")
    run = recorded(graph.compile(), {"messages": [HumanMessage("Write of whales.")]})
    exactly(run, "I>llm1 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3 llm3>llm4", "llm4")


def test_22_subgraph() -> None:
    inner = StateGraph(Talk)
    speaks = model("a whale is a mammal")
    inner.add_node("speak", lambda state: {"messages": [speaks.invoke(state["messages"])]})
    inner.add_edge(START, "speak")
    sums = model("a mammal")
    graph = StateGraph(Talk)
    graph.add_node("inner", inner.compile())
    graph.add_node("sum", lambda state: {"messages": [sums.invoke(state["messages"][-1].content)]})
    graph.add_edge(START, "inner")
    graph.add_edge("inner", "sum")
    run = recorded(graph.compile(), {"messages": [HumanMessage("What is a whale?")]})
    exactly(run, "I>llm1 llm1>llm2", "llm2")


def test_22_agent_in_a_tool() -> None:
    below = create_agent(model("Paris is sunny."), [])

    @tool
    def ask_expert(question: str) -> str:
        """Ask one who knows."""
        return below.invoke({"messages": [("user", question)]})["messages"][-1].text

    agent = create_agent(model(asks(("ask_expert", {"question": "How is Paris?"})), "It is sunny."), [ask_expert])
    exactly(recorded(agent, QUESTION), "I>llm1 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3", "llm3")


class Asked(TypedDict, total=False):
    topic: str
    name: str
    text: str


def test_23_interrupt_and_resume() -> None:
    def ask(state: Asked) -> Asked:
        return {"name": interrupt("Who are you?")}

    def greet(state: Asked) -> Asked:
        return {"text": f"Hello {state['name']} of {state['topic']}"}

    graph = StateGraph(Asked)
    graph.add_node(ask)
    graph.add_node(greet)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "greet")
    program = graph.compile(checkpointer=InMemorySaver())
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        program.invoke({"topic": "whales"}, config)
        result = program.invoke(Command(resume="Ada"), config)
    assert result["text"] == "Hello Ada of whales"
    exactly(run, "I1>ask I2>ask ask>greet I1>greet", "greet")
    assert run.error is None


def test_23_handoff_to_the_parent() -> None:
    def away(state: Joined) -> Command[Any]:
        return Command(goto="last", graph=Command.PARENT, update={"parts": ["from below"]})

    def last(state: Joined) -> Joined:
        return {"text": " ".join(state["parts"])}

    inner = StateGraph(Joined)
    inner.add_node(away)
    inner.add_edge(START, "away")
    graph = StateGraph(Joined)
    graph.add_node("inner", inner.compile())
    graph.add_node(last)
    graph.add_edge(START, "inner")
    run = recorded(graph.compile(), {"parts": ["given"]})
    exactly(run, "I>away I>last away>last", "last")
    assert run.error is None


def test_23_the_second_turn_hangs_on_the_first() -> None:
    agent = create_agent(model("I am a whale.", "As I said, a whale."), [], checkpointer=InMemorySaver())
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "7"}}
    agent.invoke({"messages": [("user", "Who are you?")]}, config)
    agent.invoke({"messages": [("user", "Who?")]}, config)
    first, second = recorder.runs
    assert [parent.op for parent in second.output.parents] == ["input", "llm", "input"]
    assert first.output in {*second.output.parents}


def test_24_what_is_written_is_what_the_next_call_sends() -> None:
    prompt = ChatPromptTemplate.from_template("Name a {x}")
    program = prompt | RunnableLambda(lambda value: value.to_string())
    [parameter] = expose(program).values()
    parameter.set('Name {x} as {"k": 1}')
    assert program.invoke({"x": "tree"}) == 'Human: Name tree as {"k": 1}'
    for wrong in ("Name it", "Name {x} {y}"):
        with pytest.raises(InvalidValue):
            parameter.set(wrong)
    assert program.invoke({"x": "tree"}) == 'Human: Name tree as {"k": 1}'


def test_25_the_same_handler_twice() -> None:
    recorder = Recorder()
    program = chain("Name a {x}", "an oak").with_config(callbacks=[recorder])
    program.invoke({"x": "tree"}, {"callbacks": [recorder, recorder]})
    [run] = recorder.runs
    exactly(run, LINE, "parser")


def test_25_a_handler_that_a_constructor_got() -> None:
    recorder = Recorder()
    speaks = model("an oak")
    speaks.callbacks = [recorder]
    program = ChatPromptTemplate.from_template("Name a {x}") | speaks | StrOutputParser()
    program.invoke({"x": "tree"})
    [run] = recorder.runs
    exactly(run, "I>llm", "llm")


def test_25_a_stream_that_is_closed_early() -> None:
    recorder = Recorder()
    stream = chain("Name a {x}", "an oak in the wood").stream({"x": "tree"}, {"callbacks": [recorder]})
    assert next(stream) == "an"
    stream.close()
    [run] = recorder.runs
    exactly(run, LINE, "parser")
    assert not run.is_active


def test_25_a_users_own_threads() -> None:
    first, second = model("an oak"), model("a beech")
    recorder = Recorder()

    def both(question: str) -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(m.invoke, question, {"callbacks": [recorder]}) for m in (first, second)]
            return [call.result().content for call in calls]

    def join(texts: list[str]) -> str:
        return " or ".join(texts)

    program = RunnableLambda(both) | RunnableLambda(join)
    with recorder.run() as run:
        program.invoke("Name a tree.", {"callbacks": [recorder]})
    exactly(run, "I>llm1 I>llm2 llm1>join llm2>join", "join")
