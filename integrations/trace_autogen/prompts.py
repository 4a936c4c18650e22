"""Prompts of agents and teams: system messages, instructions, and how agents are described to others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autogen_core.models import SystemMessage

from trace_autogen import private
from trace_autogen.besides import binding_at
from trace_autogen.places import AttributeText, SystemText
from trace_autogen.standing import Noted
from trace_core.exposing import Format, Home, NotOffered, NotPlain, Offer
from trace_core.validators import NotEmpty

Offers = Iterator[Offer | NotOffered]
Label = tuple[str, ...]
_SELECTOR_FIELDS = ("roles", "participants", "history")


class UnfilledText:
    """A final answer prompt of Magentic-One: AutoGen fills `{task}` only in the one that it comes with."""

    def __init__(self, first: str) -> None:
        self._first = first

    def __call__(self, value: str) -> None:
        """Raise `ValueError` if it would be shown with a placeholder."""
        if value != self._first and "{task}" in value:
            raise ValueError("{task} is filled in AutoGen's own prompt only; refer to the original request in words")

    def __str__(self) -> str:
        return "write no {task}; the request is in the conversation"


def agent_offers(agent: Any, path: Label) -> Offers:
    """The prompts of an agent."""
    if private.has(agent, private.SYSTEM_MESSAGES):
        for index, message in enumerate(vars(agent)[private.SYSTEM_MESSAGES]):
            if isinstance(message, SystemMessage) and isinstance(message.content, str):
                binding = binding_at([(agent, SystemText(index))])
                yield Offer((*path, "system_prompt"), "system_prompt", binding, str, (NotEmpty(),))
    yield from _text(agent, private.INSTRUCTIONS, (*path, "system_prompt"), "system_prompt", "here")
    yield from _text(agent, private.SOCIETY_INSTRUCTION, (*path, "instruction"))
    yield from _text(agent, private.SOCIETY_RESPONSE_PROMPT, (*path, "response_prompt"))


def description_offer(owner: Any, path: Label, homes: list[Home]) -> Offers:
    """How an agent or an inner team is described to those who choose; `homes` are the teams that copied it."""
    if private.has(owner, private.DESCRIPTION):
        place = AttributeText(private.DESCRIPTION, "description", None)
        about = f"how {owner.name} is described to those who choose who speaks next"
        binding = binding_at([(owner, place), *homes])
        yield Offer((*path, "description"), "description", binding, str, (NotEmpty(),), about)


def team_offers(team: Any, path: Label) -> Offers:
    """The prompts of a team's manager."""
    if private.has(team, private.SELECTOR_PROMPT):
        label = (*path, "selector_prompt")
        try:
            form = Format(vars(team)[private.SELECTOR_PROMPT], _SELECTOR_FIELDS)
        except NotPlain as reason:
            yield NotOffered(label, "prompt", str(reason))
        else:
            place = AttributeText(private.SELECTOR_PROMPT, "selector_prompt", None, form)
            yield Offer(label, "prompt", binding_at([(team, place)]), str, (NotEmpty(), form))
    if private.has(team, private.FINAL_ANSWER_PROMPT):
        place = AttributeText(private.FINAL_ANSWER_PROMPT, "final_answer_prompt", None)
        rules = (NotEmpty(), UnfilledText(vars(team)[private.FINAL_ANSWER_PROMPT]))
        yield Offer((*path, "final_answer_prompt"), "prompt", binding_at([(team, place)]), str, rules)


def _text(owner: Any, attribute: str, label: Label, kind: str = "prompt", noted: Noted = "models") -> Offers:
    if private.has(owner, attribute) and isinstance(vars(owner)[attribute], str):
        place = AttributeText(attribute, label[-1], noted)
        yield Offer(label, kind, binding_at([(owner, place)]), str, (NotEmpty(),))
