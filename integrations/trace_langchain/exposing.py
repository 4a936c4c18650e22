"""`expose`: what can be learned of a program, as parameters that live in its own objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trace_core.bundles import LearnedCode
from trace_core.exposing import NotExposed, NothingToLearn, exposed, unexpose
from trace_core.parameters import ParameterSet
from trace_langchain.offering import all_offers

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "tool_description", "argument_description", "code", "setting", "examples")


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
        include, exclude: names, or patterns of them with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.

    Warns:
        NotExposed: something that was asked for cannot be learned.

    Example:
        parameters = expose(agent, name="support")       # {"support.model.system_prompt": …}
        tools = expose(agent, name="support", kinds=["tool_description", "code"])
    """
    return exposed(program, all_offers(program, learned_code), kinds, KINDS, name, include, exclude)
