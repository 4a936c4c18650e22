"""Which objects of a program offer what: each kind of object is asked by the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autogen_agentchat.agents import MessageFilterAgent
from autogen_agentchat.teams import BaseGroupChat
from autogen_core.tools import BaseTool

from trace_autogen import functions, handoffs, private, prompts, settings, tool_texts
from trace_autogen.hooks import unwrapped
from trace_autogen.places import ParticipantDescription
from trace_autogen.walking import Found, walk
from trace_core.bundles import LearnedCode
from trace_core.exposing import Home, NotOffered, Offer

Offers = Iterator[Offer | NotOffered]


def all_offers(program: Any, learned_code: LearnedCode) -> Offers:
    """All that can be learned of the program, and what cannot."""
    found = walk(program)
    workbenches = [each.value for each in found if each.kind == "workbench"]
    teams = [each.value for each in found if isinstance(each.value, BaseGroupChat)]
    for each in found:
        yield from _offered(each, teams)
        if each.kind == "tool":
            yield from _tool(each, workbenches, learned_code)


def _tool(found: Found, workbenches: list[Any], learned_code: LearnedCode) -> Offers:
    tool, path = found.value, found.path
    holding = [each for each in workbenches if any(other is tool for other in private.tools_in(each))]
    yield from tool_texts.offers(tool, path, found.parent, holding)
    yield from functions.offers(tool, path, learned_code)


def _offered(found: Found, teams: list[Any]) -> Offers:
    path, value = found.path, found.value
    if found.kind == "agent":
        yield from prompts.agent_offers(value, path)
        yield from _description(found, _copies(value, teams))
        yield from settings.agent_offers(value, path)
        yield from handoffs.offers(value, path)
    elif found.kind == "team":
        yield from prompts.team_offers(value, path)
        if (copies := _copies(value, teams)) or isinstance(found.parent, BaseGroupChat):
            yield from prompts.description_offer(value, path, copies)
    elif found.kind == "workbench" and not private.has(value, "_tools"):
        yield from tool_texts.remote_offers(value, path)
    elif found.kind == "client":
        yield from settings.client_offers(value, path)


def _description(found: Found, copies: list[Home]) -> Offers:
    """The description of an agent, unless nobody reads it: a tool has one of its own."""
    if isinstance(found.value, MessageFilterAgent):
        reason = "AutoGen makes the description of a filter of that of the agent behind it"
        yield NotOffered((*found.path, "description"), "description", reason, True)
    elif copies or not isinstance(found.parent, (BaseTool, MessageFilterAgent)):
        yield from prompts.description_offer(found.value, found.path, copies)


def _copies(participant: Any, teams: list[Any]) -> list[Home]:
    """The teams that copied the description of a participant."""
    return [
        (team, ParticipantDescription(index, participant.name))
        for team in teams
        for index, each in enumerate(private.given_participants(team))
        if unwrapped(each) is participant
    ]
