"""`expose`: what a client sends, and can be learned, as parameters whose values are sent in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trace_core.errors import NameClash
from trace_core.exposing import NotExposed, NothingToLearn, Offer, exposed
from trace_core.exposing import unexpose as release
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.validators import NotEmpty
from trace_openai.clients import attach, let_go
from trace_openai.endpoints import function_of
from trace_openai.learning import Learned, SentText, Slot, slots_of_function

__all__ = ["KINDS", "NotExposed", "NothingToLearn", "expose", "unexpose"]

DEFAULT_KINDS = ("system_prompt",)
KINDS = (*DEFAULT_KINDS, "tool_description", "argument_description")


def expose(
    client: Any,
    *,
    name: str | None = None,
    prompts: Mapping[str, str] | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    kinds: Iterable[str] | str = DEFAULT_KINDS,
    include: Iterable[str] | str = ("*",),
    exclude: Iterable[str] | str = (),
) -> ParameterSet:
    """The system prompts, and if asked for the descriptions of tools, that a client sends, as parameters.

    The code that calls the client stays as it is: where it sends the text that it sent so far, the parameter's value is
    sent. A client knows what it has sent since `trace_openai`; what it has not sent yet can be named. Asking again
    gives the same parameters. `unexpose` has the program's own texts sent again.

    Args:
        client: an `OpenAI` or `AsyncOpenAI` client, Azure's too.
        name: what the parameters' names begin with.
        prompts: system messages, developer messages or instructions as they stand in the code, by what to call them.
        tools: tools as they stand in the code.
        kinds: of system_prompt (by default), tool_description, argument_description; "all" for all of them.
        include, exclude: names, or patterns of them with `*` and `?`.

    Raises:
        NothingToLearn: the client has sent nothing of these kinds, and nothing was named.
        NameClash: a text has two names, or a name two texts.
        TypeError: it is no such client, or a prompt is no text.
        ValueError: a prompt is empty, or there is no such kind.

    Example:
        parameters = expose(client, name="support")                    # {"support.system_prompt": …}
        parameters = expose(client, prompts={"editor": EDITOR}, tools=TOOLS, kinds="all")
    """
    state = attach(client)
    try:
        named = _named(prompts or {})
        _check_names(named, state.learned, name)
        told = dict.fromkeys(named) | {slot: None for tool in tools for slot in _slots(tool)}
        slots = {**told, **state.learned.seen, **dict.fromkeys(state.learned.parameters)}
        offers = [_offer(state.learned, slot, named.get(slot)) for slot in slots if slot.text.strip()]
        if not offers:
            raise NothingToLearn(
                f"this {type(client).__name__} has sent no text that can be learned since trace_openai(client); "
                "ask it first, or name what it will send: expose(client, prompts={...}, tools=[...])"
            )
        return exposed(client, offers, kinds, KINDS, name, include, exclude)
    finally:
        let_go(client)


def unexpose(parameters: Iterable[ParameterNode] | ParameterSet) -> None:
    """Send the program's own texts again; a client that is not traced either is as it was before."""
    found = ParameterSet.of(parameters)
    clients = [each.binding.client() for each in found.values() if isinstance(each.binding, SentText)]
    release(found)
    for client in clients:
        let_go(client)


def _named(prompts: Any) -> dict[Slot, str]:
    """The texts that have names; each is known by its words."""
    if not isinstance(prompts, Mapping):
        raise TypeError(f"prompts must be a dict from names to texts, not {type(prompts).__name__}")
    named: dict[Slot, str] = {}
    for name, text in prompts.items():
        if not isinstance(text, str):
            raise TypeError(f"prompts[{name!r}] must be the text that is sent, not {type(text).__name__}")
        if not text.strip():
            raise ValueError(f"prompts[{name!r}] is empty; give the words that are sent")
        first = named.setdefault(Slot("system_prompt", (), text), name)
        if first != name:
            raise NameClash(f"prompts[{first!r}] and prompts[{name!r}] are the same text; give it one name")
    return named


def _check_names(named: Mapping[Slot, str], learned: Learned, prefix: str | None) -> None:
    """A name that a user gives stands for one text, and a text has one name."""
    taken = {parameter.name: slot for slot, parameter in learned.parameters.items()}
    for slot, name in named.items():
        label = f"{prefix}.{name}" if prefix else name
        known = learned.parameters.get(slot)
        if known is not None and known.name != label:
            raise NameClash(f"the text of prompts[{name!r}] is {known.name!r} already; use that name, or unexpose it")
        if taken.get(label, slot) != slot:
            raise NameClash(f"{label!r} is the name of another text, which is learned already; unexpose that first")


def _slots(tool: Any) -> Iterator[Slot]:
    function = function_of(tool)
    if function is None:
        raise TypeError(f'a tool is a dict such as {{"type": "function", "function": {{"name": …}}}}, not {tool!r:.80}')
    return (slot for slot, _ in slots_of_function(function, ()))


def _offer(learned: Learned, slot: Slot, name: str | None) -> Offer:
    path = (name,) if name else (*slot.owner, "description") if slot.owner else (slot.kind,)
    return Offer(path, slot.kind, SentText(learned, slot), str, (NotEmpty(),))
