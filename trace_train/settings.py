"""What a run is told: the decisions of its search, its numbers, and how a store knows them again.

A run that is resumed has to be told the same, or its records would be of two runs. So what is ours is kept with all
that it was made with, and what is a user's by its name alone: what it holds may be secret.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any

from trace_train.budget import Budget
from trace_train.data.examples import Examples
from trace_train.strategies import (
    Accepting,
    Batching,
    Best,
    Choosing,
    Margin,
    Merging,
    Never,
    Patience,
    Proposing,
    Shuffled,
    Stopping,
)

_OURS = __name__.partition(".")[0]
_EXPECTED = {
    "proposing": ("an optimizer, such as OptoPrime(parameters)", "begin", "propose", "recall"),
    "batching": ("what draws a batch, such as Shuffled()", "draw"),
    "choosing": ("what chooses a candidate, such as Best()", "choose"),
    "accepting": ("a rule, such as Margin()", "passes", "accepts"),
    "merging": ("what merges candidates, such as Never()", "merge"),
}


@dataclass(frozen=True, slots=True)
class Strategies:
    """The decisions of a search."""

    proposing: Proposing
    batching: Batching = field(default_factory=Shuffled)
    choosing: Choosing = field(default_factory=Best)
    accepting: Accepting = field(default_factory=Margin)
    merging: Merging = field(default_factory=Never)
    stopping: Sequence[Stopping] = (Patience(),)

    def __post_init__(self) -> None:
        for name, (such_as, *methods) in _EXPECTED.items():
            expect(name, getattr(self, name), such_as, *methods)
        if not isinstance(self.stopping, Sequence):
            raise TypeError(f"stopping: expected a list of rules, such as [MaxSteps(20)], not {self.stopping!r}")
        for rule in self.stopping:
            expect("stopping", rule, "rules such as MaxSteps(20)", "reason")

    def but(self, given: Mapping[str, Any]) -> Strategies:
        """These with others in place of some.

        Raises:
            TypeError: one is no strategy, or is given for what there is none for.
        """
        names = [each.name for each in fields(self)]
        if unknown := ", ".join(given.keys() - set(names)):
            raise TypeError(f"there is no argument {unknown} here; the strategies are {', '.join(names[1:])}")
        return replace(self, **given)

    def described(self) -> dict[str, Any]:
        """Each of them, as `described`; of one optimizer's step, the optimizer. When it ends may differ."""
        named = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "stopping"}
        named["proposing"] = getattr(self.proposing, "optimizer", self.proposing)
        return {name: described(strategy) for name, strategy in named.items()}


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of a run; `resumed` is the id of the training in the store that it goes on with."""

    batch_size: int
    parallel: int
    budget: Budget | None
    seed: int
    resumed: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.budget, Budget | None):
            raise TypeError(f"budget: expected trace_train.Budget(calls=300), say, not {self.budget!r}")
        expect_whole("batch_size", self.batch_size)
        expect_whole("parallel", self.parallel)


def expect(name: str, value: Any, such_as: str, *methods: str) -> None:
    """Make sure that an argument is an object with these methods.

    Raises:
        TypeError: it is none; names the argument, and what was expected.
    """
    if isinstance(value, type):
        raise TypeError(f"{name}: expected an object, not the class: {value.__name__}(…)")
    if not all(callable(getattr(value, method, None)) for method in methods):
        raise TypeError(f"{name}: expected {such_as}, not {type(value).__name__}, which has no {' or '.join(methods)}")


def expect_whole(name: str, value: Any) -> None:
    """Make sure that a number is a whole one of at least 1.

    Raises:
        ValueError: it is none; names it.
    """
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")


def digests(examples: Mapping[str, Examples]) -> dict[str, str]:
    """How many examples there are of each kind that there are any of, and a hash of them in their order."""
    return {name: each.digest() for name, each in examples.items() if len(each)}


def described(value: Any) -> Any:
    """A setting as JSON data: data as it is, what is ours as its name with what it was made with, others as their name.

    Example:
        described([Patience(5), my_rule])       # [{"use": "Patience", "steps": 5}, "my_rule"]
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [described(each) for each in value]
        case Mapping():
            return {str(key): described(each) for key, each in value.items()}
    kind = value if hasattr(value, "__qualname__") else type(value)
    if kind is value or kind.__module__.partition(".")[0] != _OURS:
        return kind.__qualname__
    return {"use": kind.__qualname__, **_made_with(value)}


def _made_with(value: Any) -> dict[str, Any]:
    """What was given for each parameter of its class, as far as it is kept under that name."""
    found = {}
    for name in inspect.signature(type(value)).parameters:
        with suppress(AttributeError):
            found[name] = described(getattr(value, name if hasattr(value, name) else f"_{name}"))
    return found
