"""`MemoryJournal`: a run's records in memory, for runs without a store."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from trace_core.llm.chat import Usage
from trace_train.records import Candidate, Decision, Ending, Evaluation, EvaluationKey, Proposed


class MemoryJournal:
    """A `Journal` that lasts as long as the object; giving it to another run resumes the one that it holds.

    It holds every trace: a long run over many examples wants a store.
    """

    quick = True

    def __init__(self) -> None:
        self.evaluations: dict[EvaluationKey, Evaluation] = {}
        self.proposals: dict[int, Proposed] = {}
        self.spent_on_nothing: dict[int, Usage] = {}
        self.candidates: dict[str, Candidate] = {}
        self.decisions: dict[int, Decision] = {}
        self.limits: Mapping[str, float] = {}
        self.ending: Ending | None = None
        self.repeated = 0
        """How many evaluations were begun again, since it is not known what came of them."""
        self._begun: set[EvaluationKey] = set()
        self._lock = threading.Lock()

    @property
    def state(self) -> str:
        """running, finished, stopped or failed."""
        return "running" if self.ending is None else self.ending.state

    def start(self, limits: Mapping[str, float]) -> None:
        """The run begins, or goes on."""
        self.limits, self.ending = limits, None

    def original(self) -> Candidate | None:
        """The candidate that was kept first."""
        return next(iter(self.candidates.values()), None)

    def evaluation(self, key: EvaluationKey) -> Evaluation | None:
        """One that was kept."""
        return self.evaluations.get(key)

    def begin(self, key: EvaluationKey) -> None:
        """It is about to be paid for."""
        with self._lock:
            self.repeated += key in self._begun
            self._begun.add(key)

    def keep_evaluation(self, key: EvaluationKey, evaluation: Evaluation) -> None:
        """Keep one; the first stays."""
        with self._lock:
            self.evaluations.setdefault(key, evaluation)
            self._begun.discard(key)

    def proposed(self, step: int) -> Proposed | None:
        """What was proposed in a step."""
        return self.proposals.get(step)

    def keep_proposed(self, step: int, proposed: Proposed) -> None:
        """Keep it."""
        self.proposals.setdefault(step, proposed)

    def cut_off(self, step: int) -> Usage:
        """What the optimizer spent in a step where it was cut off."""
        return self.spent_on_nothing.get(step, Usage())

    def keep_cut_off(self, step: int, usage: Usage) -> None:
        """Keep it, with what was spent before."""
        self.spent_on_nothing[step] = self.cut_off(step) + usage

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a candidate."""
        self.candidates.setdefault(candidate.id, candidate)

    def keep_decision(self, decision: Decision) -> None:
        """Keep what was decided."""
        self.decisions.setdefault(decision.step, decision)

    def finish(self, ending: Ending) -> None:
        """The run ended."""
        self.ending = ending
