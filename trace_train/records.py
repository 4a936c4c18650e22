"""What a training run leaves behind: plain records, of which each is paid for once and kept as soon as it is there.

A run is a function of its settings, its seed and these records. So resuming it is running it again with the records
that were kept: what is known is not paid for twice, and what comes out is what would have come out without the
interruption.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from trace_core.llm.chat import Usage
from trace_core.rendering import shortened

_LONGEST = 300

Values = Mapping[str, Any]
"""Values of parameters by name, as JSON data (as `ParameterSet.save` writes them)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Values for all parameters, and the candidates that they were made of.

    The id is made of the values, so that the same values are one candidate, however they were found.
    """

    values: Values
    parents: tuple[str, ...] = ()
    how: str = "original"
    """original, proposed or merged."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()[:16]


class EvaluationKey(NamedTuple):
    """One evaluation: of which candidate, on which example (by a hash of its JSON), which of its repeats."""

    candidate: str
    example: str
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out: the score, what was said, the output as JSON data, and the trace, for feedback to travel along.

    A program or a guide that raised gives a failing score with the error's text as feedback. `trace` is
    `TraceGraph.to_json()` of what led to the output, whose last node the output is; None where the program gave a value
    that is no node.
    """

    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    feedback: str | None = None
    output: Any = None
    error: str | None = None
    trace: Mapping[str, Any] | None = None
    usage: Usage = field(default_factory=Usage)
    """What the program spent, counted from its trace."""
    guide_usage: Usage = field(default_factory=Usage)
    """What its guide spent: another model, at another price."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Proposed:
    """What an optimizer's step came to: new values for some parameters, or none, and how it came to them."""

    values: Values = field(default_factory=dict)
    problem: str = ""
    answer: str = ""
    reasoning: str = ""
    refusals: Mapping[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    parent: str = ""
    """The candidate that the step began from; "" where that is not known."""
    seen: Sequence[EvaluationKey] = ()
    """The evaluations whose traces the optimizer was shown, in the order of the minibatch."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a candidate was taken, and on what grounds."""

    step: int
    candidate: str
    accepted: bool
    reason: str
    validation: float | None = None
    """Its mean score on the validation examples, if it got that far."""
    minibatch: tuple[float, float] | None = None
    """The mean scores on the minibatch, the parent's and the candidate's, if there was a candidate."""


EndedBy = Literal["rule", "budget", "unreachable", "stop", "error"]
"""What ended a run: a rule of its own, its budget, a model that could not be reached, somebody, or an error."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Mean scores on test examples that nothing was learned from or decided on: on `count` of `of` of them.

    `after` is None where they were not measured; `count` is below `of` where the budget ended before.
    """

    before: float
    after: float | None
    count: int
    of: int

    def __str__(self) -> str:
        after = "not measured" if self.after is None else f"{self.after:.3f}"
        some = "" if self.count == self.of else f", {self.count} of them"
        return f"held-out test ({self.of} examples{some}): {self.before:.3f} before, {after} after"


@dataclass(frozen=True, slots=True)
class Failures:
    """So many evaluations, `count` of `of`, failed: the program raised, or its guide did; with the first error."""

    count: int
    of: int
    error: str

    def __str__(self) -> str:
        return f"{self.count} of {self.of} evaluations failed: {brief(self.error)}"


def brief(text: str) -> str:
    """The first line of a text, cut in the middle where it is long."""
    return shortened(next(iter(text.splitlines()), ""), _LONGEST)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: by what, why in words, with which best candidate, and what held-out examples say of it."""

    ended_by: EndedBy
    reason: str
    best: str | None = None
    test: HeldOut | None = None

    @property
    def state(self) -> str:
        """finished (a rule of its own said so), failed (by an error), or stopped."""
        return {"rule": "finished", "error": "failed"}.get(self.ended_by, "stopped")


class Journal(Protocol):
    """Where a run's records are kept. A call returns once the record is safe; what was kept is there after a crash.

    All methods may be called from several threads and tasks at once; one that has `quick = True`, since none of them
    ever waits for a file or a server, is not called in a thread. `begin` marks an evaluation that is about to be
    paid for: one that was begun and never kept was interrupted, and is paid for again (`repeated` counts those).
    """

    def start(self, limits: Mapping[str, float]) -> None:
        """The run begins, or goes on, within these limits (`Budget.limits`)."""
        ...

    def original(self) -> Candidate | None:
        """The candidate that was kept first: where the run began, whatever the parameters hold by now."""
        ...

    def evaluation(self, key: EvaluationKey) -> Evaluation | None:
        """One that was kept."""
        ...

    def begin(self, key: EvaluationKey) -> None:
        """It is about to be paid for."""
        ...

    def keep_evaluation(self, key: EvaluationKey, evaluation: Evaluation) -> None:
        """Keep one; of one that is there already, the first stays."""
        ...

    def proposed(self, step: int) -> Proposed | None:
        """What the optimizer proposed in a step, if that was kept."""
        ...

    def keep_proposed(self, step: int, proposed: Proposed) -> None:
        """Keep it."""
        ...

    def cut_off(self, step: int) -> Usage:
        """What the optimizer spent in a step where it was cut off, perhaps several times, beside what was kept."""
        ...

    def keep_cut_off(self, step: int, usage: Usage) -> None:
        """Keep what it spent where it was cut off, with what it had spent there before."""
        ...

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a candidate before it is evaluated."""
        ...

    def keep_decision(self, decision: Decision) -> None:
        """Keep what was decided; deciding once more the same is nothing new."""
        ...

    def finish(self, ending: Ending) -> None:
        """The run ended."""
        ...
