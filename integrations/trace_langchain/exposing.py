"""`expose`: what can be learned of a program, as parameters that live in its own objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from types import FunctionType
from typing import Any

from langchain_core.language_models import BaseLanguageModel
from langchain_core.prompts import BasePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBinding, RunnableLambda
from langchain_core.tools import BaseTool

from trace_core.bundles import LearnedCode
from trace_core.errors import TraceError, UntrainableCode
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_langchain import agents, models, prompts, tools
from trace_langchain.functions import FunctionBinding, parameter_of
from trace_langchain.offers import Offer
from trace_langchain.standing_in import PlaceBinding, parameter_places, place_key
from trace_langchain.walking import Found, is_graph, walk

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "tool_description", "argument_description", "code", "setting", "examples")


class NotExposed(UserWarning):
    """Something that was asked for cannot be learned; the message says why."""


class NothingToLearn(TraceError, ValueError):
    """A program has nothing of the kinds that were asked for."""


def expose(
    program: Any,
    *,
    name: str | None = None,
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
    learned_code: LearnedCode = "sandbox",
) -> ParameterSet:
    """The prompts, and if asked for the tools, settings and code, of a LangChain or LangGraph program as parameters.

    They live in the program's own objects: what is written is used by the next call, and what you write there yourself
    is a version of the parameter. Asking again gives the same parameters. `unexpose` puts the objects back.

    Args:
        program: a chain, a graph, an agent, a tool, a prompt, a function, or a list or dict of them.
        name: what the parameters' names begin with.
        kinds: of prompt, system_prompt (these two by default), tool_description, argument_description, code, setting,
            examples; "all" for all of them.
        include, exclude: patterns of names, with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.

    Warns:
        NotExposed: a function's code was asked for and cannot be learned.

    Example:
        parameters = expose(agent, name="support")       # {"support.model.system_prompt": …}
        tools = expose(agent, name="support", kinds=["tool_description", "code"])
    """
    wanted = set(KINDS) if kinds == "all" else {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := wanted - set(KINDS):
        raise ValueError(f"unknown kinds: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    include, exclude = _patterns(include), _patterns(exclude)
    chosen: dict[int, ParameterNode] = {}
    offered = []
    taken: dict[str, int] = {}
    for offer in _offers(program, "code" in wanted, learned_code):
        label = ".".join(((name,) if name else ()) + offer.path) or offer.kind
        taken[label] = taken.get(label, -1) + 1
        label = f"{label}[{taken[label]}]" if taken[label] else label
        offered.append(offer.kind)
        matches = any(fnmatchcase(label, p) for p in include) and not any(fnmatchcase(label, p) for p in exclude)
        if offer.kind in wanted and matches:
            parameter = _parameter(offer, label)
            chosen[parameter.id] = parameter
    if not chosen:
        there = f"it has {', '.join(sorted(set(offered)))}" if offered else "nothing of it can be learned"
        raise NothingToLearn(f"no {' or '.join(sorted(wanted))} was found in {type(program).__name__}; {there}")
    return ParameterSet(chosen.values())


def unexpose(parameters: Iterable[ParameterNode] | ParameterSet) -> None:
    """Give the program's objects back as they were, with the values that they have now; learned code is taken out."""
    for parameter in ParameterSet.of(parameters).values():
        if hasattr(parameter.binding, "release"):
            parameter.binding.release()


def _patterns(patterns: Iterable[str] | str) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns)


def _parameter(offer: Offer, label: str) -> ParameterNode:
    """The parameter of an offer; one that the object has already."""
    known = _known(offer)
    if known is not None:
        return known
    parameter = ParameterNode(
        offer.binding.get(),
        label,
        offer.description,
        type=offer.type,
        kind=offer.kind,
        validators=offer.validators,
        binding=offer.binding,
    )
    parameter.is_named = False
    offer.binding.install(parameter)
    return parameter


def _known(offer: Offer) -> ParameterNode | None:
    binding = offer.binding
    if isinstance(binding, ParameterNode):
        return binding
    if isinstance(binding, PlaceBinding):
        return parameter_places(binding.owner).get(place_key(binding.place))
    if isinstance(binding, agents.SystemPromptBinding):
        return agents.AgentFunctions.known_prompt(binding.owner)
    if isinstance(binding, tools.ToolBinding):
        for place, reference in tools.tool_parameters(binding.owner):
            if place_key(place) == place_key(binding.place):
                known: ParameterNode | None = reference()
                return known
    if isinstance(binding, FunctionBinding):
        return parameter_of(getattr(binding.owner, binding.attribute))
    return None


def _offers(program: Any, with_code: bool, learned_code: LearnedCode) -> Iterator[Offer]:
    found = list(walk(program))
    known = {each.value.name for each in found if isinstance(each.value, BaseTool)}
    bound = [each.value for each in found if isinstance(each.value, RunnableBinding)]
    handed = {id(tool) for each in found for tool in _handed_out(each.value)}
    for each in found:
        for offer in _offered(each, bound, known, with_code, learned_code):
            if isinstance(offer.binding, tools.ToolBinding) and id(each.value) in handed:
                offer.binding.isolation = "overlay"
            yield offer


def _handed_out(value: Any) -> Iterator[Any]:
    """The tools that an agent's node hands to its model at each call."""
    for function in (getattr(value, "func", None), getattr(value, "afunc", None)):
        for name in agents.TOOL_CELLS:
            cell = agents.cells_of(function).get(name) if isinstance(function, FunctionType) else None
            if cell is not None:
                agents.AgentFunctions.of(value)
                yield from cell.cell_contents


def _offered(
    found: Found,
    bound: list[RunnableBinding[Any, Any]],
    known: set[str],
    with_code: bool,
    learned_code: LearnedCode,
) -> Iterator[Offer]:
    path, value = found.path, found.value
    if isinstance(learned := getattr(value, "parameter", None), ParameterNode):  # middleware()
        yield Offer(path, learned.kind, learned, str)
    elif isinstance(value, BasePromptTemplate):
        yield from prompts.offers(value, path)
    elif isinstance(value, BaseLanguageModel):
        yield from models.model_offers(value, path)
    elif isinstance(value, RunnableBinding):
        yield from models.binding_offers(value, path)
        yield from tools.sent_offers(value, path, known)
    elif isinstance(value, BaseRetriever):
        yield from models.retriever_offers(value, path)
    elif isinstance(value, BaseTool):
        where = path if path and path[-1] == value.name else (*path, value.name)
        yield from tools.offers(value, where, bound)
        if with_code:
            yield from _code(value, ("func", "coroutine"), where, learned_code)
    elif isinstance(value, Runnable) and hasattr(value, "func") and not is_graph(value):
        yield from agents.offers(value, path)
        if with_code:
            names = ("func",) if getattr(value, "func", None) is not None else ("afunc",)
            yield from _code(value, names, path, learned_code)
    elif isinstance(value, RunnableLambda) and with_code:
        yield from _code(value, ("func", "afunc"), path, learned_code)


def _code(owner: Any, attributes: tuple[str, ...], path: tuple[str, ...], learned_code: LearnedCode) -> Iterator[Offer]:
    """The code of the user's functions; a framework's own is left as it is."""
    for attribute in attributes:
        function = getattr(owner, attribute, None)
        if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
            continue
        if (function.__module__ or "").partition(".")[0] in ("langchain", "langgraph", "langchain_core"):
            continue
        known = parameter_of(function)
        label = path if path and path[-1] == function.__name__ else (*path, function.__name__)
        try:
            binding = FunctionBinding(owner, attribute, function, learned_code) if known is None else known.binding
        except UntrainableCode as error:
            warnings.warn(f"{'.'.join(label)}: {error}", NotExposed, stacklevel=4)
            continue
        yield Offer((*label, "code"), "code", binding, str, (binding.check,))
