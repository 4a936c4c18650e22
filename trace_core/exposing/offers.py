"""What can be learned of a program, before anything is done to it, and the parameters of what is asked for.

Every adapter's `expose` finds what its framework's objects offer; which of that is wanted, how it is called, what is
refused, and that all of it is installed or none, is the same for all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from typing import Annotated, Any, Protocol, get_args

from pydantic import Field

from trace_core.bindings import Binding
from trace_core.errors import InvalidValue, TraceError
from trace_core.parameter_nodes import ParameterNode
from trace_core.parameters import ParameterSet
from trace_core.validators import NotEmpty, convert

Patterns = Iterable[str] | str


class NotExposed(UserWarning):
    """Something that was asked for cannot be learned; the message says why."""


class NothingToLearn(TraceError, ValueError):
    """A program has nothing of the kinds that were asked for."""


class Installing(Binding, Protocol):
    """A binding that the framework's object must be prepared for.

    One whose places can be found in several goes has `join(other)`, which takes in another's places, and may have
    `shared()`: what it has in common with those that are to be one with it from the start.
    """

    def known(self) -> ParameterNode | None:
        """The parameter that the place has already."""
        ...

    def install(self, parameter: ParameterNode) -> None:
        """Prepare it."""
        ...

    def release(self) -> None:
        """Put it back as it was, with the value that it has now."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be learned: its name by parts, its kind, where it lives, its type and rules."""

    path: tuple[str, ...]
    kind: str
    binding: Any
    type: Any
    validators: tuple[Callable[[Any], None], ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Something that looks like it and cannot be learned, and why.

    `is_common` is for what programs are full of: it is told only to those who ask for the kind by name.
    """

    path: tuple[str, ...]
    kind: str
    reason: str
    is_common: bool = False


def widened(kind: Any, value: Any) -> Any:
    """A setting's type, and the program's own value: some take what others do not, such as -1 for no limit."""
    if value is None:
        return kind | None
    try:
        convert(value, kind)
    except ValueError:
        number = get_args(kind)[0]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return kind | Annotated[number, Field(ge=value, le=value)] if is_number else kind
    return kind


def wanted_kinds(kinds: Patterns, known: Sequence[str]) -> set[str]:
    """The kinds that are asked for.

    Raises:
        ValueError: there is no such kind.
    """
    wanted = set(known) if kinds == "all" else {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := wanted - set(known):
        raise ValueError(f"unknown kinds: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return wanted


def exposed(
    program: Any,
    offered: Iterable[Offer | NotOffered],
    kinds: Patterns,
    known_kinds: Sequence[str],
    name: str | None,
    include: Patterns,
    exclude: Patterns,
) -> ParameterSet:
    """The parameters of what is asked for, installed in the program's objects; for an adapter's `expose`.

    Raises:
        NothingToLearn: there is nothing of these kinds in it.

    Warns:
        NotExposed: something that was asked for cannot be learned.
    """
    wanted = wanted_kinds(kinds, known_kinds)
    offered, asked_for = list(offered), _Names(include, exclude)
    chosen: dict[int, tuple[ParameterNode, list[Any]]] = {}
    refused = [each for each in offered if isinstance(each, NotOffered)]
    labelled = list(_labelled(_merged(offered), name))
    for label, offer, known in labelled:
        if offer.kind in wanted and (label in asked_for or (known is not None and known.name in asked_for)):
            try:
                parameter = _parameter(offer, label) if known is None else known
            except InvalidValue as error:
                refused.append(NotOffered(offer.path, offer.kind, error.reason))
                continue
            chosen.setdefault(parameter.id, (parameter, []))[1].append(offer.binding)
    said = [(_label(each, name), each) for each in refused if each.kind in wanted]
    said = [(label, each) for label, each in said if label in asked_for]
    if not chosen:
        left_out = [] if said else [label for label, offer, _ in labelled if offer.kind in wanted]
        if left_out:
            there = f"no name in {type(program).__name__} fits include and exclude; there are {', '.join(left_out)}"
            raise NothingToLearn(there)
        raise NothingToLearn(_nothing(program, wanted, offered, [f"{label}: {each.reason}" for label, each in said]))
    for label, each in said:
        if not (each.is_common and kinds == "all"):
            warnings.warn(f"{label}: {each.reason}", NotExposed, stacklevel=3)
    _install(chosen.values())
    return ParameterSet(parameter for parameter, _ in chosen.values())


def unexpose(parameters: Iterable[ParameterNode] | ParameterSet) -> None:
    """Give the program's objects back as they were, with the values that they have now; learned code is taken out."""
    for parameter in ParameterSet.of(parameters).values():
        if hasattr(parameter.binding, "release"):
            parameter.binding.release()


class _Names:
    """The names that patterns ask for; the brackets in `prompt[1]` are part of a name."""

    def __init__(self, include: Patterns, exclude: Patterns) -> None:
        self._include, self._exclude = (
            [each.replace("[", "[[]") for each in ([patterns] if isinstance(patterns, str) else patterns)]
            for patterns in (include, exclude)
        )

    def __contains__(self, name: str) -> bool:
        return any(fnmatchcase(name, p) for p in self._include) and not any(fnmatchcase(name, p) for p in self._exclude)


def _merged(offered: Iterable[Offer | NotOffered]) -> list[Offer]:
    """The offers; a function that is found in several places is one."""
    offers = []
    firsts: dict[Hashable, Any] = {}
    for offer in offered:
        if not isinstance(offer, Offer):
            continue
        shared = offer.binding.shared() if hasattr(offer.binding, "shared") else None
        first = offer.binding if shared is None else firsts.setdefault(shared, offer.binding)
        if first is offer.binding:
            offers.append(offer)
        else:
            first.join(offer.binding)
    return offers


def _label(each: Offer | NotOffered, name: str | None) -> str:
    return ".".join(((name,) if name else ()) + each.path) or each.kind


def _known(offer: Offer) -> ParameterNode | None:
    """The parameter that the place has already."""
    binding = offer.binding
    if isinstance(binding, ParameterNode):
        return binding
    known: ParameterNode | None = binding.known()
    return known


def _labelled(offers: list[Offer], name: str | None) -> Iterator[tuple[str, Offer, ParameterNode | None]]:
    """Each offer with its name, and its parameter if it has one; those of the same name are numbered."""
    known = [_known(offer) for offer in offers]
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
                if binding is not first and binding is not parameter and hasattr(first, "join"):
                    first.join(binding)
    except BaseException:
        for binding in reversed(done):
            binding.release()
        raise


def _nothing(program: Any, wanted: set[str], offered: list[Any], said: list[str]) -> str:
    there = sorted({each.kind for each in offered if isinstance(each, Offer)})
    has = f"it has {', '.join(there)}; ask for it with kinds=" if there else "nothing of it can be learned"
    why = f"; not {'; not '.join(said)}" if said else ""
    return f"no {' or '.join(sorted(wanted))} was found in {type(program).__name__}; {has}{why}"
