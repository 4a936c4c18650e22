"""What can be learned of agents and group chats."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from trace_autogen.classic import places, private
from trace_autogen.classic.functions import FunctionBinding
from trace_autogen.classic.tracing import parts
from trace_core.bundles import LearnedCode
from trace_core.errors import UntrainableCode
from trace_core.exposing import Format, NotOffered, NotPlain, Offer
from trace_core.validators import NotEmpty

Offers = Iterator[Offer | NotOffered]


def all_offers(program: Any, learned_code: LearnedCode) -> list[Offer | NotOffered]:
    """What can be learned of a program, and what cannot."""
    found: list[Offer | NotOffered] = []
    agents, groups = _parts(program)
    readers = [*groups, *(group for agent in agents for group in private.groups_of(agent))]
    for agent in agents:
        managed = private.groups_of(agent)
        if managed:
            found += _group(managed, (agent.name,))
            groups = [group for group in groups if all(group.agents is not each.agents for each in managed)]
        else:
            found += _agent(agent, [group for group in readers if any(agent is each for each in group.agents)])
            found += _code(agent, learned_code)
    for group in groups:
        found += _group([group], ("group_chat",))
    return found


def _parts(program: Any) -> tuple[list[Any], list[Any]]:
    """The agents and group chats in a program, or in a list or dict of them; each once."""
    if isinstance(program, dict):
        program = list(program.values())
    agents: dict[int, Any] = {}
    groups: dict[int, Any] = {}
    for each in program if isinstance(program, (list, tuple)) else [program]:
        its_agents, its_groups = parts(each)
        agents.update((id(agent), agent) for agent in its_agents)
        groups.update((id(group), group) for group in its_groups)
    return list(agents.values()), list(groups.values())


def _agent(agent: Any, readers: list[Any]) -> Offers:
    if agent.llm_config and isinstance(agent.system_message, str):
        yield Offer((agent.name, "system_prompt"), "system_prompt", places.system_message(agent), str, (NotEmpty(),))
    about = f"how {agent.name} is described to those who choose who speaks next"
    binding = places.description(agent, readers)
    yield Offer((agent.name, "description"), "description", binding, str, (NotEmpty(),), about)
    for signature in (agent.llm_config or {}).get("tools") or ():
        yield from _tool(agent, signature.get("function") or {})


def _tool(agent: Any, function: dict[str, Any]) -> Offers:
    name = function.get("name")
    if name is None:  # a tool that the provider has
        return
    about = f"how the tool {name} is described to the model"
    binding = places.tool_text(agent, name)
    yield Offer((agent.name, name, "description"), "tool_description", binding, str, (NotEmpty(),), about)
    for field in (function.get("parameters") or {}).get("properties") or ():
        about = f"how the argument {field} of the tool {name} is described to the model"
        label = (agent.name, name, *(("args",) if field in ("description", "code") else ()), field)
        yield Offer(label, "argument_description", places.tool_text(agent, name, field), str, (), about)


def _code(agent: Any, learned_code: LearnedCode) -> Offers:
    for name, registered in private.functions(agent).items():
        label = (agent.name, name, "code")
        function = inspect.unwrap(registered)
        if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
            yield NotOffered(label, "code", "it is no def; only a function's code is learned", True)
            continue
        try:
            binding = FunctionBinding(agent, name, learned_code)
        except UntrainableCode as error:
            yield NotOffered(label, "code", str(error))
            continue
        yield Offer(label, "code", binding, str, (binding.check,), f"the function that the tool {name} calls")


def _group(copies: list[Any], path: tuple[str, ...]) -> Offers:
    """How the model is asked that selects who speaks; AG2 reads it from copies that it made of the group chat."""
    group = copies[0]
    if group.speaker_selection_method != "auto":
        return
    yield from _template(copies, (*path, "select_speaker_message"), ("roles", "agentlist"), True)
    if group.select_speaker_prompt_template:
        by_format = private.fills_prompt_by_format(group)
        yield from _template(copies, (*path, "select_speaker_prompt"), ("agentlist",), by_format)


def _template(copies: list[Any], label: tuple[str, ...], filled: tuple[str, ...], by_format: bool) -> Offers:
    """A text with placeholders, which are kept; one that is not filled by `format` may hold any other brace."""
    name = f"{label[-1]}_template"
    text = getattr(copies[0], name)
    try:
        rule = Format(text if by_format else "".join(each for each in map(_braced, filled) if each in text), filled)
    except NotPlain as reason:
        yield NotOffered(label, "prompt", str(reason))
    else:
        binding = places.attribute(copies, name, "selection", rule if by_format else None)
        yield Offer(label, "prompt", binding, str, (NotEmpty(), rule))


def _braced(name: str) -> str:
    return f"{{{name}}}"
