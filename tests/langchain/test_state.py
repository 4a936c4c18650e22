"""What a graph's state holds when not only its nodes' own messages are in it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedState, create_react_agent
from langgraph.types import Command
from trace_langchain import Recorder, expose

from tests.langchain.drawing import drawn
from tests.langchain.programs import asks, chain, model
from tests.langchain.test_acceptance import QUESTION, exactly, recorded


def compiled(state: Any, *nodes: tuple[str, Any], **options: Any) -> Any:
    graph = StateGraph(state)
    graph.add_sequence(list(nodes))
    graph.add_edge(START, nodes[0][0])
    return graph.compile(**options)


def test_a_message_written_as_a_dict_is_the_nodes() -> None:
    speaks = model("An oak, I think.")

    def bot(state: MessagesState) -> Any:
        return {"messages": [{"role": "assistant", "content": speaks.invoke(state["messages"]).text}]}

    exactly(recorded(compiled(MessagesState, ("bot", bot)), {"messages": [("user", "Which tree?")]}), "I>llm", "llm")


class Facts(TypedDict, total=False):
    facts: Annotated[dict[str, str], lambda old, new: {**(old or {}), **new}]
    text: str


def test_the_keys_of_a_merged_dict_have_writers_of_their_own() -> None:
    write = chain("Write with {colour}", "A red line.")
    program = compiled(
        Facts,
        ("size", lambda state: {"facts": {"size": "large"}}),
        ("colour", lambda state: {"facts": {"colour": "dark red"}}),
        ("write", lambda state: {"text": write.invoke({"colour": state["facts"]["colour"]})}),
    )
    run = recorded(program, {"facts": {"name": "oak"}})
    assert drawn(run)["edges"] >= {"colour>prompt", "prompt>llm", "llm>parser"}
    assert not drawn(run)["edges"] & {"I>prompt", "size>prompt"}


class Counted(TypedDict):
    ticket: str
    queue: str
    round: int


@pytest.mark.parametrize("queues", [["billing"] * 3, ["billing", "login", "general"]])
def test_what_a_round_of_a_loop_wrote_is_its_own_though_it_is_what_stood_there(queues: list[str]) -> None:
    asks_which, tells = chain("Which queue? {ticket}", *queues), chain("Answer for {queue}", *queues)

    def ask(state: Counted) -> Any:
        return {**state, "queue": asks_which.invoke({"ticket": state["ticket"]}), "round": state["round"] + 1}

    def tell(state: Counted) -> Any:
        tells.invoke({"queue": state["queue"]})

    graph = StateGraph(Counted)
    graph.add_sequence([("ask", ask), ("tell", tell)])
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("tell", lambda state: "ask" if state["round"] < len(queues) else END)
    run = recorded(graph.compile(), {"ticket": "Refund me", "queue": "", "round": 0})
    edges = drawn(run)["edges"]
    for number in range(len(queues)):
        asked, told = 2 * number + 1, 2 * number + 2
        assert [each for each in edges if each.endswith(f">prompt{told}")] == [f"parser{asked}>prompt{told}"]


class Known(TypedDict):
    ticket: str
    known: float | None
    queue: str


@pytest.mark.parametrize("known", [True, None, 1, 0.5])
def test_a_flag_or_number_that_was_passed_on_is_its_writers_though_another_call_gave_the_same(
    known: float | None,
) -> None:
    def is_known(ticket: str) -> float | None:
        return known

    def is_open(ticket: str) -> float | None:
        return known

    looks, opens = RunnableLambda(is_known), RunnableLambda(is_open)

    def route(state: Known) -> Any:
        opens.invoke(state["ticket"])
        return {**state, "queue": "billing"}

    program = compiled(
        Known,
        ("look", lambda state: {"known": looks.invoke(state["ticket"])}),
        ("route", route),
        ("tell", RunnableLambda(lambda state: {"queue": "shipping"}, name="tell")),
    )
    run = recorded(program, {"ticket": "Refund me", "known": -1, "queue": ""})
    assert "is_known>tell" in drawn(run)["edges"]


class Draft(TypedDict, total=False):
    topic: str
    draft: str
    sent: str


def test_what_somebody_changed_between_two_turns_is_an_input() -> None:
    sends = model("Sent.")
    program = compiled(
        Draft,
        ("write", lambda state: {"draft": f"A first text on {state['topic']}"}),
        ("publish", lambda state: {"sent": sends.invoke(f"Publish this text: {state['draft']}").text}),
        checkpointer=InMemorySaver(),
        interrupt_before=["publish"],
    )
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        program.invoke({"topic": "old oaks"}, config)
        program.update_state(config, {"draft": "What a human wrote instead of it."})
        program.invoke(None, config)
    exactly(run, "I1>write I2>llm", "I1 llm")


def send_email() -> Any:
    @tool
    def send(to: str) -> str:
        """Send an email."""
        return f"sent to {to}"

    return send


@pytest.mark.parametrize(("decision", "edges"), [("approve", "llm1>send send>llm2"), ("reject", "")])
def test_a_hook_that_asked_a_person_does_not_own_the_messages(decision: str, edges: str) -> None:
    agent = create_agent(
        model(asks(("send", {"to": "bob"})), "Done."),
        [send_email()],
        checkpointer=InMemorySaver(),
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"send": True})],
    )
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        agent.invoke(QUESTION, config)
        agent.invoke(Command(resume={"decisions": [{"type": decision}]}), config)
    given = {edge for edge in drawn(run)["edges"] if edge.endswith(("llm2", "send"))}
    rejected = {"HumanInTheLoopMiddleware.after_model>llm2"} if decision == "reject" else set()
    assert given == {"I1>llm2", "llm1>llm2"} | set(edges.split()) | rejected, run.explain()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_hook_that_trims_the_messages_does_not_own_them() -> None:
    agent = create_react_agent(
        model("Hello."), [], pre_model_hook=lambda state: {"llm_input_messages": state["messages"][-1:]}
    )
    run = recorded(agent, {"messages": [HumanMessage("Hi."), HumanMessage("Who are you?")]})
    exactly(run, "I>pre_model_hook I>llm", "llm", alone="pre_model_hook")


@pytest.mark.skipif(version("langgraph").startswith("1.0."), reason="langgraph 1.0 does not inject a dict")
def test_a_tool_that_hands_the_question_on() -> None:
    helper = create_agent(model("Order 7 is late."), [])

    @tool
    def escalate(state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Ask the helper."""
        return str(helper.invoke({"messages": [state["messages"][0]]})["messages"][-1].text)

    agent = create_agent(model(asks(("escalate", {})), "It is late."), [escalate])
    run = recorded(agent, {"messages": [HumanMessage("Where is order 7?")]})
    exactly(run, "I>llm1 I>llm2 I>llm3 llm1>llm3 llm2>llm3", "llm3")


class Modes(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    mode: str


def test_the_entry_of_a_graph_is_no_node_in_a_second_turn() -> None:
    speaks = model("Hello there.", "Still here.")
    graph = StateGraph(Modes)
    graph.add_node("say", lambda state: {"messages": [speaks.invoke(state["messages"])]})
    graph.add_conditional_edges(START, lambda state: state.get("mode") or "say", ["say"])
    program, recorder = graph.compile(checkpointer=InMemorySaver()), Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        for text in ("Is anybody there?", "And now, still there?"):
            program.invoke({"messages": [HumanMessage(text)]}, config)
    exactly(run, "I1>llm1 I1>llm2 llm1>llm2 I2>llm2", "llm2")


class Labels(TypedDict, total=False):
    text: str
    labels: list[str]
    answer: str


def test_words_in_a_list_that_a_router_read() -> None:
    sorts, answers = model("tax, law"), model("Pay it.")
    graph = StateGraph(Labels)
    graph.add_node("sort", lambda state: {"labels": sorts.invoke(state["text"]).text.split(", ")})

    def on_tax(state: Labels) -> Labels:
        return {"answer": answers.invoke([SystemMessage("You know tax."), HumanMessage(state["text"])]).text}

    graph.add_node(on_tax)
    graph.add_edge(START, "sort")
    graph.add_conditional_edges("sort", lambda state: state["labels"], {"tax": "on_tax", "law": END})
    run = recorded(graph.compile(), {"text": "Must I pay for my dog?"})
    exactly(run, "I>llm1 I>llm2", "llm2", control="llm1>llm2")


def test_a_run_that_was_too_long_came_from_what_it_had_done() -> None:
    agent = create_agent(model(asks(("send", {"to": "a"})), asks(("send", {"to": "b"}), start=2)), [send_email()])
    recorder = Recorder()
    with recorder.run() as run, pytest.raises(GraphRecursionError) as caught:
        agent.invoke(QUESTION, {"callbacks": [recorder], "recursion_limit": 3})
    assert recorder.error(caught.value) is run.output is run.error
    assert run.output in run.graph.nodes
    parameters = expose(agent)
    assert {node.op for node in run.output.parents} == {"llm"}, parameters


def test_a_stream_that_is_left_early_is_no_error() -> None:
    agent = create_agent(model(asks(("send", {"to": "a"})), "Done."), [send_email()])
    recorder = Recorder()
    with recorder.run() as run:
        for step in agent.stream(QUESTION, {"callbacks": [recorder]}, stream_mode="updates"):
            if "tools" in step:
                break
    assert run.error is None
    assert drawn(run)["outputs"] == {"send"}


def test_learned_code_that_calls_a_chain_passes_feedback_on() -> None:
    inner = chain("Write about {topic}", "A whale.")

    def write(state: Draft) -> Draft:
        return {"draft": inner.invoke({"topic": state["topic"]})}

    program = compiled(Draft, ("write", write))
    parameters = expose(program, kinds=["prompt", "code"])
    run = recorded(program, {"topic": "whales"})
    exactly(run, "I>prompt prompt>llm llm>parser I>write parser>write", "write")
    run.output.backward("too short")
    assert [len(parameter.feedback) for parameter in parameters.values()] == [1, 1]


def test_an_answer_that_is_a_message_of_the_input_stays_the_inputs() -> None:
    program = compiled(MessagesState, ("nothing", lambda state: {"messages": []}))
    run = recorded(program, {"messages": [HumanMessage("Hi."), AIMessage("Hello.")]})
    exactly(run, "I>nothing", "I", alone="nothing")
