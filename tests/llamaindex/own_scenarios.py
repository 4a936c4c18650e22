"""Programs of the kinds that users build, with the graphs that they must give: written before the recorder was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from llama_index.core import PromptHelper, PromptTemplate, get_response_synthesizer
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import CondenseQuestionChatEngine
from llama_index.core.indices.query.query_transform.base import StepDecomposeQueryTransform
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import (
    CustomQueryEngine,
    MultiStepQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
)
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import ToolMetadata
from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from pydantic import BaseModel

from tests.llamaindex.known_scenarios import PAGES, QUESTION, kb
from tests.llamaindex.programs import Completing, Scripted, Shelf, add, index, memory
from tests.llamaindex.scenario import Scenario


def summarized_as_a_tree() -> Scenario:
    bm25 = pytest.importorskip("llama_index.retrievers.bm25")
    texts = (
        "Cold seas hold more oxygen than warm ones, since gases dissolve poorly in heat.",
        "Plankton release oxygen by day, while bacteria on the floor use it up.",
        "Granite is hard.",
    )
    llm = Completing("Arctic waters, mostly.", "Algae make plenty.", "It goes everywhere.")
    synthesizer = get_response_synthesizer(
        llm=llm,
        response_mode="tree_summarize",
        prompt_helper=PromptHelper(chunk_size_limit=20, chunk_overlap_ratio=0),
    )
    retriever = bm25.BM25Retriever(nodes=[TextNode(text=text) for text in texts], similarity_top_k=3)
    engine = RetrieverQueryEngine(retriever, synthesizer, [SimilarityPostprocessor(similarity_cutoff=0.01)])
    # The root of the tree sees the answers below it and no nodes.
    edges = "input>retr retr>post input>llm1 post>llm1 input>llm2 post>llm2 input>llm3 llm1>llm3 llm2>llm3"
    return Scenario(lambda: engine.query("Where does oxygen go?"), edges, "llm3")


def engine_asked_twice_in_a_session() -> Scenario:
    engine = index(*PAGES).as_query_engine(llm=Scripted("Cetaceans do.", "Within a reef."))
    llm = Scripted(
        [("kb", {"input": "Which have lungs?"})],
        "It is orcas, then.",
        [("kb", {"input": "Polyp habitat"})],
        "Near atolls, probably.",
    )
    agent = FunctionAgent(tools=[kb(engine)], llm=llm, streaming=True)

    async def program() -> None:
        remembered = memory()
        for question in (QUESTION, "Name somewhere to see colonies."):
            async for _ in (handler := agent.run(user_msg=question, memory=remembered)).stream_events():
                pass
            await handler

    # The memory keeps the whole conversation, with the calls of tools and what they gave. (A context that is given
    # once more does not: its memory cannot be serialized.)
    edges = (
        "input1>llm1 llm1>kb1 llm1>retr1 llm1>llm2 retr1>llm2 llm2>kb1 input1>llm3 llm1>llm3 kb1>llm3 "
        "input1>llm4 llm1>llm4 kb1>llm4 llm3>llm4 input2>llm4 "
        "llm4>kb2 llm4>retr2 llm4>llm5 retr2>llm5 llm5>kb2 "
        "input1>llm6 llm1>llm6 kb1>llm6 llm3>llm6 input2>llm6 llm4>llm6 kb2>llm6"
    )
    return Scenario(program, edges, "llm6")


def search_notes(topic: str) -> str:
    """Find notes."""
    return "Reefs bleach when heated."


def team_of_three() -> Scenario:
    def member(name: str, tools: list[Any], *answers: Any) -> FunctionAgent:
        return FunctionAgent(
            name=name, description=f"The {name}.", system_prompt="Brief.", tools=tools, llm=Scripted(*answers)
        )

    team = AgentWorkflow(
        agents=[
            member(
                "finder",
                [search_notes],
                [("search_notes", {"topic": "corals"})],
                [("handoff", {"to_agent": "writer", "reason": "facts gathered"})],
            ),
            member("writer", [], [("handoff", {"to_agent": "critic", "reason": "verse complete"})]),
            member("critic", [add], "Lovely poem indeed."),
        ],
        root_agent="finder",
    )

    async def program() -> Any:
        return await team.run(user_msg="A poem, please.")

    # All members see one conversation.
    edges = (
        "input>llm1 llm1>search_notes input>llm2 llm1>llm2 search_notes>llm2 llm2>handoff1 "
        "input>llm3 llm1>llm3 search_notes>llm3 llm2>llm3 handoff1>llm3 llm3>handoff2 "
        "input>llm4 llm1>llm4 search_notes>llm4 llm2>llm4 handoff1>llm4 llm3>llm4 handoff2>llm4"
    )
    return Scenario(program, edges, "llm4")


class Billing(Event):
    pass


class Technical(Event):
    pass


class Facts(Event):
    text: str


class Draft(Event):
    text: str


class Redo(Event):
    critique: str


class Support(Workflow):
    """Sorts a question, looks up what is known, and writes until a reviewer is content."""

    def __init__(self, llm: Scripted) -> None:
        super().__init__()
        self.llm = llm

    async def ask(self, prompt: str) -> str:
        return (await self.llm.acomplete(prompt)).text

    @step
    async def triage(self, ctx: Context, ev: StartEvent) -> Billing | Technical:
        await ctx.store.set("question", ev.question)
        kind = await self.ask(f"Money or machines? {ev.question}")
        return Billing() if "Money" in kind else Technical()

    @step
    async def prices(self, ev: Billing) -> Facts:
        return Facts(text="Refunds take nine days.")

    @step
    async def manuals(self, ev: Technical) -> Facts:
        return Facts(text="Restart your router.")

    @step
    async def write(self, ctx: Context, ev: Facts | Redo) -> Draft:
        question = await ctx.store.get("question")
        if isinstance(ev, Facts):
            text = await self.ask(f"{question}\nKnown: {ev.text}")
        else:
            text = await self.ask(f"{question}\nImprove: {await ctx.store.get('draft')}\nBecause: {ev.critique}")
        await ctx.store.set("draft", text)
        return Draft(text=text)

    @step
    async def review(self, ev: Draft) -> Redo | StopEvent:
        verdict = await self.ask(f"Acceptable? {ev.text}")
        return StopEvent(result=ev.text) if verdict == "Acceptable." else Redo(critique=verdict)


def branches_a_loop_and_a_store() -> Scenario:
    llm = Scripted("Money.", "Wait, customer.", "Too rude!", "Patience: funds arrive soon.", "Acceptable.")
    flow = Support(llm)

    async def program() -> Any:
        return await flow.run(question="Why was I charged two times?")

    # The first answer only decided that `prices` comes next, which was given an empty event. The question, and later
    # the draft, go through the store. The last verdict decided that this is the end, and is in nothing that came out.
    edges = "input>llm1 llm1~>prices input>llm2 prices>llm2 llm2>llm3 input>llm4 llm2>llm4 llm3>llm4 llm4>llm5"
    return Scenario(program, edges, "llm4")


class Longest(BaseSelector):
    """Selects what is described at most length, and asks nobody."""

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts_dict: Any) -> None:
        """It has none."""

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        best = max(range(len(choices)), key=lambda i: len(choices[i].description))
        return SelectorResult(selections=[SingleSelection(index=best, reason="longest")])

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._select(choices, query)


def router_in_a_router() -> Scenario:
    llm = Scripted('[{"choice": 1, "reason": "alive"}]', "Cetaceans do.")

    def engine(*texts: str) -> Any:
        return index(*texts).as_query_engine(llm=llm)

    inner = RouterQueryEngine(
        Longest(),
        [kb(engine("Mosses lack roots."), "plants", "Flora."), kb(engine(*PAGES), "animals", "Fauna too.")],
        llm=llm,
    )
    outer = RouterQueryEngine(
        LLMSingleSelector.from_defaults(llm=llm),
        [kb(inner, "nature", "Life."), kb(engine("Granite is hard."), "stones", "Minerals.")],
        llm=llm,
    )
    # What the model chose begins with the inner selection, and that chose the retriever.
    edges = "input>llm1 llm1~>select input>select select~>retr input>retr input>llm2 retr>llm2"
    return Scenario(lambda: outer.query(QUESTION), edges, "llm2")


def several_steps() -> Scenario:
    llm = Scripted("Which possess lungs?", "Orcas and kin.", "How long underwater?", "Twenty minutes.", "All must.")
    engine = MultiStepQueryEngine(
        index(*PAGES).as_query_engine(llm=llm),
        StepDecomposeQueryTransform(llm=llm),
        response_synthesizer=get_response_synthesizer(llm=llm),
        num_steps=2,
    )
    # The engine is asked what the model wrote; both those questions and their answers are told on.
    edges = (
        "input>llm1 llm1>retr1 llm1>llm2 retr1>llm2 input>llm3 llm1>llm3 llm2>llm3 "
        "llm3>retr2 llm3>llm4 retr2>llm4 input>llm5 llm1>llm5 llm2>llm5 llm3>llm5 llm4>llm5"
    )
    return Scenario(lambda: engine.query(QUESTION), edges, "llm5")


class Plan(BaseModel):
    """A plan for an article."""

    title: str
    chapters: list[str]


class Animal(BaseModel):
    """An animal."""

    name: str


def structured_answers() -> Scenario:
    plan = ("Plan", {"title": "Depths", "chapters": ["Squid ink", "Crab claws"]})
    llm = Scripted([plan], "Black clouds hide them.", "Pincers crush shells.", [("Animal", {"name": "narwhal"})])
    engine = index(*PAGES).as_query_engine(llm=llm.as_structured_llm(Animal))

    def program() -> Any:
        made = llm.structured_predict(Plan, PromptTemplate("Plan an article on {topic}."), topic="life under waves")
        texts = [llm.complete(f"Write the chapter {chapter!r}.").text for chapter in made.chapters]
        return engine.query("Whom do these concern? " + " ".join(texts))

    # The pydantic object is only read. What asks the tools of a structured model is no node, nor is its class. The
    # last question was made of the chapters.
    edges = "input>llm1 llm1>llm2 llm1>llm3 llm2>retr llm3>retr llm2>llm4 llm3>llm4 retr>llm4"
    return Scenario(program, edges, "llm4")


def plain_python() -> Scenario:
    shelf, llm = Shelf(*PAGES), Scripted("Only orcas.", "Porpoises, of course, of course.")

    def program() -> Any:
        question = QUESTION
        nodes = [node for node in shelf.retrieve(question) if (node.score or 0) > 0.85]
        context = "\n".join(f"[{i}] {node.get_content()}" for i, node in enumerate(nodes, 1))
        draft = llm.complete(f"Use these notes:\n{context}\n\nReply to: {question}").text
        return llm.chat([ChatMessage(role="user", content=f"Make this rhyme: {draft}")])

    return Scenario(program, "input>retr input>llm1 retr>llm1 llm1>llm2", "llm2")


def condensed_questions() -> Scenario:
    llm = Scripted("Cetaceans do.", "How often must dolphins emerge?", "Every quarter hour.")
    engine = CondenseQuestionChatEngine.from_defaults(index(*PAGES).as_query_engine(llm=llm), llm=llm, memory=memory())

    def program() -> Any:
        engine.chat(QUESTION)
        return engine.chat("And when again?")

    # The last model is told the condensed question, not the user's, and nothing of the conversation.
    edges = "input1>retr1 input1>llm1 retr1>llm1 input1>llm2 llm1>llm2 input2>llm2 llm2>retr2 llm2>llm3 retr2>llm3"
    return Scenario(program, edges, "llm3")


class Checked(CustomQueryEngine):
    """Drafts an answer from what was found, and has it checked against the question."""

    retriever: BaseRetriever
    llm: Scripted

    def custom_query(self, query_str: str) -> str:
        found = self.retriever.retrieve(query_str)
        draft = self.llm.complete("Sum up: " + "; ".join(node.get_content() for node in found))
        return str(self.llm.complete(f"Does {draft.text!r} answer {query_str!r}? If not, mend it."))


def custom_engine() -> Scenario:
    engine = Checked(retriever=Shelf(*PAGES), llm=Scripted("Marine facts.", "Mended: orcas."))
    # The draft was made without the question.
    return Scenario(lambda: engine.query(QUESTION), "input>retr retr>llm1 input>llm2 llm1>llm2", "llm2")


def queries_at_once() -> Scenario:
    answers = {"lungs": "Cetaceans do.", "gills": "Hammerheads, say.", "polyps": "Reefs."}
    llm = Scripted(lambda prompt: next(text for word, text in answers.items() if f"about {word}?" in prompt))
    engine = RetrieverQueryEngine.from_args(Shelf(*PAGES), llm=llm)

    async def program() -> Any:
        return await asyncio.gather(*(engine.aquery(f"Tell me about {word}?") for word in answers))

    edges = " ".join(f"input{i}>retr{i} input{i}>llm{i} retr{i}>llm{i}" for i in (1, 2, 3))
    return Scenario(program, edges, "llm3")


def fusion_of_written_queries() -> Scenario:
    llm = Scripted("lung anatomy\nbreath holding", "Cetaceans do.")
    retriever = QueryFusionRetriever([Shelf(*PAGES)], llm=llm, num_queries=3, use_async=False)
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm)
    # The shelf is asked the question itself and then the two that the model wrote; what it found is fused.
    edges = (
        "input>retr1 input>llm1 input>retr2 llm1>retr3 llm1>retr4 retr2>retr1 retr3>retr1 retr4>retr1 "
        "input>llm2 retr1>llm2"
    )
    return Scenario(lambda: engine.query(QUESTION), edges, "llm2")


def another_model_after_a_failure() -> Scenario:
    broken, spare = Scripted(RuntimeError("out of quota")), Scripted("Cetaceans do.")
    engines = [index(*PAGES).as_query_engine(llm=llm) for llm in (broken, spare)]

    def program() -> Any:
        try:
            return engines[0].query(QUESTION)
        except RuntimeError:
            return engines[1].query(QUESTION)

    edges = "input>retr1 input>llm1! retr1>llm1! input>retr2 input>llm2 retr2>llm2"
    return Scenario(program, edges, "llm2")


OWN: list[Callable[[], Scenario]] = [
    summarized_as_a_tree,
    engine_asked_twice_in_a_session,
    team_of_three,
    branches_a_loop_and_a_store,
    router_in_a_router,
    several_steps,
    structured_answers,
    plain_python,
    condensed_questions,
    custom_engine,
    queries_at_once,
    fusion_of_written_queries,
    another_model_after_a_failure,
]
