"""`expose`: what can be learned of an agent or a team, as parameters that live in its own objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from trace_autogen import private
from trace_autogen.managers import attach
from trace_autogen.offering import all_offers
from trace_autogen.walking import walk
from trace_core.bundles import LearnedCode
from trace_core.exposing import NotExposed, NothingToLearn, exposed, unexpose
from trace_core.parameters import ParameterSet

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code", "setting")


def expose(
    agent_or_team: Any,
    *,
    name: str | None = None,
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
    learned_code: LearnedCode = "sandbox",
) -> ParameterSet:
    """The prompts, and if asked for the descriptions, tools, settings and code, of an agent or a team as parameters.

    They live in the program's own objects: what is written is used from the next turn on, `dump_component` gives it,
    and what you write there yourself is a version of the parameter. Asking again gives the same parameters. `unexpose`
    puts the objects back.

    Args:
        agent_or_team: an agent, a team, a tool, a workbench, or a list or dict of them; traced ones too.
        name: what the parameters' names begin with.
        kinds: of prompt, system_prompt (these two by default), description (of agents, for those who choose who
            speaks), tool_description, argument_description, code, setting; "all" for all of them.
        include, exclude: names, or patterns of them with `*` and `?`.
        learned_code: where code runs that is not yours: "sandbox", or "native", which trusts the LLM with all that this
            process may do, and lets learned code be dumped.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.
        TypeError: it is no agent, team, tool or workbench.

    Warns:
        NotExposed: something that was asked for cannot be learned.

    Example:
        parameters = expose(agent, name="support")       # {"support.assistant.system_prompt": …}
        tools = expose(agent, name="support", kinds=["tool_description", "code"])
    """
    offered = all_offers(agent_or_team, learned_code)
    parameters = exposed(agent_or_team, offered, kinds, KINDS, name, include, exclude)
    _attach_managers(agent_or_team)
    return parameters


def _attach_managers(program: Any) -> None:
    """Have the managers of teams that have run follow the parameters."""
    for each in walk(program):
        if each.kind == "team" and private.is_initialized(each.value):
            manager = private.manager_of(each.value)
            if manager is not None:
                attach(each.value, manager)
            else:
                text = f"the manager of {each.value.name} is not in this process: it keeps what it was made with"
                warnings.warn(text, NotExposed, stacklevel=3)
