"""What the data flow must be in programs that are easily taken wrong: equal answers, echoes, numbers, resumed runs."""

from __future__ import annotations

import json
from importlib.metadata import version
from operator import add
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedState, create_react_agent
from langgraph.types import Command, interrupt
from trace_langchain import Recorder

from tests.langchain.drawing import drawn
from tests.langchain.programs import asks, chain, model
from tests.langchain.test_acceptance import QUESTION, exactly, recorded


def test_equal_answers_are_told_apart_by_their_order() -> None:
    graders = [model("yes"), model("no"), model("yes")]

    def grade(text: str) -> list[str]:
        return [grader.invoke(f"Is it good? {text}").text for grader in graders]

    def vote(answers: list[str]) -> str:
        return max(answers, key=answers.count)

    run = recorded(RunnableLambda(grade) | RunnableLambda(vote), "A long day at the sea.")
    exactly(run, "I>llm1 I>llm2 I>llm3 llm1>vote llm2>vote llm3>vote", "vote")


def test_items_of_a_list_are_not_taken_for_equal_outputs() -> None:
    def more(number: int) -> int:
        return number + 1

    increment = RunnableLambda(more)

    def each(numbers: list[int]) -> list[int]:
        return [increment.invoke(number) for number in numbers]

    run = recorded(RunnableLambda(each) | RunnableLambda(sum), [1, 2, 3])
    exactly(run, "I>more1 I>more2 I>more3 more1>sum more2>sum more3>sum", "sum")


def test_an_answer_that_repeats_the_question_is_the_models() -> None:
    echo = model("What is a whale?")

    def ask(text: str) -> str:
        return echo.invoke(text).text

    def post(text: str) -> str:
        return text + "!"

    exactly(recorded(RunnableLambda(ask) | RunnableLambda(post), "What is a whale?"), "I>llm llm>post", "post")


def test_numbers_that_were_texts_and_texts_that_were_numbers() -> None:
    counts, sums = model("There are 42 of them."), model("many")

    def count(text: str) -> Any:
        number = int(counts.invoke(text).text.split()[2])
        return sums.invoke(f"Is {number} many?")

    exactly(recorded(RunnableLambda(count), "How many whales are there?"), "I>llm1 llm1>llm2", "llm2")


def test_what_a_model_wrote_as_json_and_a_program_parsed() -> None:
    plans, works = model('{"steps": ["look at the sea", "count whales"]}'), model("seen", "counted")

    def run_plan(text: str) -> list[Any]:
        return [works.invoke(step) for step in json.loads(plans.invoke(text).text)["steps"]]

    run = recorded(RunnableLambda(run_plan), "Plan a trip.")
    exactly(run, "I>llm1 llm1>llm2 llm1>llm3", "llm2 llm3")


def test_a_text_that_was_changed_on_the_way() -> None:
    drafts, judges = model("**Whales** are large\nand kind."), model("good")

    def both(text: str) -> Any:
        return judges.invoke("JUDGE: " + drafts.invoke(text).text.upper().replace("*", "").replace("\n", " "))

    exactly(recorded(RunnableLambda(both), "Write of whales."), "I>llm1 llm1>llm2", "llm2")


def test_a_second_program_takes_in_what_is_new_too() -> None:
    draft, polish = chain("Write about {topic}", "a rough text"), chain("Polish in {language}: {text}", "fine")
    recorder = Recorder()
    config = {"callbacks": [recorder]}
    with recorder.run() as run:
        polish.invoke({"text": draft.invoke({"topic": "whales"}, config), "language": "Norwegian"}, config)
    exactly(
        run,
        "I1>prompt1 prompt1>llm1 llm1>parser1 parser1>prompt2 I2>prompt2 prompt2>llm2 llm2>parser2",
        "parser2",
    )


def test_a_chat_in_plain_python() -> None:
    speaks, recorder = model("I am Ada.", "Ada, as I said."), Recorder()
    history: list[AnyMessage] = []
    with recorder.run() as run:
        for text in ("Who are you?", "Say it again, please."):
            history.append(HumanMessage(text))
            history.append(speaks.invoke(list(history), {"callbacks": [recorder]}))
    exactly(run, "I1>llm1 I1>llm2 llm1>llm2 I2>llm2", "llm2")


class Graded(TypedDict, total=False):
    pages: list[str]
    verdict: str
    text: str


class Talk(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    route: str
    count: Annotated[int, add]


def test_a_node_that_gives_back_old_messages_with_its_own() -> None:
    first, last = model("I am Ada."), model("Ada.")
    graph = StateGraph(Talk)
    graph.add_node("ask", lambda state: {"messages": [first.invoke(state["messages"])]})
    graph.add_node("note", lambda state: {"messages": [*state["messages"], AIMessage("noted")]})
    graph.add_node("sum", lambda state: {"messages": [last.invoke(state["messages"])]})
    for start, end in ((START, "ask"), ("ask", "note"), ("note", "sum")):
        graph.add_edge(start, end)
    run = recorded(graph.compile(), {"messages": [HumanMessage("Who are you?")]})
    exactly(run, "I>llm1 I>note llm1>note I>llm2 llm1>llm2 note>llm2", "llm2")


def test_a_reducer_that_adds_equal_numbers() -> None:
    def tick(state: Talk) -> Talk:
        return {"count": 1}

    def show(state: Talk) -> Talk:
        return {"route": str(state["count"])}

    graph = StateGraph(Talk)
    graph.add_node(tick)
    graph.add_node(show)
    graph.add_edge(START, "tick")
    graph.add_conditional_edges("tick", lambda state: "show" if state["count"] > 2 else "tick")
    run = recorded(graph.compile(), {"count": 1})
    exactly(run, "I>tick1 I>tick2 tick1>tick2 I>show tick1>show tick2>show", "show")


def test_a_graph_that_chooses_where_it_begins() -> None:
    speaks = model("Hello.")
    graph = StateGraph(Talk)
    graph.add_node("say", lambda state: {"messages": [speaks.invoke(state["messages"])]})
    graph.add_conditional_edges(START, lambda state: "say" if state["messages"] else END)
    exactly(recorded(graph.compile(), {"messages": [HumanMessage("Hi, who is there?")]}), "I>llm", "llm")


def test_a_model_that_chose_the_way_is_a_control_edge() -> None:
    sorts = chain("What is this: {x}", "a question")
    answers, other = chain("Answer {x}", "42"), chain("Praise {x}", "well done")
    program = RunnableBranch((lambda given: "question" in sorts.invoke(given), answers), other)
    exactly(
        recorded(program, {"x": "How many?"}),
        "I>prompt1 prompt1>llm1 llm1>parser1 I>prompt2 prompt2>llm2 llm2>parser2",
        "parser2",
        control="parser1>prompt2",
    )


def test_a_word_that_a_model_wrote_and_a_router_read_is_a_control_edge() -> None:
    sorts, answers = model("billing"), model("It will be refunded.")
    graph = StateGraph(Talk)
    graph.add_node("sort", lambda state: {"route": sorts.invoke(state["messages"]).text})
    graph.add_node("billing", lambda state: {"messages": [answers.invoke(state["messages"])]})
    graph.add_edge(START, "sort")
    graph.add_conditional_edges("sort", lambda state: state["route"], ["billing"])
    run = recorded(graph.compile(), {"messages": [HumanMessage("I was charged twice.")]})
    exactly(run, "I>llm1 I>llm2", "llm2", control="llm1>llm2")


def test_a_router_whose_answers_stand_for_nodes() -> None:
    sorts, answers = model("m"), model("It is 42.")
    graph = StateGraph(Talk)
    graph.add_node("sort", lambda state: {"route": sorts.invoke(state["messages"]).text})
    graph.add_node("solver", lambda state: {"messages": [answers.invoke(state["messages"])]})
    graph.add_edge(START, "sort")
    graph.add_conditional_edges("sort", lambda state: state["route"], {"m": "solver", "t": END})
    run = recorded(graph.compile(), {"messages": [HumanMessage("What is six times seven?")]})
    exactly(run, "I>llm1 I>llm2", "llm2", control="llm1>llm2")


def test_a_word_computed_beside_what_was_passed_on() -> None:
    grades, answers = model("relevant"), model("A mammal.")
    graph = StateGraph(Graded)
    graph.add_node("grade", lambda s: {"pages": list(s["pages"]), "verdict": grades.invoke(s["pages"][0]).text.upper()})
    graph.add_node("answer", lambda s: {"text": answers.invoke(f"{s['pages'][0]} Verdict: {s['verdict']}").text})
    graph.add_edge(START, "grade")
    graph.add_edge("grade", "answer")
    run = recorded(graph.compile(), {"pages": ["Whales are mammals of the sea."]})
    assert "llm1>llm2" in drawn(run)["edges"]


def test_a_prompt_with_old_messages_does_not_own_them() -> None:
    leads, works = model("Let us ask Ada."), model("I am Ada.")
    prompt = ChatPromptTemplate([("system", "Lead them."), MessagesPlaceholder("messages")])
    graph = StateGraph(Talk)
    graph.add_node("lead", lambda state: {"messages": [(prompt | leads).invoke(state)]})
    graph.add_node(
        "work", lambda state: {"messages": [works.invoke([SystemMessage("You are Ada."), *state["messages"]])]}
    )
    graph.add_edge(START, "lead")
    graph.add_edge("lead", "work")
    run = recorded(graph.compile(), {"messages": [HumanMessage("Who can help?")]})
    exactly(run, "I>prompt prompt>llm1 I>llm2 llm1>llm2", "llm2")


@pytest.mark.skipif(version("langgraph").startswith("1.0."), reason="langgraph 1.0 asks the agent again")
def test_a_tool_that_hands_the_conversation_over() -> None:
    @tool
    def to_ada(
        state: Annotated[dict[str, Any], InjectedState], tool_call_id: Annotated[str, InjectedToolCallId]
    ) -> Any:
        """Hand over to Ada."""
        done = ToolMessage("Handed over to Ada.", tool_call_id=tool_call_id)
        return Command(goto="ada", graph=Command.PARENT, update={"messages": [*state["messages"], done]})

    front = create_agent(model(asks(("to_ada", {}))), [to_ada])
    graph = StateGraph(Talk)
    graph.add_node("front", front, destinations=("ada",))
    graph.add_node("ada", create_agent(model("I am Ada."), []))
    graph.add_edge(START, "front")
    run = recorded(graph.compile(), {"messages": [HumanMessage("Where is Ada?")]})
    exactly(run, "I>llm1 llm1>to_ada I>llm2 llm1>llm2 to_ada>llm2", "llm2")


def test_a_model_that_named_the_next_node() -> None:
    leads, works = model("researcher"), model("Whales are mammals.")

    def lead(state: Talk) -> Command[Any]:
        return Command(goto=leads.invoke(state["messages"]).text)

    graph = StateGraph(Talk)
    graph.add_node(lead, destinations=("researcher",))
    graph.add_node("researcher", lambda state: {"messages": [works.invoke(state["messages"])]})
    graph.add_edge(START, "lead")
    run = recorded(graph.compile(), {"messages": [HumanMessage("Tell me about whales.")]})
    exactly(run, "I>llm1 I>llm2", "llm2", control="llm1>llm2")


def test_what_a_run_was_resumed_with_reaches_the_model() -> None:
    rewrites = model("A better draft.")

    def review(state: Talk) -> Talk:
        said = interrupt("What do you think?")
        return {"messages": [rewrites.invoke(f"Rewrite this: {state['messages'][0].text}. Mind: {said}")]}

    graph = StateGraph(Talk)
    graph.add_node(review)
    graph.add_edge(START, "review")
    program = graph.compile(checkpointer=InMemorySaver())
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        program.invoke({"messages": [HumanMessage("whales swim")]}, config)
        program.invoke(Command(resume="make it longer"), config)
    exactly(run, "I1>llm I2>llm", "llm")


def test_a_tool_that_asked_a_person() -> None:
    @tool
    def book(hotel: str) -> str:
        """Book a hotel."""
        return f"{hotel}: {interrupt('Really?')}"

    agent = create_agent(model(asks(("book", {"hotel": "Ritz"})), "Booked."), [book], checkpointer=InMemorySaver())
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        agent.invoke(QUESTION, config)
        agent.invoke(Command(resume="yes, do it"), config)
    exactly(run, "I1>llm1 llm1>book I2>book I1>llm2 llm1>llm2 book>llm2", "llm2")


def test_arguments_that_a_person_changed_are_the_persons() -> None:
    @tool
    def pay(euros: int) -> str:
        """Pay."""
        return f"paid {euros}"

    asked = model(asks(("pay", {"euros": 100})), "Paid.")
    agent = create_agent(
        asked, [pay], checkpointer=InMemorySaver(), middleware=[HumanInTheLoopMiddleware(interrupt_on={"pay": True})]
    )
    recorder = Recorder()
    config = {"callbacks": [recorder], "configurable": {"thread_id": "1"}}
    with recorder.run() as run:
        agent.invoke(QUESTION, config)
        edited = {"type": "edit", "edited_action": {"name": "pay", "args": {"euros": 5}}}
        agent.invoke(Command(resume={"decisions": [edited]}), config)
    [paid] = [node for node in run.graph.nodes if getattr(node, "op", "") == "tool"]
    assert [parent.info["name"] for parent in paid.parents] == ["HumanInTheLoopMiddleware.after_model"]


def test_tasks_and_an_entrypoint() -> None:
    writes, polishes = model("a rough draft of whales"), model("a fine text")

    @task
    def draft(topic: str) -> str:
        return writes.invoke(f"Write of {topic}").text

    @entrypoint()
    def program(topic: str) -> str:
        return polishes.invoke("Polish: " + draft(topic).result()).text

    exactly(recorded(program, "the blue whale"), "I>llm1 llm1>llm2", "llm2")


def test_a_task_that_calls_several() -> None:
    drafts, checks = model("Dear customer, you can return it."), model("The tone is friendly.")

    @task
    def rules() -> str:
        return "Refunds within 30 days."

    @task
    def draft_and_check(question: str, rules: str) -> str:
        draft = drafts.invoke(f"Draft a reply to: {question}").text
        return checks.invoke(f"Check this draft: {draft} By: {rules}").text

    @entrypoint()
    def program(given: dict[str, str]) -> str:
        return draft_and_check(given["question"], rules().result()).result()

    run = recorded(program, {"question": "Can I return a jacket?"})
    exactly(run, "I>llm1 llm1>llm2 rules>llm2", "llm2")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_older_agents_prompt_is_no_node() -> None:
    agent = create_react_agent(model("Hello."), [], prompt="Be brief.")
    exactly(recorded(agent, QUESTION), "I>llm", "llm")


def test_a_function_that_only_passes_a_dict_to_a_chain() -> None:
    sorts, answers = chain("What is this: {x}", "a question"), chain("Answer {x}", "42")
    program = RunnableParallel(kind=sorts, x=RunnableLambda(lambda given: given["x"])) | RunnableLambda(
        lambda given: answers if "question" in given["kind"] else chain("Praise {x}", "well done")
    )
    exactly(
        recorded(program, {"x": "How many?"}),
        "I>prompt1 prompt1>llm1 llm1>parser1 I>RunnableLambda RunnableLambda>prompt2 prompt2>llm2 llm2>parser2",
        "parser2",
        control="parser1>prompt2",
    )
