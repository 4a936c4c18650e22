"""`MemoryJournal`: a run's records in memory, for runs without a store."""

from __future__ import annotations

import threading

from trace_train.records import Candidate, Decision, Evaluation, EvaluationKey, Proposed


class MemoryJournal:
    """A `Journal` that lasts as long as the object; giving it to another run resumes the one that it holds.

    It holds every trace: a long run over many examples wants a store.
    """

    quick = True

    def __init__(self) -> None:
        self.evaluations: dict[EvaluationKey, Evaluation] = {}
        self.proposals: dict[int, Proposed] = {}
        self.candidates: dict[str, Candidate] = {}
        self.decisions: dict[int, Decision] = {}
        self.state = "running"
        self.best: str | None = None
        self.repeated = 0
        """How many evaluations were begun again, since it is not known what came of them."""
        self._begun: set[EvaluationKey] = set()
        self._lock = threading.Lock()

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

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a candidate."""
        self.candidates.setdefault(candidate.id, candidate)

    def keep_decision(self, decision: Decision) -> None:
        """Keep what was decided."""
        self.decisions.setdefault(decision.step, decision)

    def finish(self, state: str, best: str | None) -> None:
        """The run ended."""
        self.state, self.best = state, best
