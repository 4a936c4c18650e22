"""`expose`: what can be learned of agents, as parameters that live in their own objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trace_core.bundles import LearnedCode
from trace_core.exposing import NotExposed, NothingToLearn, exposed, unexpose
from trace_core.parameters import ParameterSet
from trace_openai.agents.offering import all_offers

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("system_prompt",)
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code", "setting")


def expose(
    agent: Any,
    *,
    name: str | None = None,
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
    learned_code: LearnedCode = "sandbox",
) -> ParameterSet:
    """The instructions, and if asked for the descriptions, tools, settings and code, of agents as parameters.

    That is of an agent, of those that it may hand over to, and of those that are its tools. They live in the agents'
    own objects: what is written is used from the next turn on. Asking again gives the same parameters. `unexpose` puts
    the objects back.

    Args:
        agent: an agent, a function tool, or a list or dict of them.
        name: what the parameters' names begin with.
        kinds: of system_prompt (an agent's instructions, the default), description (of handoffs, for the model that
            may hand over), tool_description, argument_description, code (of tools, and of functions that write
            instructions), setting (those of its ModelSettings that an agent was given); "all" for all of them.
        include, exclude: names, or patterns of them with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.
        TypeError: it is no agent and no tool.

    Warns:
        NotExposed: something that was asked for cannot be learned.

    Example:
        parameters = expose(triage, name="support")      # {"support.Triage.system_prompt": …}
        tools = expose(triage, name="support", kinds=["tool_description", "code"])
    """
    return exposed(agent, all_offers(agent, learned_code), kinds, KINDS, name, include, exclude)
