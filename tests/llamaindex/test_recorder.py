"""What a recorder gives: runs, outputs, errors and programs."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.instrumentation import root_dispatcher
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from trace_llamaindex import Recorder

from tests.llamaindex.known_scenarios import PAGES, QUESTION, running, s12_handoff
from tests.llamaindex.programs import Scripted, Shelf, add, memory, multiply
from tests.llamaindex.scenario import drawn, outputs
from trace_core.errors import AmbiguousOutput
from trace_core.nodes import ExceptionNode, MessageNode
from trace_core.recording import Run

pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
]

RAG = {"input>retr", "input>llm", "retr>llm"}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open
    made = Recorder()
    yield made
    made.uninstrument()


def engine(*answers: Any, **options: Any) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=Scripted(*answers), **options)


def run_of(recorder: Recorder, program: Any) -> Run:
    with recorder.run() as run:
        asyncio.run(program())
    return run


# --- what calls are called


def test_a_models_call_is_called_by_the_agent_that_asks(recorder: Recorder) -> None:
    run = run_of(recorder, s12_handoff().program)
    assert [call.name for call in run.calls if call.kind == "llm"] == ["planner", "calc", "calc"]


# --- runs


def test_instrumented_each_outermost_call_is_a_run(recorder: Recorder) -> None:
    recorder.instrument().instrument()
    asked = engine("One.", "Two.")
    results = [asked.query(QUESTION), asked.query(QUESTION)]
    assert [run.output.data for run in recorder.runs] == ["One.", "Two."]
    assert recorder.output(results[0]) is recorder.runs[0].output
    assert recorder.last is recorder.runs[1]
    recorder.uninstrument()
    engine("Three.").query(QUESTION)
    assert len(recorder.runs) == 2


def test_a_block_records_without_being_instrumented_and_nothing_after_it(recorder: Recorder) -> None:
    asked = engine("One.", "Two.", "Three.")
    with recorder.run() as run:
        asked.query(QUESTION)
        asked.query("Who else?")
    asked.query("And then?")
    assert recorder.runs == (run,)
    assert drawn(run) == {f"{a}{i}>{b}{i}" for i in (1, 2) for a, b in (edge.split(">") for edge in RAG)}
    assert all(type(handler).__module__ != "trace_llamaindex.handlers" for handler in root_dispatcher.span_handlers)


def test_two_recorders_listen_at_once(recorder: Recorder) -> None:
    other = Recorder()
    with recorder.run() as mine, other.run() as theirs:
        engine("One.").query(QUESTION)
    assert drawn(mine) == drawn(theirs) == RAG


def test_a_thread_that_knows_the_run_is_in_it(recorder: Recorder) -> None:
    asked = engine("One.", "Two.")
    with ThreadPoolExecutor(1) as pool, recorder.run() as run, recorder.run() as inner:
        pool.submit(contextvars.copy_context().run, asked.query, QUESTION).result()
    assert drawn(inner) == RAG
    assert not run.calls


async def test_tasks_do_not_see_each_others_runs(recorder: Recorder) -> None:
    asyncio.set_event_loop(asyncio.get_running_loop())

    async def one(word: str) -> Run:
        with recorder.run() as run:
            await FunctionAgent(tools=[add], llm=Scripted([("add", {"a": 1, "b": 2})], word)).run(user_msg=f"{word}?")
        return run

    words = ("first", "second", "third")
    runs = await asyncio.gather(*map(one, words))
    assert [run.output.data for run in runs] == list(words)


def test_turns_of_a_chat_engine_hang_together_across_runs(recorder: Recorder) -> None:
    recorder.instrument()
    chat = SimpleChatEngine.from_defaults(llm=Scripted("Hello to you.", "Farewell then."), memory=memory())
    chat.chat("Good day, everybody.")
    chat.chat("I am leaving.")
    assert drawn(recorder.last) == {"input1>llm1", "input1>llm2", "llm1>llm2", "input2>llm2"}
    another = SimpleChatEngine.from_defaults(llm=Scripted("Who is there?"), memory=memory())
    another.chat("Good day, everybody.")
    assert drawn(recorder.last) == {"input>llm"}


def test_looking_at_prompts_and_beginning_anew_are_no_calls(recorder: Recorder) -> None:
    recorder.instrument()
    assert engine().get_prompts()
    SimpleChatEngine.from_defaults(llm=Scripted(), memory=memory()).reset()
    assert recorder.runs == ()


# --- outputs and errors


def test_the_output_of_an_agents_result_and_of_a_retrieval(recorder: Recorder) -> None:
    recorder.instrument()
    agent = FunctionAgent(llm=Scripted("A mammal."))
    result = asyncio.run(running(agent, "What is an orca?")())
    nodes = Shelf(*PAGES).retrieve(QUESTION)
    assert recorder.output(result).data == "A mammal."
    assert recorder.output(nodes).op == "retriever"
    with pytest.raises(AmbiguousOutput):
        recorder.output(object())


def test_an_error_is_the_node_of_the_call_that_raised(recorder: Recorder) -> None:
    with recorder.run() as run, pytest.raises(RuntimeError) as caught:
        engine(RuntimeError("out of quota")).query(QUESTION)
    assert isinstance(run.error, ExceptionNode)
    assert recorder.error(caught.value) is run.error
    assert run.error.op == "llm"


def test_a_node_shows_what_was_when_it_was_called(recorder: Recorder) -> None:
    """An agent formats its state into the user's message, in place, and ReAct cuts "Answer:" out of the model's."""
    llm = Scripted('Thought: Sum.\nAction: add\nAction Input: {"a": 1, "b": 2}', "Thought: Done.\nAnswer: Three.")
    agent = ReActAgent(tools=[add], llm=llm, initial_state={"mood": "calm"})
    run = run_of(recorder, running(agent, "Sum one and two?"))
    assert run.output.data == "Thought: Done.\nAnswer: Three."
    assert [call.inputs for call in run.calls if call.details["what"] == "agents"] == ["Sum one and two?"]


def test_scores_are_shown_as_the_retriever_gave_them(recorder: Recorder) -> None:
    fusing = QueryFusionRetriever(
        [Shelf(*PAGES[:1])], llm=Scripted(), num_queries=1, use_async=False, mode="reciprocal_rerank"
    )
    with recorder.run() as run:
        fusing.retrieve(QUESTION)
    inner = next(node for node in run.graph.nodes if getattr(node, "info", {}).get("name") == "Shelf")
    assert inner.data == [{"text": PAGES[0], "score": 1.0}]


def test_usage_is_in_the_info(recorder: Recorder) -> None:
    class Counting(Scripted):
        def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
            return ChatResponse(
                message=ChatMessage(role="assistant", content="Yes."), additional_kwargs={"prompt_tokens": 7}
            )

    with recorder.run() as run:
        Counting().chat([ChatMessage(role="user", content="Is it?")])
    assert run.output.info["usage"] == {"prompt_tokens": 7}


# --- edges


def test_why_each_edge_is_there(recorder: Recorder) -> None:
    agent = FunctionAgent(tools=[add], llm=Scripted([("add", {"a": 1, "b": 2})], "Three."))
    run = run_of(recorder, running(agent, "Sum one and two?"))
    whys = {(edge.source.op, edge.target.op): edge.why for edge in run.graph.edges}
    assert whys == {
        ("input", "llm"): "input",
        ("llm", "tool"): "tool_call_id",
        ("llm", "llm"): "identity",
        ("tool", "llm"): "tool_call_id",
    }


def test_tools_that_gave_the_same_are_told_apart_by_their_turn(recorder: Recorder) -> None:
    asks = 'Thought: Sum {}.\nAction: {}\nAction Input: {{"a": {}, "b": {}}}'
    answers = (asks.format("a", "add", 2, 2), asks.format("b", "multiply", 2, 2), "Thought: Done.\nAnswer: Both four.")
    agent = ReActAgent(tools=[add, multiply], llm=Scripted(*answers))
    edges = "input>llm1 llm1>add input>llm2 llm1>llm2 add>llm2 llm2>multiply"
    more = "input>llm3 llm1>llm3 llm2>llm3 add>llm3 multiply>llm3"
    assert drawn(run_of(recorder, running(agent, "Two and two?"))) == set(f"{edges} {more}".split())


def test_a_tool_whose_result_is_the_answer_is_the_output(recorder: Recorder) -> None:
    tool = FunctionTool.from_defaults(add, return_direct=True)
    run = run_of(recorder, running(FunctionAgent(tools=[tool], llm=Scripted([("add", {"a": 1, "b": 2})])), "Sum?"))
    assert outputs(run) == {"add"}


class Sure(InputRequiredEvent):
    pass


class Asking(Workflow):
    """Asks a person before it asks a model."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        said = await ctx.wait_for_event(HumanResponseEvent, waiter_event=Sure())
        return StopEvent(result=(await self.llm.acomplete(f"Do {ev.task}, since {said.response}")).text)


def test_what_a_person_answers_is_an_input(recorder: Recorder) -> None:
    async def program() -> None:
        handler = Asking(Scripted("It is done.")).run(task="dig a hole")
        async for event in handler.stream_events():
            if isinstance(event, Sure):
                handler.ctx.send_event(HumanResponseEvent(response="the garden needs it"))
        await handler

    run = run_of(recorder, program)
    assert drawn(run) == {"input1>llm", "input2>llm"}


class Named(Event):
    name: str


class Listed(Workflow):
    """Fans out by a list, and collects by one."""

    @step
    async def split(self, ev: StartEvent) -> list[Named]:
        return [Named(name=name) for name in ev.names.split()]

    @step
    async def shout(self, ev: Named) -> StartEvent | StopEvent | None:
        return StopEvent(result=ev.name.upper()) if ev.name == "plum" else None


def test_a_step_that_gave_nothing_is_no_node(recorder: Recorder) -> None:
    async def program() -> None:
        assert await Listed().run(names="pear plum") == "PLUM"

    assert drawn(run_of(recorder, program)) == {"input>split", "split>shout"}


# --- programs


def test_programs_of_each_kind(recorder: Recorder) -> None:
    chat = SimpleChatEngine.from_defaults(llm=Scripted("Hello."), memory=memory())
    programs = {
        "engine": (engine("Cetaceans do."), QUESTION, "Cetaceans do."),
        "chat engine": (chat, "Good day.", "Hello."),
        "agent": (FunctionAgent(llm=Scripted("A mammal.")), "What is an orca?", "A mammal."),
        "model": (Scripted("A fish."), "What is a shark?", "A fish."),
        "workflow": (Asked(Scripted("Certainly.")), {"question": "Is it so?"}, "Certainly."),
        "tool": (FunctionTool.from_defaults(add), {"a": 1, "b": 2}, "3"),
    }
    for name, (program, example, expected) in programs.items():
        assert recorder.program(program)(example).data == expected, name
    assert recorder.program(Shelf(*PAGES[:1]))(QUESTION).data[0]["text"] == PAGES[0]


class Asked(Workflow):
    """Asks a model."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def ask(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=(await self.llm.acomplete(ev.question)).text)


async def test_a_program_is_awaited_and_called_inside_a_running_loop(recorder: Recorder) -> None:
    asyncio.set_event_loop(asyncio.get_running_loop())
    answer = recorder.program(FunctionAgent(llm=Scripted("One.", "Two.")))
    assert (await answer.acall("First?")).data == "One."
    assert answer("Second?").data == "Two."


@pytest.mark.parametrize(
    ("made", "expected"), [(str.upper, "CETACEANS DO."), (len, 13), (lambda text: "done", "done"), (str.split, None)]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_of_a_function_of_the_users_the_node_is_what_it_returned(
    recorder: Recorder, made: Callable[[str], Any], expected: Any, is_async: bool
) -> None:
    asked = engine("Cetaceans do.")

    def program(question: str) -> Any:
        return made(str(asked.query(question)))

    async def awaited(question: str) -> Any:
        return made(str(await asked.aquery(question)))

    node = recorder.program(awaited if is_async else program)(QUESTION)
    assert node.data == (["Cetaceans", "do."] if expected is None else expected)
    assert [parent.op for parent in node.parents if isinstance(parent, MessageNode)] == ["llm"]
    assert drawn(recorder.last) == {"input>retr", "input>llm", "retr>llm"}, recorder.last.explain()


def test_a_function_that_hands_on_what_a_model_said_gives_the_models_node(recorder: Recorder) -> None:
    asked = engine("Cetaceans do.")
    assert recorder.program(lambda question: str(asked.query(question)))(QUESTION).op == "llm"


def test_of_a_text_that_a_function_cut_white_space_off_the_node_has_none(recorder: Recorder) -> None:
    asked = engine("Cetaceans do.\n")
    node = recorder.program(lambda question: str(asked.query(question)).strip())(QUESTION)
    assert (node.op, node.data) == ("output", "Cetaceans do.")
    assert [parent.op for parent in node.parents if isinstance(parent, MessageNode)] == ["llm"]


def test_a_function_that_calls_nothing_is_a_node_itself(recorder: Recorder) -> None:
    node = recorder.program(str.upper)("which?")
    assert (node.data, node.op, [parent.data for parent in node.parents]) == ("WHICH?", "function", ["which?"])


def test_an_error_of_a_program_is_its_node(recorder: Recorder) -> None:
    assert isinstance(recorder.program(engine(RuntimeError("gone")))(QUESTION), ExceptionNode)
    asked = engine("Cetaceans do.")
    node = recorder.program(lambda question: int(str(asked.query(question))))(QUESTION)
    assert isinstance(node, ExceptionNode)
    assert [parent.op for parent in node.parents if isinstance(parent, MessageNode)] == ["llm"]

    def broken(question: str) -> None:
        raise TypeError(question)

    with pytest.raises(TypeError):
        recorder.program(broken)(QUESTION)


# --- loops of one's own


class Called(Event):
    asked: list[Any]


class Acted(Event):
    pass


class OwnLoop(Workflow):
    """Calls tools as the documentation's workflow of a function calling agent does."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm
        self.tools = {f.__name__: FunctionTool.from_defaults(f) for f in (add, multiply)}
        self.said: list[ChatMessage] = []

    @step
    async def think(self, ev: StartEvent | Acted) -> Called | StopEvent:
        if isinstance(ev, StartEvent):
            self.said.append(ChatMessage(role="user", content=ev.question))
        response = await self.llm.achat_with_tools(list(self.tools.values()), chat_history=self.said)
        self.said.append(response.message)
        asked = self.llm.get_tool_calls_from_response(response)
        return Called(asked=asked) if asked else StopEvent(result=response.message.content)

    @step
    async def act(self, ev: Called) -> Acted:
        for asked in ev.asked:
            output = await self.tools[asked.tool_name].acall(**asked.tool_kwargs)
            kept = {"tool_call_id": asked.tool_id}
            self.said.append(ChatMessage(role="tool", content=output.content, additional_kwargs=kept))
        return Acted()


def test_a_loop_of_ones_own_that_calls_tools(recorder: Recorder) -> None:
    llm = Scripted([("add", {"a": 1, "b": 2}), ("multiply", {"a": 1, "b": 3})], "Three, both.")

    async def program() -> None:
        await OwnLoop(llm).run(question="Sum and product?")

    edges = "input>llm1 llm1>add llm1>multiply input>llm2 llm1>llm2 add>llm2 multiply>llm2"
    assert drawn(run_of(recorder, program)) == set(edges.split())


def test_where_nothing_was_found_the_answer_came_from_the_retriever(recorder: Recorder) -> None:
    with recorder.run() as run:
        RetrieverQueryEngine.from_args(Shelf(), llm=Scripted()).query(QUESTION)
    assert outputs(run) == {"retr"}
    assert run.output.data == "Empty Response"
