"""What observers are told while a run goes on. They see and never touch: what one raises is logged and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trace_train.budget import Spent
from trace_train.records import Candidate, Decision, Evaluation, EvaluationKey, Proposed

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run begins, or goes on: with how many examples of each kind."""

    original: Candidate
    train: int
    validation: int
    test: int
    seed: int
    run: str | None = None
    """The training's id, where a store keeps it."""


@dataclass(frozen=True, slots=True)
class EvaluationsBegan:
    """So many evaluations of a candidate were asked for; `what` is minibatch, validation or test."""

    candidate: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class EvaluationEnded:
    """One evaluation is there; these come in the order in which they end. `known` ones were kept before."""

    key: EvaluationKey
    score: float
    error: str | None
    known: bool
    seconds: float
    evaluation: Evaluation
    """All of it, with its trace."""


@dataclass(frozen=True, slots=True)
class EvaluationLost:
    """The worker of an evaluation ended before it did. The first time, it is run again."""

    key: EvaluationKey
    error: str


@dataclass(frozen=True, slots=True)
class ProposalMade:
    """The optimizer proposed, or proposed nothing."""

    step: int
    parent: str
    proposed: Proposed
    known: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """A step ended; `best` is the mean validation score of the best candidate so far."""

    decision: Decision
    best: float
    spent: Spent


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run ended, with its best candidate."""

    state: str
    reason: str
    best: Candidate
    spent: Spent


Event = RunBegan | EvaluationsBegan | EvaluationEnded | EvaluationLost | ProposalMade | Decided | RunEnded
Observer = Callable[[Event], None]
"""A function that is told of each event, on the run's own thread or task: what takes long belongs elsewhere."""


def tell(observers: Sequence[Observer], event: Event) -> None:
    """Tell each observer."""
    for observer in observers:
        try:
            observer(event)
        except Exception as error:  # noqa: BLE001 - an observer's failure must not end a run that is paid for
            _log.warning("%r failed on %s: %s", observer, type(event).__name__, error, exc_info=error)
