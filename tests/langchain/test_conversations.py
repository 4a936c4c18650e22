"""Several programs in one run: conversations that plain Python keeps, and questions that are asked one by one."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda
from langchain_core.runnables.history import RunnableWithMessageHistory
from langgraph.graph import START, StateGraph
from trace_langchain import Recorder

from tests.langchain.programs import chain, model
from tests.langchain.test_acceptance import exactly
from trace_core.recording import Run

QUESTIONS = ("Is it blue?", "Is it red?", "Is it big?")
ANSWERS = ("yes it is", "no it is not", "perhaps it is")


def recorded(program: Any) -> Run:
    recorder = Recorder()
    with recorder.run() as run:
        program({"callbacks": [recorder]})
    return run


def test_an_agent_and_a_list_of_dicts_that_grows() -> None:
    agent = create_agent(model(*ANSWERS), [])

    def talk(config: Any) -> None:
        history: list[dict[str, str]] = []
        for question in QUESTIONS:
            history.append({"role": "user", "content": question})
            answer = agent.invoke({"messages": history}, config)["messages"][-1]
            history.append({"role": "assistant", "content": answer.text})

    edges = "I1>llm1 I1>llm2 llm1>llm2 I2>llm2 I1>llm3 llm1>llm3 I2>llm3 llm2>llm3 I3>llm3"
    exactly(recorded(talk), edges, "llm3")


def test_a_prompt_and_messages_made_of_what_was_said() -> None:
    prompt = ChatPromptTemplate([("system", "Help."), MessagesPlaceholder("history"), ("user", "{q}")])
    program = prompt | model(*ANSWERS)

    def talk(config: Any) -> None:
        history: list[Any] = []
        for question in QUESTIONS[:2]:
            answer = program.invoke({"history": history, "q": question}, config)
            history += [HumanMessage(question), AIMessage(answer.text)]

    exactly(recorded(talk), "I1>prompt1 prompt1>llm1 I1>prompt2 llm1>prompt2 I2>prompt2 prompt2>llm2", "llm2")


def test_a_text_that_grows() -> None:
    thinks = model("first thought is here", "second thought is here", "third thought is here")

    def think(config: Any) -> None:
        pad = "Question: why is the sky blue?"
        for _ in range(3):
            pad += "\n" + thinks.invoke(pad, config).text

    exactly(recorded(think), "I>llm1 I>llm2 llm1>llm2 I>llm3 llm1>llm3 llm2>llm3", "llm3")


def test_what_stands_inside_a_chain_is_seen_through_what_it_gave() -> None:
    chat = chain("{memory}\nHuman: {q}", "I am fine.", "You said hello.")

    def talk(config: Any) -> None:
        memory = ""
        for question in ("hello, how are you?", "what did I say?"):
            memory += f"Human: {question}\nAI: {chat.invoke({'memory': memory, 'q': question}, config)}\n"

    line = "prompt{0}>llm{0} llm{0}>parser{0}"
    edges = f"I1>prompt1 I1>prompt2 parser1>prompt2 I2>prompt2 {line.format(1)} {line.format(2)}"
    exactly(recorded(talk), edges, "parser2")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*was deprecated")
def test_a_history_that_langchain_keeps() -> None:
    store: dict[str, Any] = {}
    program = RunnableWithMessageHistory(
        model("Hello Bob!", "You are Bob."),
        lambda session_id: store.setdefault(session_id, InMemoryChatMessageHistory()),
    )

    def talk(config: Any) -> None:
        for text in ("Hi, I am Bob.", "Who am I, then?"):
            program.invoke([HumanMessage(text)], {**config, "configurable": {"session_id": "1"}})

    exactly(recorded(talk), "I1>llm1 I1>llm2 llm1>llm2 I2>llm2", "llm2")


class Asked(TypedDict, total=False):
    question: str
    language: str
    answer: str


def test_a_setting_that_is_given_twice_is_new_each_time() -> None:
    graph = StateGraph(Asked)
    graph.add_node("answer", lambda state: {"answer": state["question"] + state["language"]})
    graph.add_edge(START, "answer")
    program = graph.compile()

    def ask(config: Any) -> None:
        for question in ("How tall is an oak?", "How old is an elm?"):
            program.invoke({"question": question, "language": "en"}, config)

    exactly(recorded(ask), "I1>answer1 I2>answer2", "answer2")


def test_an_input_of_the_first_step_that_the_second_gets_too_is_one() -> None:
    plan, write = chain("Plan {goal}", "buy flour"), chain("{step} for {goal}", "done")

    def bake(config: Any) -> None:
        goal = "a loaf of bread"
        write.invoke({"step": plan.invoke({"goal": goal}, config), "goal": goal}, config)

    line = "prompt{0}>llm{0} llm{0}>parser{0}"
    edges = f"I>prompt1 parser1>prompt2 I>prompt2 {line.format(1)} {line.format(2)}"
    exactly(recorded(bake), edges, "parser2")


def test_a_message_as_a_dict_is_its_content() -> None:
    agent = create_agent(model("Tea is hot.", "Tea is good."), [])

    def slogan(config: Any) -> None:
        text = "Write a slogan for tea"
        for _ in range(2):
            text = "Make it better: " + agent.invoke({"messages": [("user", text)]}, config)["messages"][-1].text

    exactly(recorded(slogan), "I>llm1 llm1>llm2", "llm2")


def test_a_list_that_is_changed_after_a_call_stays_as_it_was() -> None:
    items = ["a"]

    def run(config: Any) -> None:
        program = RunnableLambda(lambda given: len(given["items"]))
        program.invoke({"items": items}, config)
        items.append("b")

    [given] = [node for node in recorded(run).graph.nodes if node.op == "input"]
    assert given.data == {"items": ["a"]}
