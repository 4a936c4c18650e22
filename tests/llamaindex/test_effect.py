"""What would have no effect: it is not offered, or refused where the program was changed since."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core import get_response_synthesizer
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.indices.keyword_table.retrievers import KeywordTableGPTRetriever
from llama_index.core.indices.tree.select_leaf_retriever import TreeSelectLeafRetriever
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from pydantic import Field
from trace_llamaindex import NotExposed, NothingToLearn, expose, unexpose

from tests.llamaindex.programs import Completing, Scripted, Shelf, memory
from tests.llamaindex.rows import PAGES, QUESTION, telling
from trace_core.errors import InvalidValue

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]
KEY = "response_synthesizer:text_qa_template"


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


def rag(llm: Any = None, **options: Any) -> RetrieverQueryEngine:
    return RetrieverQueryEngine(Shelf(*PAGES), get_response_synthesizer(llm=llm or telling(), **options))


# --- templates that were replaced


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (None, "x.text_qa.user"),
        (PromptTemplate("{context_str} {query_str}"), "x.text_qa"),
        (ChatPromptTemplate.from_messages([("user", "{context_str} {query_str}")]), "x.text_qa"),
        (RichPromptTemplate("{{ context_str }} {{ query_str }}"), "x.text_qa"),
    ],
)
def test_a_template_that_was_replaced_is_not_written_to(template: Any, name: str) -> None:
    llm = telling()
    engine = rag(llm, text_qa_template=template)
    parameters = expose(engine, name="x")
    text = f"Only {parameters[name].data}"
    engine.update_prompts({KEY: PromptTemplate("Mine {context_str} {query_str}")})
    with pytest.raises(InvalidValue, match="it was replaced in a CompactAndRefine, as `update_prompts` does; expose"):
        parameters[name].set(text)
    with pytest.raises(InvalidValue, match="it was replaced"), parameters.candidate({name: text}):
        pass
    unexpose(parameters)
    assert engine.get_prompts()[KEY].get_template().startswith("Mine")


def test_exposed_again_the_new_template_is_learned() -> None:
    llm = telling()
    engine = rag(llm, text_qa_template=PromptTemplate("{context_str} {query_str}"))
    expose(engine, name="x")
    engine.update_prompts({KEY: PromptTemplate("Mine {context_str} {query_str}")})
    parameter = expose(engine, name="x")["x.text_qa"]
    assert parameter.data.startswith("Mine")
    parameter.set("Only {context_str} {query_str}")
    engine.query(QUESTION)
    assert "Only Whales" in llm.sent[-1]


def test_a_template_that_one_of_two_engines_has_still_is_written_to_when_that_is_exposed_again() -> None:
    shared = PromptTemplate("{context_str} {query_str}")
    first, later = rag(text_qa_template=shared), rag(llm := telling(), text_qa_template=shared)
    parameter = expose([first, later], name="x")["x.text_qa"]
    first.update_prompts({KEY: PromptTemplate("{context_str} {query_str}")})
    with pytest.raises(InvalidValue, match="it was replaced in a CompactAndRefine"):
        parameter.set("Only {context_str} {query_str}")  # the first would not use it
    assert expose(later, name="y")["x.text_qa"] is parameter
    parameter.set("Only {context_str} {query_str}")
    later.query(QUESTION)
    assert "Only Whales" in llm.sent[-1]
    later.update_prompts({KEY: PromptTemplate("{context_str} {query_str}")})
    with pytest.raises(InvalidValue, match="it was replaced"):
        parameter.set("Just {context_str} {query_str}")


def test_a_template_that_is_used_by_one_of_two_engines_that_are_left() -> None:
    shared = PromptTemplate("{context_str} {query_str}")
    first, later = rag(text_qa_template=shared), rag(text_qa_template=shared)
    parameter = expose([first, later], name="x")["x.text_qa"]
    del first
    gc.collect()
    parameter.set("Only {context_str} {query_str}")
    assert later.get_prompts()[KEY].get_template().startswith("Only")


# --- what nobody reads


def agent(name: str, *, to: list[str] | None) -> FunctionAgent:
    return FunctionAgent(name=name, description=f"It is {name}.", llm=telling(), can_handoff_to=to)


def test_the_description_of_an_agent_to_whom_nobody_hands_over() -> None:
    workflow = AgentWorkflow([agent("anna", to=["bert"]), agent("bert", to=[])], root_agent="anna")
    with pytest.warns(NotExposed, match=r"anna\.description: no other agent may hand over to it"):
        assert list(expose(workflow, kinds="description")) == ["bert.description"]
    assert list(expose(workflow)) == ["handoff_prompt", "handoff_output_prompt"]


@pytest.mark.parametrize("in_workflow", [True, False])
def test_where_nobody_may_hand_over_a_description_is_not_learned_and_the_reason_is_said(in_workflow: bool) -> None:
    alone = agent("anna", to=None)
    program = AgentWorkflow([alone]) if in_workflow else alone
    with pytest.raises(NothingToLearn, match=r"not anna\.description: no other agent may hand over to it, and nobody"):
        expose(program, kinds="description")


def test_the_prompts_of_handing_over_where_nobody_may() -> None:
    workflow = AgentWorkflow([agent("anna", to=[]), agent("bert", to=[])], root_agent="anna")
    with pytest.raises(NothingToLearn):
        expose(workflow)


def test_a_fusing_retriever_asks_without_the_models_system_prompt() -> None:
    llm = telling()
    llm.system_prompt = "Be brief."
    retriever = QueryFusionRetriever([Shelf(*PAGES)], llm=llm, num_queries=2, use_async=False)
    with pytest.warns(NotExposed, match="fusing retrievers ask their model without it"):
        assert list(expose(retriever)) == ["query_gen_prompt"]


def test_what_a_model_puts_around_prompts_where_it_puts_it_around_none() -> None:
    wrapper = PromptTemplate("Human: {query_str}")
    with pytest.warns(NotExposed, match=r"model\.query_wrapper_prompt: it stands around prompts of models of texts"):
        expose(rag(Scripted(query_wrapper_prompt=wrapper)))
    with pytest.raises(NothingToLearn, match="engines and fusing retrievers ask their model without it"):
        expose(SimpleChatEngine.from_defaults(llm=Completing(query_wrapper_prompt=wrapper), memory=memory()))


def test_templates_that_are_held_and_never_filled() -> None:
    held = {"_text_qa_template", "_refine_template", "query_template"}
    leaves = object.__new__(TreeSelectLeafRetriever)
    vars(leaves).update({name: PromptTemplate(f"{{{name}}}") for name in held})
    assert list(expose(leaves)) == ["query"]
    words = object.__new__(KeywordTableGPTRetriever)
    vars(words).update({f"{name}keyword_extract_template": PromptTemplate("{a}") for name in ("", "query_")})
    assert list(expose(words)) == ["query_keyword_extract"]


def test_a_setting_keeps_the_bounds_of_the_model() -> None:
    class Own(Scripted):
        temperature: float = Field(0.5, ge=0, le=1)

    parameter = expose(Own(), kinds="setting")["temperature"]
    parameter.set(1)
    with pytest.raises(InvalidValue, match="less than or equal to 1"):
        parameter.set(1.5)
