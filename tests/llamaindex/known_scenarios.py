"""Programs as LlamaIndex's documentation has them, and their exact graphs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.query_engine import (
    RouterQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step

from tests.llamaindex.programs import Cut, Scripted, Shelf, add, fails, index, memory, multiply
from tests.llamaindex.scenario import Scenario

PAGES = ("Whales breathe through blowholes.", "Sharks have gills instead.", "Corals stay where they grew.")
QUESTION = "Who surfaces for oxygen?"
ADDS = ("add", {"a": 1, "b": 2})
MULTIPLIES = ("multiply", {"a": 3, "b": 4})
TWO_TOOLS = "input>llm1 llm1>add llm1>multiply input>llm2 llm1>llm2 add>llm2 multiply>llm2"


def running(agent: Any, question: str) -> Callable[[], Any]:
    """A program that gives an agent a question."""

    async def program() -> Any:
        return await agent.run(user_msg=question)

    return program


def kb(engine: Any, name: str = "kb", description: str = "Knows the sea.") -> QueryEngineTool:
    """An engine as a tool."""
    return QueryEngineTool.from_defaults(engine, name=name, description=description)


def s01_bare_model() -> Scenario:
    llm = Scripted("A mammal, of course.")
    return Scenario(lambda: llm.complete("Is an orca a fish?"), "input>llm", "llm")


def s02_rag_compact() -> Scenario:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do."))
    return Scenario(lambda: engine.query(QUESTION), "input>retr input>llm retr>llm", "llm")


def s03_rag_refine() -> Scenario:
    llm = Scripted("Cetaceans do.", "Orcas alone, it seems.")
    engine = index(*PAGES).as_query_engine(
        llm=llm, similarity_top_k=3, response_mode="refine", node_postprocessors=[Cut(n=2)]
    )

    async def program() -> Any:
        return await engine.aquery(QUESTION)

    # A model for each node, but the nodes come from the postprocessor as one list.
    edges = "input>retr retr>post input>llm1 post>llm1 input>llm2 post>llm2 llm1>llm2"
    return Scenario(program, edges, "llm2")


def s04_rag_streaming() -> Scenario:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do."), streaming=True)
    return Scenario(lambda: list(engine.query(QUESTION).response_gen), "input>retr input>llm retr>llm", "llm")


def s05_hyde() -> Scenario:
    llm = Scripted("Dolphins come up regularly.", "Cetaceans do.")
    engine = TransformQueryEngine(index(*PAGES).as_query_engine(llm=llm), HyDEQueryTransform(llm=llm))
    # The retriever embeds the model's document and the question itself (`include_original`); the last prompt has only
    # the question.
    return Scenario(lambda: engine.query(QUESTION), "input>llm1 input>retr llm1>retr input>llm2 retr>llm2", "llm2")


def s06_router() -> Scenario:
    llm = Scripted('[{"choice": 2, "reason": "about animals"}]', "Cetaceans do.")
    tools = [
        kb(index("Granite is hard.").as_query_engine(llm=llm), "stones", "Knows minerals."),
        kb(index(*PAGES).as_query_engine(llm=llm)),
    ]
    engine = RouterQueryEngine(LLMSingleSelector.from_defaults(llm=llm), tools, llm=llm)
    edges = "input>llm1 llm1~>retr input>retr input>llm2 retr>llm2"
    return Scenario(lambda: engine.query(QUESTION), edges, "llm2")


def s07_sub_questions() -> Scenario:
    asks = (
        '{"items": [{"sub_question": "Which lungs?", "tool_name": "kb"}, '
        '{"sub_question": "Whose gills?", "tool_name": "kb"}]}'
    )
    llm = Scripted(asks, "Those of orcas.", "The hammerhead has them.", "Cetaceans alone.")
    engine = SubQuestionQueryEngine.from_defaults(
        query_engine_tools=[kb(index(*PAGES).as_query_engine(llm=llm))],
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        response_synthesizer=get_response_synthesizer(llm=llm),
        llm=llm,
        use_async=False,
        verbose=False,
    )
    # What the model wrote is data: the sub-questions stand in the prompts, and by their answers in the last. Both find
    # the same nodes.
    edges = (
        "input>llm1 llm1>retr1 llm1>llm2 retr1>llm2 llm1>retr2 llm1>llm3 retr2>llm3 "
        "input>llm4 llm1>llm4 llm2>llm4 llm3>llm4"
    )
    return Scenario(lambda: engine.query(QUESTION), edges, "llm4")


def s08_fusion() -> Scenario:
    retriever = QueryFusionRetriever([Shelf(*PAGES)], llm=Scripted(), num_queries=1, use_async=False)
    return Scenario(lambda: retriever.retrieve(QUESTION), "input>retr1 input>retr2 retr2>retr1", "retr1")


def two_tools(streaming: bool) -> Scenario:
    llm = Scripted([ADDS, MULTIPLIES], "Three and a dozen.")
    agent = FunctionAgent(tools=[add, multiply], llm=llm, system_prompt="Be brief.", streaming=streaming)
    return Scenario(running(agent, "Sum one and two, and the product of three and four?"), TWO_TOOLS, "llm2")


def s09_parallel_tools() -> Scenario:
    return two_tools(streaming=False)


def s09_parallel_tools_streaming() -> Scenario:
    return two_tools(streaming=True)


def s10_sequential_tools() -> Scenario:
    llm = Scripted([ADDS], [("add", {"a": 3, "b": 9})], "A dozen.")
    agent = FunctionAgent(tools=[add], llm=llm)
    edges = (
        "input>llm1 llm1>add1 input>llm2 llm1>llm2 add1>llm2 llm2>add2 "
        "input>llm3 llm1>llm3 add1>llm3 llm2>llm3 add2>llm3"
    )
    return Scenario(running(agent, "Sum one and two, then nine more?"), edges, "llm3")


def s11_react() -> Scenario:
    thinks = 'Thought: I need arithmetic.\nAction: add\nAction Input: {"a": 1, "b": 2}'
    llm = Scripted(thinks, "Thought: Done.\nAnswer: Three.")
    agent = ReActAgent(tools=[add], llm=llm)
    # ReAct tells the model its own thought and action again, formatted anew.
    edges = "input>llm1 llm1>add input>llm2 llm1>llm2 add>llm2"
    return Scenario(running(agent, "Sum one and two?"), edges, "llm2")


def s12_handoff() -> Scenario:
    planner = FunctionAgent(
        name="planner",
        description="Plans.",
        system_prompt="You plan.",
        tools=[],
        llm=Scripted([("handoff", {"to_agent": "calc", "reason": "numbers"})]),
        can_handoff_to=["calc"],
    )
    calc = FunctionAgent(
        name="calc",
        description="Calculates.",
        system_prompt="You calculate.",
        tools=[add],
        llm=Scripted([ADDS], "Three."),
    )
    team = AgentWorkflow(agents=[planner, calc], root_agent="planner")
    edges = (
        "input>llm1 llm1>handoff input>llm2 llm1>llm2 handoff>llm2 llm2>add "
        "input>llm3 llm1>llm3 handoff>llm3 llm2>llm3 add>llm3"
    )
    return Scenario(running(team, "Sum one and two?"), edges, "llm3")


def s13_engine_as_tool() -> Scenario:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do."))
    agent = FunctionAgent(
        tools=[kb(engine)], llm=Scripted([("kb", {"input": "Which have lungs?"})], "It is orcas, then.")
    )
    # What runs in the tool was asked what the model wrote, and is seen outside only through the tool.
    edges = "input>llm1 llm1>kb llm1>retr llm1>llm2 retr>llm2 llm2>kb input>llm3 llm1>llm3 kb>llm3"
    return Scenario(running(agent, QUESTION), edges, "llm3")


def s14_failing_tool() -> Scenario:
    tool = FunctionTool.from_defaults(fails, name="bad")
    agent = FunctionAgent(tools=[tool], llm=Scripted([("bad", {"x": 7})], "Sorry, no luck."))
    return Scenario(running(agent, "Do it now."), "input>llm1 llm1>bad! input>llm2 llm1>llm2 bad!>llm2", "llm2")


class Topic(Event):
    name: str


class Essay(Event):
    text: str


class FanOut(Workflow):
    """Writes on each of three topics at once, and sums up."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm

    @step
    async def split(self, ctx: Context, ev: StartEvent) -> Topic | None:
        for name in ev.topics.split(", "):
            ctx.send_event(Topic(name=name))
        return None

    @step(num_workers=3)
    async def work(self, ev: Topic) -> Essay:
        return Essay(text=(await self.llm.acomplete(f"Write on {ev.name}.")).text)

    @step
    async def join(self, ctx: Context, ev: Essay) -> StopEvent | None:
        essays = ctx.collect_events(ev, [Essay] * 3)
        if essays is None:
            return None
        texts = sorted(essay.text for essay in essays)
        return StopEvent(result=(await self.llm.acomplete("Sum up:\n" + "\n".join(texts))).text)


def s15_fan_out() -> Scenario:
    on = {"oaks": "Trees grow slowly.", "owls": "Birds hunt silently.", "otters": "Rivers feed swimmers."}

    def answer(prompt: str) -> str:
        return next((text for name, text in on.items() if f"on {name}." in prompt), "Nature is varied.")

    flow = FanOut(Scripted(answer))

    async def program() -> Any:
        return await flow.run(topics=", ".join(on))

    # `split` cuts the input into pieces itself; `work` and `join` only ask.
    edges = "input>split split>llm1 split>llm2 split>llm3 llm1>llm4 llm2>llm4 llm3>llm4"
    return Scenario(program, edges, "llm4")


def s16_agents_at_once() -> Scenario:
    number = count(1).__next__

    async def program() -> Any:
        i = number()
        llm = Scripted([("add", {"a": i, "b": 20}), ("multiply", {"a": i, "b": 30})], f"Result {i} it is.")
        return await FunctionAgent(tools=[add, multiply], llm=llm).run(user_msg=f"Both for case {i}?")

    return Scenario(program, TWO_TOOLS, "llm2", at_once=3)


def s17_condense_plus_context() -> Scenario:
    llm = Scripted("Cetaceans do.", "How often must dolphins emerge?", "Every quarter hour.")
    engine = index(*PAGES).as_chat_engine(chat_mode="condense_plus_context", llm=llm, memory=memory())

    def program() -> Any:
        engine.chat(QUESTION)
        return engine.chat("And when again?")

    # The condensed question is only for the retriever: the last model gets the user's own.
    edges = (
        "input1>retr1 input1>llm1 retr1>llm1 input1>llm2 llm1>llm2 input2>llm2 llm2>retr2 "
        "input1>llm3 llm1>llm3 input2>llm3 retr2>llm3"
    )
    return Scenario(program, edges, "llm3")


def s18_streamed_chat() -> Scenario:
    engine = index(*PAGES).as_chat_engine(chat_mode="context", llm=Scripted("Cetaceans do."), memory=memory())
    return Scenario(lambda: list(engine.stream_chat(QUESTION).response_gen), "input>retr input>llm retr>llm", "llm")


KNOWN: list[Callable[[], Scenario]] = [
    s01_bare_model,
    s02_rag_compact,
    s03_rag_refine,
    s04_rag_streaming,
    s05_hyde,
    s06_router,
    s07_sub_questions,
    s08_fusion,
    s09_parallel_tools,
    s09_parallel_tools_streaming,
    s10_sequential_tools,
    s11_react,
    s12_handoff,
    s13_engine_as_tool,
    s14_failing_tool,
    s15_fan_out,
    s16_agents_at_once,
    s17_condense_plus_context,
    s18_streamed_chat,
]
