"""`expose`: what can be learned of an agent or a team, as parameters that live in its own objects."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

from trace_autogen import private
from trace_autogen.functions import FunctionBinding
from trace_autogen.managers import attach
from trace_autogen.offering import all_offers
from trace_autogen.offers import NotOffered, Offer
from trace_autogen.walking import walk
from trace_core.bundles import LearnedCode
from trace_core.errors import InvalidValue, TraceError
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.validators import NotEmpty

DEFAULT_KINDS = ("prompt", "system_prompt")
KINDS = (*DEFAULT_KINDS, "description", "tool_description", "argument_description", "code", "setting")


class NotExposed(UserWarning):
    """Something that was asked for cannot be learned; the message says why."""


class NothingToLearn(TraceError, ValueError):
    """A program has nothing of the kinds that were asked for."""


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
    wanted = set(KINDS) if kinds == "all" else {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := wanted - set(KINDS):
        raise ValueError(f"unknown kinds: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    include, exclude = _patterns(include), _patterns(exclude)
    offered = list(all_offers(agent_or_team, "code" in wanted, learned_code))
    chosen: dict[int, tuple[ParameterNode, list[Any]]] = {}
    refused = [each for each in offered if isinstance(each, NotOffered)]
    for label, offer, known in _labelled(_merged(offered), name):
        if offer.kind in wanted and any(_matches(each, include, exclude) for each in _names(label, known)):
            try:
                parameter = _parameter(offer, label) if known is None else known
            except InvalidValue as error:
                refused.append(NotOffered(offer.path, offer.kind, error.reason))
                continue
            chosen.setdefault(parameter.id, (parameter, []))[1].append(offer.binding)
    said = _refusals(refused, wanted, name, include, exclude)
    if not chosen:
        raise NothingToLearn(_nothing(agent_or_team, wanted, offered, said))
    for text, is_common in said:
        if not (is_common and kinds == "all"):
            warnings.warn(text, NotExposed, stacklevel=2)
    _install(chosen.values())
    _attach_managers(agent_or_team)
    return ParameterSet(parameter for parameter, _ in chosen.values())


def unexpose(parameters: Iterable[ParameterNode] | ParameterSet) -> None:
    """Give the program's objects back as they were, with the values that they have now; learned code is taken out."""
    for parameter in ParameterSet.of(parameters).values():
        if hasattr(parameter.binding, "release"):
            parameter.binding.release()


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


def _patterns(patterns: Iterable[str] | str) -> list[str]:
    """The patterns for `fnmatch`; the brackets in `prompt[1]` are part of a name."""
    return [each.replace("[", "[[]") for each in ([patterns] if isinstance(patterns, str) else patterns)]


def _matches(label: str, include: list[str], exclude: list[str]) -> bool:
    return any(fnmatchcase(label, p) for p in include) and not any(fnmatchcase(label, p) for p in exclude)


def _names(label: str, known: ParameterNode | None) -> tuple[str, ...]:
    """By what it may be asked for: as it is called here, and as it was when it was exposed."""
    return (label,) if known is None or known.name == label else (label, known.name)


def _merged(offered: Iterable[Offer | NotOffered]) -> list[Offer]:
    """The offers; a function that several tools call is one."""
    offers = []
    firsts: dict[int, FunctionBinding] = {}
    for offer in offered:
        if not isinstance(offer, Offer):
            continue
        binding = offer.binding
        if isinstance(binding, FunctionBinding):
            first = firsts.setdefault(id(binding.function), binding)
            if first is not binding:
                first.join(binding)
                continue
        offers.append(offer)
    return offers


def _label(each: Offer | NotOffered, name: str | None) -> str:
    return ".".join(((name,) if name else ()) + each.path) or each.kind


def _labelled(offers: list[Offer], name: str | None) -> Iterator[tuple[str, Offer, ParameterNode | None]]:
    """Each offer with its name, and its parameter if it has one; those of the same name are numbered."""
    known = [offer.binding.known() for offer in offers]
    taken = {parameter.name for parameter in known if parameter is not None}
    for offer, parameter in zip(offers, known, strict=True):
        plain = _label(offer, name)
        if parameter is not None:
            yield plain, offer, parameter
            continue
        label = next(each for i in count() if (each := f"{plain}[{i}]" if i else plain) not in taken)
        taken.add(label)
        yield label, offer, None


def _parameter(offer: Offer, label: str) -> ParameterNode:
    """A new parameter for an offer; nothing is done to the program yet.

    Raises:
        InvalidValue: the program's own value breaks a rule, or is of another type.
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


def _install(chosen: Iterable[tuple[ParameterNode, list[Any]]]) -> None:
    """Prepare the objects, all or none; one that is known may have been found in further places."""
    done = []
    try:
        for parameter, bindings in chosen:
            first: Any = parameter.binding
            if any(binding is first for binding in bindings):
                done.append(first)
                first.install(parameter)
            for binding in bindings:
                if binding is not first:
                    first.join(binding)
    except BaseException:
        for binding in reversed(done):
            binding.release()
        raise


def _refusals(
    refused: list[NotOffered], wanted: set[str], name: str | None, include: list[str], exclude: list[str]
) -> list[tuple[str, bool]]:
    """What was asked for and cannot be learned, said."""
    said = []
    for each in refused:
        label = _label(each, name)
        if each.kind in wanted and _matches(label, include, exclude):
            said.append((f"{label}: {each.reason}", each.is_common))
    return said


def _nothing(program: Any, wanted: set[str], offered: list[Any], said: list[tuple[str, bool]]) -> str:
    there = sorted({each.kind for each in offered if isinstance(each, Offer)})
    has = f"it has {', '.join(there)}" if there else "nothing of it can be learned"
    why = f"; not {'; not '.join(text for text, _ in said)}" if said else ""
    return f"no {' or '.join(sorted(wanted))} was found in {type(program).__name__}; {has}{why}"
