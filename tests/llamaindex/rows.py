"""What can be learned of LlamaIndex programs, row by row: how a new value is seen, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    CondenseQuestionChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.postprocessor import LLMRerank, SimilarityPostprocessor
from llama_index.core.prompts import PromptTemplate, RichPromptTemplate
from llama_index.core.query_engine import (
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import QueryFusionRetriever, RouterRetriever
from llama_index.core.selectors import LLMSingleSelector, PydanticSingleSelector
from llama_index.core.tools import QueryEngineTool, RetrieverTool
from pydantic import PrivateAttr

from tests.llamaindex.programs import Answer, Completing, Scripted, Shelf, index, memory

PAGES = ("Whales are mammals.", "Cod are fish.", "Crabs are neither.")
QUESTION = "Which animals are mammals?"


class Telling(Scripted):
    """A model that keeps all that it is sent, also tools and settings."""

    max_tokens: int | None = None
    _sent: list[str] = PrivateAttr(default_factory=list)

    @property
    def sent(self) -> list[str]:
        """What each call was sent, as a text."""
        return self._sent

    def _keep(self, messages: Sequence[ChatMessage], kwargs: Any) -> None:
        said = "\n".join(f"{message.role.value}: {message.content}" for message in messages)
        self._sent.append(f"{said}\n{kwargs.get('tools')}\ntemperature={self.temperature} max_tokens={self.max_tokens}")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self._sent.append(prompt)
        return super().complete(prompt)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self._keep(messages, kwargs)
        return ChatResponse(message=self._script.answer(messages))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self._keep(messages, kwargs)
        return ChatResponse(message=self._script.answer(messages))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> AsyncGenerator[ChatResponse]:
        self._keep(messages, kwargs)
        answer = self._script.answer(messages)

        async def stream() -> AsyncGenerator[ChatResponse]:
            yield ChatResponse(message=answer, delta=answer.content)

        return stream()


@dataclass(frozen=True)
class Learned:
    """A program, how it is run, and all that was seen of its last run."""

    target: Any
    run: Callable[[], Any]
    seen: Callable[[], str]


@dataclass(frozen=True)
class Row:
    """A program, one parameter of it, another value, what is seen with the value and not before, what is refused."""

    name: str
    make: Callable[[], Learned]
    parameter: str
    value: Any
    """The value, or a function that makes it of the one before."""
    shown: str
    refused: Any = ""


def always(answer: Answer) -> Callable[[str], Answer]:
    return lambda text: answer


def telling(*answers: Answer | Callable[[str], Answer]) -> Telling:
    return Telling(*(answers or [always("Whales.")]))


def asked(target: Any, llm: Telling, *more: Telling) -> Learned:
    """An engine, that is asked a question."""
    models = (llm, *more)

    def run() -> Any:
        for model in models:
            model.sent.clear()
        ask = target.query if hasattr(target, "query") else target.chat
        return ask(QUESTION)

    return Learned(target, run, lambda: "\n".join(text for model in models for text in model.sent))


def engine(llm: Any = None, **options: Any) -> Learned:
    llm = llm or telling()
    return asked(index(*PAGES).as_query_engine(llm=llm, similarity_top_k=2, **options), llm)


def with_template(template: Any) -> Callable[[], Learned]:
    return lambda: engine(text_qa_template=template())


def completing() -> Learned:
    """An engine whose model is no chat model."""
    llm = Completing(always("Whales."))
    target = index(*PAGES).as_query_engine(llm=llm)
    return Learned(target, lambda: target.query(QUESTION), lambda: llm.told[-1][-1][1])


def wrapped() -> Learned:
    """An engine whose model of texts puts each prompt into another one."""
    llm = Completing(always("Whales."), query_wrapper_prompt=PromptTemplate("{query_str}"))
    target = index(*PAGES).as_query_engine(llm=llm)
    return Learned(target, lambda: target.query(QUESTION), lambda: llm.told[-1][-1][1])


def refining() -> Learned:
    llm = telling()
    return asked(RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm, response_mode="refine")), llm)


def summarizing() -> Learned:
    return engine(response_mode="tree_summarize")


def transformed() -> Learned:
    """An engine whose prompts have names with two colons, at which `update_prompts` raises."""
    llm = telling()
    inner = RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm))
    return asked(
        TransformQueryEngine(TransformQueryEngine(inner, HyDEQueryTransform(llm=llm)), HyDEQueryTransform(llm=llm)), llm
    )


def kb(llm: Any, name: str = "kb") -> QueryEngineTool:
    inner = RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm))
    return QueryEngineTool.from_defaults(inner, name=name, description=f"{name} knows animals.")


def routed() -> Learned:
    llm, choosing = telling(), telling(always('[{"choice": 1, "reason": "fits"}]'))
    selector = LLMSingleSelector.from_defaults(llm=choosing)
    return asked(RouterQueryEngine(selector, [kb(llm), kb(llm, "other")], llm=llm), llm, choosing)


def called() -> Learned:
    """A router whose model chooses by calling a function: LlamaIndex gives no access to its prompt."""
    llm, choosing = telling(), telling(always([("SingleSelection", {"index": 1, "reason": "fits"})]))
    selector = PydanticSingleSelector.from_defaults(llm=choosing)  # type: ignore[arg-type]
    return asked(RouterQueryEngine(selector, [kb(llm)], llm=llm), llm, choosing)


def routed_retriever() -> Learned:
    choosing = telling(always('[{"choice": 1, "reason": "fits"}]'))
    tools = [RetrieverTool.from_defaults(index(*PAGES).as_retriever(), name=name, description=name) for name in "ab"]
    target = RouterRetriever(LLMSingleSelector.from_defaults(llm=choosing), tools, llm=choosing)

    def run() -> Any:
        found[:] = target.retrieve(QUESTION)
        return found

    found: list[Any] = []
    return Learned(target, run, lambda: "\n".join([*choosing.sent[-1:], f"{len(found)} nodes"]))


def divided() -> Learned:
    llm = telling()
    asking = telling(always('{"items": [{"sub_question": "What are whales?", "tool_name": "kb"}]}'))
    generator = LLMQuestionGenerator.from_defaults(llm=asking)
    synthesizer = get_response_synthesizer(llm=llm)
    target = SubQuestionQueryEngine(generator, synthesizer, [kb(llm)], verbose=False)
    return asked(target, llm, asking)


def reranked() -> Learned:
    llm = telling()
    judging = telling(always("Doc: 1, Relevance: 9"))
    options = {"node_postprocessors": [LLMRerank(llm=judging, top_n=1)]}
    return asked(RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm), **options), llm, judging)


def cut(**options: Any) -> Learned:
    llm = telling()
    cutting = [SimilarityPostprocessor(similarity_cutoff=0.85)]  # the scores are 1, 0.9 and 0.8
    target = RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm), node_postprocessors=cutting)
    return asked(target, llm)


def top_n() -> Learned:
    llm = telling()
    judging = telling(always("Doc: 1, Relevance: 9\nDoc: 2, Relevance: 8"))
    options = {"node_postprocessors": [LLMRerank(llm=judging, top_n=2)]}
    return asked(RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm), **options), llm)


def fused() -> Learned:
    llm = telling(always("What are mammals?"))
    shelf = Shelf(*PAGES)
    target = QueryFusionRetriever([shelf], llm=llm, num_queries=2, use_async=False, similarity_top_k=3)

    def run() -> Any:
        llm.sent.clear()
        found.clear()
        found.extend(target.retrieve(QUESTION))
        return found

    found: list[Any] = []
    return Learned(target, run, lambda: "\n".join([*llm.sent, f"{len(found)} nodes"]))


# --- chat engines


def again(engine: Any, llm: Telling) -> Learned:
    """A chat engine that is asked twice, each time in a new conversation."""

    def run() -> Any:
        llm.sent.clear()
        engine.reset()
        engine.chat("Tell me of animals.")
        return engine.chat(QUESTION)

    return Learned(engine, run, lambda: "\n".join(llm.sent))


def simple() -> Learned:
    llm = telling()
    return again(SimpleChatEngine.from_defaults(llm=llm, memory=memory(), system_prompt="Be brief."), llm)


def context() -> Learned:
    llm = telling()
    shelf = Shelf(*PAGES)
    return again(ContextChatEngine.from_defaults(shelf, llm=llm, memory=memory(), system_prompt="Be brief."), llm)


def condense_plus() -> Learned:
    llm = telling()
    options: Any = {"llm": llm, "memory": memory(), "system_prompt": "Be brief."}
    return again(CondensePlusContextChatEngine.from_defaults(Shelf(*PAGES), **options), llm)


def condense() -> Learned:
    llm = telling()
    inner = RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm))
    return again(CondenseQuestionChatEngine.from_defaults(inner, llm=llm, memory=memory()), llm)


# --- agents


def add(a: int, b: int) -> int:
    """Add two numbers.

    :param a: the first
    """
    return a - b


def adding(text: str) -> Answer:
    """Ask for a tool, and then say what came."""
    return f"It is {text}." if text.lstrip("-").isdigit() else [("add", {"a": 2, "b": 3})]


def agent(target: Any, *models: Telling, message: str = "What is 2 + 3?", state: bool = False) -> Learned:
    said: list[str] = []

    async def ask() -> Any:
        result = await target.run(user_msg=message)
        said.append(str(result.response.content))
        return result

    def run() -> Any:
        said.clear()
        for model in models:
            model.sent.clear()
        return asyncio.run(ask())

    return Learned(target, run, lambda: "\n".join([*(text for model in models for text in model.sent), *said]))


def functions(**options: Any) -> Learned:
    llm = telling(adding)
    return agent(FunctionAgent(llm=llm, tools=[add], system_prompt="Be brief.", streaming=False, **options), llm)


def stateful() -> Learned:
    return functions(initial_state={"mood": "calm"})


def stateful_template() -> Learned:
    return functions(initial_state={"mood": "calm"}, state_prompt=PromptTemplate("{state} {msg}"))


def react(**options: Any) -> Learned:
    def answer(text: str) -> str:
        if "Observation" in text:
            return f"Thought: done\nAnswer: {text}"
        return 'Thought: add\nAction: add\nAction Input: {"a": 2, "b": 3}'

    llm = telling(answer)
    return agent(ReActAgent(llm=llm, tools=[add], streaming=False, **options), llm)


def react_with_prompt() -> Learned:
    return react(system_prompt="Be brief.")


async def execute(code: str) -> str:
    return code


def code_act() -> Learned:
    llm = telling()
    options: Any = {"llm": llm, "tools": [add], "system_prompt": "Be brief.", "streaming": False}
    return agent(CodeActAgent(code_execute_fn=execute, name="coder", **options), llm)


def team() -> Learned:
    """A planner that hands over to one who adds."""

    def plan(text: str) -> Answer:
        return [("handoff", {"to_agent": "calc", "reason": "numbers"})]

    planning = telling(plan)
    calculating = telling(always("It is 5."))
    planner = FunctionAgent(
        name="planner", description="It plans.", llm=planning, system_prompt="Plan.", streaming=False
    )
    calc = FunctionAgent(name="calc", description="It adds.", llm=calculating, system_prompt="Add.", streaming=False)
    workflow = AgentWorkflow([planner, calc], root_agent="planner", initial_state={"mood": "calm"})
    return agent(workflow, planning, calculating)


def judging(before: str) -> str:
    """The prompt of a reranker is in Jinja, and a text outside of its message would not be sent."""
    return before.replace("A list", "Judge! A list")


QA = "Only from {context_str}: {query_str}"
HEADER = 'Use {tool_desc} or {tool_names}. Return JSON {"a": 1}.'
WRAPPER = "x.model.query_wrapper_prompt"
CODE = "def add(a, b):\n    return a + b"

ROWS = [
    Row("the chat variant of a default", engine, "x.text_qa.user", QA, "Only from ", "{context_str}"),
    Row("its system message", engine, "x.text_qa.system", "Cite pages.", "system: Cite pages.", "Cite {page}."),
    Row(
        "literal braces",
        engine,
        "x.text_qa.user",
        f'{QA} Return JSON {{"a": 1}}',
        'Return JSON {"a": 1}',
        "{query_str}",
    ),
    Row("the default of a model of texts", completing, "x.text_qa", QA, "Only from ", "no placeholder"),
    Row(
        "what a model of texts puts around prompts", wrapped, WRAPPER, "Human: {query_str}", "Human: Context", "Human:"
    ),
    Row("refine", refining, "x.refine", "{query_str} {context_msg} {existing_answer} More!", "More!", "More!"),
    Row("summary", summarizing, "x.summary.user", QA, "Only from ", "{query_str}"),
    Row(
        "a plain template",
        with_template(lambda: PromptTemplate("{context_str} {query_str}")),
        "x.text_qa",
        QA,
        "Only from ",
        "{other} {context_str} {query_str}",
    ),
    Row(
        "a Jinja template",
        with_template(lambda: RichPromptTemplate("{{ context_str }} {{ query_str }}")),
        "x.text_qa",
        "Only {{ context_str }} {{ query_str }}",
        "Only Cod",
        "{{ context_str }} {{ query_str }} {{ cycler.__init__ }}",
    ),
    Row("below two transforms", transformed, "x.text_qa.user", QA, "Only from ", "{query_str}"),
    Row(
        "of a transform",
        transformed,
        "x.query_transform.hyde_prompt",
        "Dream of {context_str}",
        "Dream of Which",
        "Dream",
    ),
    Row("below a router", routed, "x.tools.kb.text_qa.user", QA, "Only from ", "{query_str}"),
    Row("a selector", routed, "x.selector", "Choose {num_choices} {context_list} {query_str}!", "Choose 2", "Choose"),
    Row(
        "a choice of a router",
        routed,
        "x.tools.other.description",
        "It knows numbers.",
        "It knows numbers.",
        "x" * 1025,
    ),
    Row(
        "a selector that calls",
        called,
        "x.selector",
        "Choose {num_choices} {context_list} {query_str}!",
        "Choose 1",
        "",
    ),
    Row("a choice of retrievers", routed_retriever, "x.tools.b.description", "It knows.", "It knows.", " "),
    Row("a chosen retriever", routed_retriever, "x.tools.a.similarity_top_k", 3, "3 nodes", 0),
    Row("below sub-questions", divided, "x.tools.kb.text_qa.user", QA, "Only from ", "{query_str}"),
    Row("a question generator", divided, "x.question_gen", "Divide {tools_str} {query_str}", "Divide ", "Divide"),
    Row("a tool of sub-questions", divided, "x.tools.kb.description", "It knows numbers.", "It knows numbers.", ""),
    Row("a reranker", reranked, "x.choice_select_prompt", judging, "Judge! ", "Judge"),
    Row("a question writer", fused, "x.query_gen_prompt", "Write {num_queries}: {query}", "Write 1: Which", "Write"),
    Row("the system prompt of a chat", simple, "x.system_prompt", "Be kind.", "system: Be kind.", " "),
    Row("the system prompt in a context", context, "x.system_prompt", "Be kind.", "Be kind.", "Fill {query_str} in."),
    Row("a context", context, "x.context", "Read {context_str}.", "Read Whales", "Read."),
    Row(
        "the system prompt of a condensing chat",
        condense_plus,
        "x.system_prompt",
        "Be kind.",
        "Be kind.",
        "{context_str}",
    ),
    Row(
        "a context of a condensing chat",
        condense_plus,
        "x.context_prompt",
        "Read {context_str}.",
        "Read Whales",
        "Read.",
    ),
    Row(
        "a condensed question",
        condense_plus,
        "x.condense_prompt",
        "Short: {chat_history} {question}",
        "Short: ",
        "Short",
    ),
    Row(
        "a question alone",
        condense,
        "x.condense_question_prompt",
        "Short: {chat_history} {question}",
        "Short: ",
        "Short",
    ),
    Row("the engine of a chat", condense, "x.text_qa.user", QA, "Only from ", "{query_str}"),
    Row("the system prompt of an agent", functions, "x.system_prompt", "Be kind.", "system: Be kind.", ""),
    Row(
        "a state in a template",
        stateful_template,
        "x.state_prompt",
        "Mood {state}! {msg}",
        "Mood {'mood'",
        "{msg}",
    ),
    Row(
        "a state in a format string",
        stateful,
        "x.state_prompt",
        'Mood {state}! {msg} {"a": 1}',
        'What is 2 + 3? {"a": 1}',
        "{msg}",
    ),
    Row(
        "a tool's description",
        functions,
        "x.tools.add.description",
        "Take away.",
        "'description': 'Take away.'",
        "x" * 1025,
    ),
    Row(
        "an argument's description",
        functions,
        "x.tools.add.a",
        "the other",
        "'description': 'the other'",
        {"no": "text"},
    ),
    Row("a tool's code", functions, "x.tools.add.code", CODE, "It is 5.", "def add(a):\n    return a"),
    Row("the header of ReAct", react, "x.react_header", HEADER, 'Return JSON {"a": 1}.', "Use {tool_names}."),
    Row("the system prompt of ReAct", react_with_prompt, "x.system_prompt", "Be kind.", "Be kind.", " "),
    Row(
        "a tool's description in ReAct", react, "x.tools.add.description", "Take away.", "Tool Description: Take away."
    ),
    Row("a tool's code in ReAct", react, "x.tools.add.code", CODE, "Observation: 5", "lambda: 1"),
    Row(
        "the prompt of CodeAct",
        code_act,
        "x.coder.system_prompt",
        "Use {tool_descriptions}.",
        "Use def add",
        "Use nothing.",
    ),
    Row("an agent of a team", team, "x.calc.system_prompt", "Be kind.", "system: Be kind.", ""),
    Row("an agent's description", team, "x.calc.description", "It counts.", "It counts.", ""),
    Row("a handoff", team, "x.handoff_prompt", "Go to {agent_info}", "Go to {'calc'", "Go"),
    Row(
        "what a handoff says",
        team,
        "x.handoff_output_prompt",
        '{to_agent}, since {reason} {"a": 1}',
        'calc, since numbers {"a": 1}',
        "{to_agent}",
    ),
    Row("the state of a team", team, "x.state_prompt", "Mood {state}! {msg}", "Mood {'mood'", "{msg}"),
    Row("how many are found", engine, "x.similarity_top_k", 3, "Whales are", 0),
    Row("a cut-off", cut, "x.similarity_cutoff", 0.75, "Crabs", 2),
    Row("how many are kept", top_n, "x.top_n", 1, "!Cod", 0),
    Row("how many questions are written", fused, "x.num_queries", 4, "Generate 3", 0),
    Row("a temperature", engine, "x.model.temperature", 1.5, "temperature=1.5", 3),
    Row("a longest answer", engine, "x.model.max_tokens", 77, "max_tokens=77", 0),
]
