"""What can be learned of agents, their tools and their handoffs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from agents import Handoff
from pydantic import Field

from trace_core.bundles import LearnedCode
from trace_core.exposing import NotOffered, Offer, widened
from trace_core.validators import NotEmpty
from trace_openai.agents import functions, places
from trace_openai.agents.standing import binding_at, stand_for
from trace_openai.agents.walking import Found, named, walk

Offers = Iterator[Offer | NotOffered]

_RESERVED = ("description", "code")
_PENALTY = Annotated[float, Field(ge=-2, le=2)]
_SETTINGS: dict[str, Any] = {
    "temperature": Annotated[float, Field(ge=0, le=2)],
    "top_p": Annotated[float, Field(gt=0, le=1)],
    "frequency_penalty": _PENALTY,
    "presence_penalty": _PENALTY,
    "max_tokens": Annotated[int, Field(ge=1)],
    "parallel_tool_calls": bool,
}


def all_offers(program: Any, learned_code: LearnedCode) -> Offers:
    """All that can be learned of the program, and what cannot."""
    found = walk(program)
    described = {id(each) for agent in found if agent.kind == "agent" for each in agent.value.handoffs}
    for each in found:
        if each.kind == "agent":
            yield from _agent(each, learned_code)
            if id(each.value) in described:
                yield _handoff_description(each)
        elif each.kind == "handoff":
            yield _handoff(each)
        else:
            yield from _tool(each)
            yield from functions.tool_offers(each.value, each.path, learned_code)


def _agent(found: Found, learned_code: LearnedCode) -> Offers:
    agent, path = found.value, found.path
    label = (*path, "system_prompt")
    instructions = vars(agent)[places.INSTRUCTIONS]
    if isinstance(instructions, str):
        binding = binding_at([(agent, places.AttributeText(places.INSTRUCTIONS, "system_prompt", True))])
        yield Offer(label, "system_prompt", binding, str, (NotEmpty(),), f"the instructions of {agent.name}")
    elif callable(instructions):
        yield NotOffered(
            label, "system_prompt", 'a function writes them; its code can be learned, with kinds="code"', True
        )
        yield from functions.instructions_offers(agent, path, learned_code)
    for name, kind in _SETTINGS.items():
        value = getattr(vars(agent)[places.SETTINGS], name)
        if value is not None:
            setting = places.SettingBinding([(agent, places.Setting(name))], stand_for)
            yield Offer((*path, name), "setting", setting, widened(kind, value))


def _handoff_description(found: Found) -> Offer:
    """How an agent is described to those that may hand over to it, where the SDK makes the handoff at each turn."""
    agent = found.value
    place = places.AttributeText(places.HANDOFF_DESCRIPTION, f"{named(agent.name)}_handoff_description")
    about = f"how {agent.name} is described to agents that may hand over to it"
    binding = binding_at([(agent, place)])
    return Offer((*found.path, "handoff_description"), "description", binding, str, (NotEmpty(),), about)


def _handoff(found: Found) -> Offer:
    handoff: Handoff[Any, Any] = found.value
    place = places.AttributeText(places.TOOL_DESCRIPTION, f"{named(handoff.tool_name)}_description")
    about = f"how the handoff {handoff.tool_name} is described to the model"
    binding = binding_at([(handoff, place)])
    return Offer((*found.path, "description"), "description", binding, str, (NotEmpty(),), about)


def _tool(found: Found) -> Offers:
    tool, path, name = found.value, found.path, named(found.value.name)
    binding = binding_at([(tool, places.AttributeText(places.DESCRIPTION, f"{name}_description"))])
    about = f"how the tool {tool.name} is described to the model"
    yield Offer((*path, "description"), "tool_description", binding, str, (NotEmpty(),), about)
    for argument, schema in (vars(tool)[places.SCHEMA].get("properties") or {}).items():
        if not isinstance(schema, dict):
            continue
        about = f"how the argument {argument} of the tool {tool.name} is described to the model"
        label = (*path, "args", argument) if argument in _RESERVED else (*path, argument)
        binding = binding_at([(tool, places.ArgumentText(name, argument))])
        yield Offer(label, "argument_description", binding, str, (), about)
