"""`expose`: what can be learned of agents and group chats, as parameters that live in their own objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

from trace_autogen.classic.functions import FunctionBinding
from trace_autogen.classic.offering import all_offers
from trace_autogen.offers import NotOffered, Offer
from trace_core.bundles import LearnedCode
from trace_core.errors import InvalidValue, TraceError
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.validators import NotEmpty

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code")


class NotExposed(UserWarning):
    """Something that was asked for cannot be learned; the message says why."""


class NothingToLearn(TraceError, ValueError):
    """A program has nothing of the kinds that were asked for."""


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
    wanted = set(KINDS) if kinds == "all" else {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := wanted - set(KINDS):
        raise ValueError(f"unknown kinds: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    chosen, refused = _chosen(agent_or_groupchat, name, wanted, _Patterns(include, exclude), learned_code)
    if not chosen:
        why = "".join(f"; {text}" for text, _ in refused)
        raise NothingToLearn(f"no {' or '.join(sorted(wanted))} was found{why}")
    for text, is_common in refused:
        if not (is_common and kinds == "all"):
            warnings.warn(text, NotExposed, stacklevel=2)
    for parameter, is_new in chosen.values():
        if is_new:
            parameter.binding.install(parameter)
    return ParameterSet(parameter for parameter, _ in chosen.values())


def unexpose(parameters: Iterable[ParameterNode] | ParameterSet) -> None:
    """Give the program's objects back as they were, with the values that they have now; learned code is taken out."""
    for parameter in ParameterSet.of(parameters).values():
        if hasattr(parameter.binding, "release"):
            parameter.binding.release()


class _Patterns:
    """Which names are asked for; the brackets in `prompt[1]` are part of a name."""

    def __init__(self, include: Iterable[str] | str, exclude: Iterable[str] | str) -> None:
        self._include, self._exclude = (
            [each.replace("[", "[[]") for each in ([patterns] if isinstance(patterns, str) else patterns)]
            for patterns in (include, exclude)
        )

    def match(self, label: str) -> bool:
        return any(fnmatchcase(label, p) for p in self._include) and not any(
            fnmatchcase(label, p) for p in self._exclude
        )


def _chosen(
    program: Any, name: str | None, wanted: set[str], patterns: _Patterns, learned_code: LearnedCode
) -> tuple[dict[int, tuple[ParameterNode, bool]], list[tuple[str, bool]]]:
    """The parameters that were asked for, each with whether it is new, and what cannot be one, said."""
    offered = all_offers(program, "code" in wanted, learned_code)
    refused = [
        (f"{label}: {each.reason}", each.is_common)
        for each in offered
        if isinstance(each, NotOffered) and each.kind in wanted and patterns.match(label := _label(each, name))
    ]
    chosen: dict[int, tuple[ParameterNode, bool]] = {}
    for label, offer, known in _labelled(_merged(offered), name):
        if offer.kind in wanted and any(patterns.match(each) for each in (label, *([known.name] if known else []))):
            try:
                parameter = _parameter(offer, label) if known is None else known
            except InvalidValue as error:
                refused.append((f"{label}: {error.reason}", False))
                continue
            chosen.setdefault(parameter.id, (parameter, known is None))
    return chosen, refused


def _merged(offered: Iterable[Offer | NotOffered]) -> list[Offer]:
    """The offers; a function that several tools call is one."""
    offers = []
    firsts: dict[int, FunctionBinding] = {}
    for offer in offered:
        if not isinstance(offer, Offer):
            continue
        if isinstance(offer.binding, FunctionBinding):
            first = firsts.setdefault(id(offer.binding.function), offer.binding)
            if first is not offer.binding:
                first.join(offer.binding)
                continue
        offers.append(offer)
    return offers


def _label(each: Offer | NotOffered, name: str | None) -> str:
    return ".".join(((name,) if name else ()) + each.path)


def _labelled(offers: list[Offer], name: str | None) -> Iterator[tuple[str, Offer, ParameterNode | None]]:
    """Each offer with its name, and its parameter if it has one; those of the same name are numbered."""
    known = [offer.binding.known() for offer in offers]
    taken = {parameter.name for parameter in known if parameter is not None}
    for offer, parameter in zip(offers, known, strict=True):
        plain = label = _label(offer, name)
        if parameter is None:
            label = next(each for i in count() if (each := f"{plain}[{i}]" if i else plain) not in taken)
            taken.add(label)
        yield label, offer, parameter


def _parameter(offer: Offer, label: str) -> ParameterNode:
    """A new parameter for an offer; nothing is done to the program yet.

    Raises:
        InvalidValue: the program's own value breaks a rule.
    """
    value = offer.binding.get()
    rules = offer.validators
    if isinstance(value, str) and not value.strip():  # the program does well without a text
        rules = tuple(rule for rule in rules if not isinstance(rule, NotEmpty))
    made = ParameterNode(
        value, label, offer.description, type=offer.type, kind=offer.kind, validators=rules, binding=offer.binding
    )
    made.is_named = False
    return made
