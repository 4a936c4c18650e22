"""Which objects of a program offer what: each kind of object is asked by the module that knows it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.prompts import BasePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBinding, RunnableLambda
from langchain_core.tools import BaseTool

from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import NotOffered, Offer
from trace_core.parameter_nodes import ParameterNode
from trace_langchain import agents, models, prompts, tools
from trace_langchain.attributes import static
from trace_langchain.functions import FunctionBinding, parameter_of
from trace_langchain.sent_tools import Sent, assigned, sent_by
from trace_langchain.walking import Found, is_graph, walk


def all_offers(program: Any, learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    """All that can be learned of the program, and what cannot."""
    found = list(walk(program))
    told = {
        id(each.value): list(sent_by(each.value, each.path))
        for each in found
        if isinstance(each.value, RunnableBinding)
    }
    sent = [each for entries in told.values() for each in entries if isinstance(each, Sent)]
    of_tools = assigned([(each.path, each.value) for each in found if isinstance(each.value, BaseTool)], sent)
    taken = {id(each) for entries in of_tools.values() for each in entries}
    for each in found:
        yield from _offered(each, of_tools.get(id(each.value), []), learned_code)
        for other in told.get(id(each.value), ()):
            if isinstance(other, NotOffered):
                yield other
            elif id(other) not in taken:
                yield from tools.sent_offers(other)


def _offered(found: Found, sent: list[Sent], learned_code: LearnedCode) -> Iterator[Offer | NotOffered]:
    path, value = found.path, found.value
    if isinstance(learned := static(value, "parameter"), ParameterNode):  # middleware()
        yield Offer(path, learned.kind, learned, str)
    elif isinstance(value, BasePromptTemplate):
        yield from prompts.offers(value, path)
    elif isinstance(value, BaseLanguageModel):
        yield from models.model_offers(value, path)
    elif isinstance(value, RunnableBinding):
        yield from models.binding_offers(value, path)
    elif isinstance(value, BaseRetriever):
        yield from models.retriever_offers(value, path)
    elif isinstance(value, BaseTool):
        where = path if path and path[-1] == value.name else (*path, value.name)
        yield from tools.offers(value, where, sent)
        yield from _code(value, ("func", "coroutine"), where, learned_code)
    elif isinstance(value, RunnableLambda) or (isinstance(value, Runnable) and hasattr(value, "func")):
        if is_graph(value):
            return
        yield from agents.offers(value, path)
        yield from _code(value, ("func", "afunc"), path, learned_code)


_FRAMEWORKS = ("langchain", "langgraph", "langchain_core")


def _code(
    owner: Any, attributes: tuple[str, ...], path: tuple[str, ...], learned_code: LearnedCode
) -> Iterator[Offer | NotOffered]:
    """The code of the user's functions; a framework's own is left as it is."""
    functions = [(name, getattr(owner, name, None)) for name in attributes]
    for attribute, function in functions:
        if not callable(function) or (getattr(function, "__module__", None) or "").partition(".")[0] in _FRAMEWORKS:
            continue
        if isinstance(function, functools.partial) and any(other in function.args for _, other in functions):
            continue  # LangGraph's way to await a node's sync function
        name = getattr(function, "__name__", type(function).__name__)
        label = path if path and path[-1] == name else (*path, name)
        if not isinstance(function, FunctionType) or name == "<lambda>":
            kind = "a lambda" if isinstance(function, FunctionType) else f"a {type(function).__name__}"
            yield NotOffered((*label, "code"), "code", f"it is {kind}; only a function's code is learned", True)
            continue
        known = parameter_of(function)
        try:
            binding = FunctionBinding(owner, attribute, function, learned_code) if known is None else known.binding
        except UntrainableCode as error:
            yield NotOffered(label, "code", str(error))
            continue
        yield Offer((*label, "code"), "code", binding, str, (binding.check,))
    is_own = isinstance(owner, BaseTool) and type(owner).__module__.partition(".")[0] not in _FRAMEWORKS
    if is_own and all(function is None for _, function in functions):
        yield NotOffered((*path, "code"), "code", "the code of a class's _run is not learned, only a function's", True)
