"""What is private to LlamaIndex and holds what is learned: each test fails when one of it is gone or moved."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.agent.workflow import CodeActAgent
from llama_index.core.memory import Memory
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel
from trace_llamaindex import private

from tests.llamaindex.programs import index, memory
from tests.llamaindex.rows import (
    add,
    code_act,
    condense,
    condense_plus,
    context,
    divided,
    engine,
    functions,
    fused,
    react,
    routed,
    routed_retriever,
    simple,
    team,
)

pytestmark = [pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")]


@pytest.fixture(autouse=True)
def no_loop() -> None:
    asyncio.set_event_loop(None)  # else LlamaIndex makes a loop for code that is not async, and leaves it open


def synthesizer() -> Any:
    return engine().target._response_synthesizer


def tool() -> FunctionTool:
    return FunctionTool.from_defaults(add)


@pytest.mark.parametrize(
    ("make", "attribute", "kind"),
    [
        *((tool, attribute, type(add)) for attribute in private.TOOL_FUNCTIONS),
        (tool, private.TOOL_METADATA, object),
        (lambda: routed().target, private.TOOLS_METADATA, list),
        (lambda: routed().target, private.IN_TOOLS[0], list),
        (lambda: divided().target, private.TOOLS_METADATA, list),
        (lambda: divided().target, private.IN_TOOLS[0], dict),
        (lambda: routed_retriever().target, private.TOOLS_METADATA, list),
        (lambda: routed_retriever().target, private.IN_TOOLS[1], list),
        (lambda: simple().target, private.PREFIX_MESSAGES, list),
        (lambda: context().target, private.PREFIX_MESSAGES, list),
        (lambda: condense_plus().target, private.CHAT_SYSTEM_PROMPT, str),
        (lambda: context().target, private.CONTEXT_TEMPLATES[0], PromptTemplate),
        (lambda: condense_plus().target, private.CONTEXT_TEMPLATES[1], PromptTemplate),
        *((lambda make=make: make().target, private.CHAT_MEMORY, object) for make in (simple, context, condense)),
        (lambda: index("a").as_retriever(), private.TOP_K[0], int),
        (lambda: fused().target, private.TOP_K[1], int),
        (lambda: fused().target, "query_gen_prompt", str),
        (synthesizer, private.MULTIMODAL, bool),
        (synthesizer, private.MODEL[0], object),
        (lambda: functions().target, private.MODEL[1], object),
        (lambda: functions().target, "system_prompt", str),
        (lambda: functions().target, "state_prompt", str),
        (lambda: react().target.formatter, "system_header", str),
        (lambda: react().target.formatter, "context", str),
        (lambda: code_act().target, "code_act_system_prompt", PromptTemplate),
        *((lambda: team().target, f"{name}_prompt", PromptTemplate) for name in ("handoff", "handoff_output", "state")),
    ],
)
def test_the_attribute_is_there(make: Any, attribute: str, kind: type) -> None:
    assert isinstance(vars(make())[attribute], kind)


def test_llamaindex_makes_the_other_function_of_a_tool_in_functions_of_known_names() -> None:
    async def later() -> None: ...

    assert tool().async_fn.__qualname__.startswith("sync_to_async.")
    assert FunctionTool.from_defaults(later).fn.__qualname__.startswith("async_to_sync.")


def test_the_tool_that_runs_code_has_the_agents_own_function() -> None:
    agent: Any = code_act().target
    assert isinstance(agent, CodeActAgent)
    assert agent.tools[-1].real_fn is agent.code_execute_fn


def test_what_bm25_knows_of_its_nodes() -> None:
    bm25 = pytest.importorskip("llama_index.retrievers.bm25")
    retriever = bm25.BM25Retriever.from_defaults(index=index("one", "two"), similarity_top_k=1)
    assert private.found_at_most(retriever) == 2
    assert private.found_at_most(index("one").as_retriever()) is None


def test_fresh_memories() -> None:
    for made in (memory(), Memory.from_defaults(token_limit=99)):
        fresh = private.fresh_memory(made)
        assert type(fresh) is type(made)
        assert fresh.token_limit == made.token_limit
    one = Memory.from_defaults()
    assert private.fresh_memory(one).session_id != one.session_id


UNREAD = {
    "AnswerRelevancyEvaluator": "llama_index.core.evaluation.answer_relevancy",
    "BaseKeywordTableRetriever": "llama_index.core.indices.keyword_table.retrievers",
    "EmptyIndexRetriever": "llama_index.core.indices.empty.retrievers",
    "SQLAutoVectorQueryEngine": "llama_index.core.query_engine.sql_vector_query_engine",
    "TreeSelectLeafRetriever": "llama_index.core.indices.tree.select_leaf_retriever",
}
NOT_ANSWERING = {"__init__", "_get_prompts", "_update_prompts"}
NOT_CALLED = {"_query", "_query_level", "_query_with_selected_node"}
"""Methods of a tree's retriever that only call each other."""


@pytest.mark.parametrize("name", private.UNREAD_PROMPTS)
def test_a_template_that_is_never_filled(name: str) -> None:
    module = importlib.import_module(UNREAD[name])
    assert hasattr(module, name)
    methods = [each for each in ast.walk(ast.parse(inspect.getsource(module))) if hasattr(each, "args")]
    reads = {
        (part.attr, method.name)
        for method in methods
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name not in NOT_ANSWERING
        for part in ast.walk(method)
        if isinstance(part, ast.Attribute)
    }
    for attribute in private.UNREAD_PROMPTS[name]:
        assert {method for read, method in reads if read == attribute} <= NOT_CALLED
    callers = {method for read, method in reads if read in NOT_CALLED}
    assert callers <= NOT_CALLED


def test_how_a_pydantic_class_keeps_how_attributes_are_set() -> None:
    class Own(BaseModel):
        a: int = 0

    made = Own()
    made.a = 1
    assert "a" in getattr(Own, private.SETTERS)
