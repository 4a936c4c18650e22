"""What came of a run, for people and for files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from trace_core.llm.chat import Usage
from trace_core.parameters import ParameterSet
from trace_train.budget import Role, Spent
from trace_train.exporting import differences
from trace_train.records import Candidate, Decision, EndedBy, Failures, HeldOut, brief
from trace_train.values import apply, from_data

_FEW = 2


@dataclass(frozen=True, slots=True)
class Learned:
    """A candidate with the parameters that it gives values to."""

    candidate: Candidate
    parameters: ParameterSet = field(repr=False)

    @property
    def id(self) -> str:
        """The candidate's id."""
        return self.candidate.id

    @property
    def values(self) -> dict[str, Any]:
        """The values by name, as the parameters take them."""
        return from_data(self.parameters, self.candidate.values)

    def apply(self) -> None:
        """Write the values where the program reads them, all or none; `parameter.revert()` goes back."""
        apply(self.parameters, self.candidate)

    def save(self, path: str | PathLike[str]) -> None:
        """Save the values as a file for `ParameterSet.load`."""
        with self.parameters.candidate(self.values):
            self.parameters.save(path)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Args:
        state: finished, or stopped.
        ended_by: a rule (it is finished), the budget, a model that was unreachable, or somebody's stop.
        reason: why it ended, in words.
        best: the best candidate; it is applied.
        original: what the run began with.
        steps: what was decided, step by step.
        validation: mean validation scores of the original and the best, by which it was selected: the second one is
            too high. None where the run did not come so far.
        test: scores on examples that were held out; None where there are none.
        failures: how many evaluations of the best on validation examples failed, and the first error; None where none
            did.
        spent: in all, also in earlier parts of a run that was resumed.
        by_role: what the program, its guide and the optimizer asked of LLMs.
        repeated: evaluations that an interruption had cut off, and that were paid for again.
        run: the training's id in its store, for `Trainer.resume`; None without one.
    """

    state: str
    ended_by: EndedBy
    reason: str
    best: Learned
    original: Learned
    steps: Sequence[Decision]
    validation: tuple[float, float] | None
    test: HeldOut | None
    spent: Spent
    by_role: Mapping[Role, Usage]
    failures: Failures | None = None
    repeated: int = 0
    seconds: float = 0.0
    run: str | None = None

    def save(self, path: str | PathLike[str]) -> None:
        """Save the best values as a file for `ParameterSet.load`."""
        self.best.save(path)

    def diff(self) -> str:
        """What was learned, as a unified diff of each value that is another one now."""
        return "\n".join(differences(self.original.candidate.values, self.best.candidate.values).values())

    def __str__(self) -> str:
        accepted = sum(decision.accepted for decision in self.steps)
        which = "" if self.run is None else f"training {self.run} "
        lines = [f"{which}{self.state}: {self.reason}", f"{len(self.steps)} steps, {accepted} accepted"]
        if self.validation is not None:
            before, after = self.validation
            lines.append(f"validation, on which it was selected: {before:.3f} before, {after:.3f} after")
        if self.failures is not None:
            lines.append(f"validation of the best: {self.failures}")
        lines.append("no held-out test: the validation score is too high" if self.test is None else str(self.test))
        lines.append(f"spent: {self.spent}")
        used = {role: usage for role, usage in self.by_role.items() if usage.calls}
        lines += [f"  {role}: {usage.calls:,} calls, {usage.tokens:,} tokens" for role, usage in used.items()]
        if self.repeated:
            lines.append(f"{self.repeated} evaluations were cut off by an interruption, and paid for again")
        return "\n".join([*lines, self.diff() or f"nothing was learned{self._why()}"])

    def _why(self) -> str:
        """The most frequent reasons of the steps, in words."""
        reasons = Counter(map(_kind, self.steps)).most_common(_FEW)
        said = "; ".join(f"{reason} ({count} of {len(self.steps)} steps)" for reason, count in reasons)
        return f": {said}" if said else ""


def _kind(decision: Decision) -> str:
    """Why a step came to nothing, the same for all that did so in the same way."""
    if decision.validation is not None:
        return "no better on validation" + (", accepted all the same" if decision.accepted else "")
    return brief(decision.reason) if decision.minibatch is None else "not good enough on the minibatch"
