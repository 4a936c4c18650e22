"""`expose`: what can be learned of agents and group chats, as parameters that live in their own objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trace_autogen.classic.offering import all_offers
from trace_core.bundles import LearnedCode
from trace_core.exposing import NotExposed, NothingToLearn, exposed, unexpose
from trace_core.parameters import ParameterSet

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code")


def expose(
    agent_or_groupchat: Any,
    *,
    name: str | None = None,
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
    learned_code: LearnedCode = "sandbox",
) -> ParameterSet:
    """The prompts, and if asked for the descriptions, tools and code, of agents or of a group chat as parameters.

    They live in the program's own objects: what is written is used from the next reply on. Asking again gives the same
    parameters. `unexpose` puts the objects back.

    Args:
        agent_or_groupchat: an agent, a group chat or its manager, or a list or dict of them.
        name: what the parameters' names begin with.
        kinds: of prompt, system_prompt (these two by default), description (of agents, for the model that selects who
            speaks), tool_description, argument_description, code; "all" for all of them.
        include, exclude: names, or patterns of them with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.
        TypeError: it is no agent and no group chat.

    Warns:
        NotExposed: something that was asked for cannot be learned.

    Example:
        parameters = expose(assistant, name="support")       # {"support.assistant.system_prompt": …}
        tools = expose([assistant, user], kinds=["tool_description", "code"])
    """
    return exposed(
        agent_or_groupchat, all_offers(agent_or_groupchat, learned_code), kinds, KINDS, name, include, exclude
    )
