"""`expose`: what can be learned of an engine, agent or workflow, as parameters that live in its own objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trace_core.bundles import LearnedCode
from trace_core.exposing import NotExposed, NothingToLearn, exposed, unexpose
from trace_core.parameters import ParameterSet
from trace_llamaindex.offering import all_offers

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code", "setting")


def expose(
    program: Any,
    *,
    name: str | None = None,
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
    learned_code: LearnedCode = "sandbox",
) -> ParameterSet:
    """The prompts, and if asked for the descriptions, tools, settings and code, of a LlamaIndex program as parameters.

    They live in the program's own objects: what is written is used by the next call, `get_prompts` gives it, and what
    you write there yourself is a version of the parameter. Asking again gives the same parameters. `unexpose` puts the
    objects back. LlamaIndex's default templates, which all programs share, are copied into the program first.

    Args:
        program: a query engine, agent, workflow, retriever, tool, chat engine, what they are made of, an object of your
            own that holds such in its attributes, or a list or dict of them.
        name: what the parameters' names begin with.
        kinds: of prompt, system_prompt (these two by default), description (of agents, for those that may hand over to
            them), tool_description, argument_description, code, setting; "all" for all of them.
        include, exclude: names, or patterns of them with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.
        TypeError: it is nothing of LlamaIndex's.

    Warns:
        NotExposed: something that was asked for cannot be learned.

    Example:
        parameters = expose(engine, name="docs")         # {"docs.text_qa.system": …, "docs.text_qa.user": …, …}
        settings = expose(engine, name="docs", kinds=["setting"])      # {"docs.similarity_top_k": …, …}
    """
    return exposed(program, all_offers(program, learned_code), kinds, KINDS, name, include, exclude)
