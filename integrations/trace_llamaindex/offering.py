"""Which objects of a program offer what: each kind of object is asked by the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent
from llama_index.core.agent.workflow.base_agent import BaseWorkflowAgent
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.tools import BaseTool, ToolMetadata

from trace_core.bundles import LearnedCode
from trace_core.exposing import NotOffered, Offer
from trace_llamaindex import functions, prompts, settings, tool_texts
from trace_llamaindex.walking import Found, walk

Offers = Iterator[Offer | NotOffered]


def all_offers(program: Any, learned_code: LearnedCode) -> Offers:
    """All that can be learned of the program, and what cannot."""
    found = walk(program)
    holders = {id(each.value): each.holders for each in found}
    for each in found:
        yield from _offered(each, holders, learned_code)


def _offered(found: Found, holders: dict[int, list[Any]], learned_code: LearnedCode) -> Offers:
    path, value = found.path, found.value
    if isinstance(value, BasePromptTemplate):
        yield from prompts.template_offers(found)
    elif isinstance(value, BaseWorkflowAgent):
        workflow = next((each for each in found.holders if isinstance(each, AgentWorkflow)), None)
        yield from prompts.agent_offers(value, path, workflow)
        yield from _retrieved_tools(value, path)
    elif isinstance(value, BaseChatEngine):
        yield from prompts.chat_offers(value, path)
    elif isinstance(value, ToolMetadata):
        if not _is_shown_as_code(found, holders):
            yield from tool_texts.offers(found)
    elif isinstance(value, BaseTool):
        yield from _code(value, found, learned_code)
    else:
        if isinstance(value, BaseLLM):
            yield from prompts.model_offers(found)
        if isinstance(value, BaseRetriever):
            yield from prompts.retriever_offers(value, path)
        yield from settings.offers(value, path)


def _is_shown_as_code(metadata: Found, holders: dict[int, list[Any]]) -> bool:
    """Whether only agents have the tool that show their model its function, and not its description."""
    agents = [agent for tool in metadata.holders for agent in holders.get(id(tool), [tool])]
    return bool(agents) and all(isinstance(agent, CodeActAgent) for agent in agents)


def _code(tool: BaseTool, found: Found, learned_code: LearnedCode) -> Offers:
    """The code of a tool, unless only agents have it whose model writes code that calls the functions themselves."""
    if any(isinstance(each, CodeActAgent) and each.code_execute_fn is _function(tool) for each in found.holders):
        return
    if found.holders and all(isinstance(each, CodeActAgent) for each in found.holders):
        reason = "a CodeActAgent does not call its tools: the code that its model writes calls what you gave to run it"
        yield NotOffered((*found.path, "code"), "code", reason, True)
        return
    yield from functions.offers(tool, found.path, learned_code)


def _function(tool: BaseTool) -> Any:
    return getattr(tool, "real_fn", None)


def _retrieved_tools(agent: BaseWorkflowAgent, path: tuple[str, ...]) -> Offers:
    if agent.tool_retriever is not None:
        reason = "its tools are found by what their descriptions said when they were indexed"
        yield NotOffered((*path, "tool_retriever"), "tool_description", reason, True)
