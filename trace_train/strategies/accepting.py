"""Whether a candidate takes its place among the accepted ones: a filter that is cheap, then the decision.

A minibatch is small, so a candidate that is no better passes often and one that is better fails often, whatever the
rule; it only saves validations that would be lost. Scores are paired: both candidates' on the same examples, in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from trace_train.searching import mean

_SAME = 1e-9


class Accepting(Protocol):
    """The contract of an acceptance rule."""

    def passes(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Whether a candidate is worth a validation, by its and its parent's scores on the minibatch."""
        ...

    def accepts(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Whether it is accepted, by the scores on the validation examples."""
        ...


@dataclass(frozen=True, slots=True)
class Margin:
    """Better on validation by more than a margin, after being better than its parent on the minibatch too.

    Args:
        validation: by more than how much the mean must be better.
        minibatch: by more than how much on the minibatch; below 0, what is as good passes, too.
    """

    validation: float = 0.02
    minibatch: float = 0.0

    def passes(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Better by more than the minibatch's margin."""
        return mean(child) - mean(parent) > self.minibatch + _SAME

    def accepts(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Better by more than the margin."""
        return mean(child) - mean(parent) > self.validation + _SAME


@dataclass(frozen=True, slots=True)
class Strict:
    """Better than its parent, by however little, on the minibatch and on validation."""

    def passes(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Better."""
        return mean(child) - mean(parent) > _SAME

    def accepts(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Better."""
        return mean(child) - mean(parent) > _SAME


@dataclass(frozen=True, slots=True)
class Confident:
    """Better by more than chance would explain: the lower bound of the mean paired difference is above 0.

    `confidence` is that of the bound (one-sided, normal approximation; for a few dozen examples and more).
    """

    confidence: float = 0.9

    def passes(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """At least as good."""
        return mean(child) - mean(parent) >= -_SAME

    def accepts(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Better by so many standard errors."""
        differences = [after - before for before, after in zip(parent, child, strict=True)]
        gain = mean(differences)
        if len(differences) < 2:
            return gain > _SAME
        squares = math.fsum((each - gain) ** 2 for each in differences) / (len(differences) - 1)
        bound = gain - NormalDist().inv_cdf(self.confidence) * math.sqrt(squares / len(differences))
        return gain > _SAME and bound > _SAME


@dataclass(frozen=True, slots=True)
class Always:
    """Whatever it scores, so that a first draft can be gone on from; what is learned is the best on validation all the
    same. Each candidate pays for a validation.

    Example:
        Trainer(program, optimizer, guide, accepting=Always(), choosing=UpperConfidence())
    """

    def passes(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Yes."""
        return True

    def accepts(self, parent: Sequence[float], child: Sequence[float]) -> bool:
        """Yes."""
        return True
