"""Evaluations of a candidate on examples: as many at once as wanted, each kept as soon as it is there.

What comes of them depends on the order in which they were asked for and never on that in which they end. So an
evaluation counts only if there was room for it after all before it had been paid; one that went over is kept all the
same, for a run that goes on with more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trace_core.errors import BudgetExceeded, TraceError
from trace_core.llm.chat import Usage
from trace_train.budget import Spent
from trace_train.calling import in_thread, self_cancelled
from trace_train.data.examples import Example
from trace_train.errors import InvalidGuide, Unreachable, WorkerLost
from trace_train.events import EvaluationEnded, EvaluationLost, EvaluationsBegan, Observer, tell
from trace_train.records import Candidate, Evaluation, EvaluationKey, Failures, Journal
from trace_train.running import Result, Runner
from trace_train.searching import mean
from trace_train.values import from_data

_log = logging.getLogger(__name__)
_TRIES = 2


class Interrupted(TraceError):
    """A run was asked to stop."""


class Outcome(NamedTuple):
    """What came of an evaluation; `cost` is what it added in this run."""

    score: float
    cost: Spent
    error: str | None = None
    kept: bool = True
    guide_failed: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of those that were asked for together, and what was raised, by their places in the order of asking."""

    ended: dict[int, Outcome] = field(default_factory=dict)
    errors: dict[int, BaseException] = field(default_factory=dict)


_FEW = 3
"""So many that fail in passing may do so by their own fault."""


@dataclass(slots=True, eq=False)
class Evaluator:
    """Evaluates candidates.

    Args:
        runner: what is evaluated, and what it has spent.
        run: makes one evaluation, wherever it runs; raises what `Runner.run` raises, and WorkerLost.
        journal: keeps them.
        parallel: how many go on at once.
        repeats: how often each example is run; its score is the mean.
        stopped: why no further evaluation should begin, if there is a reason.
    """

    runner: Runner
    run: Callable[[Example, Mapping[str, Any]], Awaitable[Result]]
    journal: Journal
    parallel: int = 8
    repeats: int = 1
    stopped: Callable[[], str | None] = lambda: None
    observers: Sequence[Observer] = ()
    _scores: dict[EvaluationKey, float] = field(default_factory=dict)
    _errors: dict[EvaluationKey, str] = field(default_factory=dict)
    _guided: bool = False
    """Whether the guide gave a score at all."""

    async def evaluate(self, candidate: Candidate, examples: Sequence[Example], what: str) -> list[float]:
        """The score on each example, in order.

        Raises:
            BudgetExceeded, Interrupted: not all could be evaluated; those that were are kept.
            Unreachable: most of them failed in passing.
            CandidateNotSeen, InvalidGuide: as of `Runner.run`.
        """
        by_id = {example.id: example for example in examples}
        id = candidate.id
        new = [key for each in by_id for key in self._keys(id, each) if key not in self._scores]
        tell(self.observers, EvaluationsBegan(id, what, len(new)))
        if new:
            before = self.runner.spending.spent
            values = from_data(self.runner.parameters, candidate.values)
            asked = await self._all([(key, by_id[key.example]) for key in new], values)
            self._count(len(new), asked, before)
        return [mean([self._scores[key] for key in self._keys(id, each.id)]) for each in examples]

    def known(self, candidate: Candidate, example: Example) -> float | None:
        """The score on an example, as far as it was evaluated in this run."""
        known = [self._scores[key] for key in self._keys(candidate.id, example.id) if key in self._scores]
        return mean(known) if known else None

    def failures(self, candidate: Candidate, examples: Iterable[Example]) -> Failures | None:
        """How many evaluations of a candidate failed, of those of this run; None where none did."""
        keys = dict.fromkeys(key for each in examples for key in self._keys(candidate.id, each.id))
        ended = [key for key in keys if key in self._scores]
        errors = [self._errors[key] for key in ended if key in self._errors]
        return Failures(len(errors), len(ended), errors[0]) if errors else None

    def worst(self, candidate: Candidate, example: Example) -> EvaluationKey:
        """Which evaluation of an example was the worst of its repeats, of those of this run."""
        return min(self._keys(candidate.id, example.id), key=lambda key: self._scores[key])

    def kept(self, candidate: Candidate, examples: Iterable[Example]) -> Iterator[Evaluation]:
        """The evaluations of a candidate that the journal holds, in order."""
        for key in (key for each in examples for key in self._keys(candidate.id, each.id)):
            if (evaluation := self.journal.evaluation(key)) is not None:
                yield evaluation

    def _keys(self, candidate: str, example: str) -> list[EvaluationKey]:
        return [EvaluationKey(candidate, example, repeat) for repeat in range(self.repeats)]

    # --- all of them

    async def _all(self, jobs: Iterable[tuple[EvaluationKey, Example]], values: Mapping[str, Any]) -> _Asked:
        """Begin them in order while there is room, and wait until all that began have ended.

        Each that ends begins the next itself, so that those that go on at once do not wait for each other in turn.
        """
        asked, rest, here = _Asked(), enumerate(jobs), copy_context()
        running: set[asyncio.Task[None]] = set()
        all_ended = asyncio.Event()

        def begin_next() -> bool:
            if self.runner.is_over or asked.errors or self.stopped() or not self._has_room(len(running)):
                return False
            place, job = next(rest, (0, None))
            if job is None:
                return False
            running.add(asyncio.create_task(one(place, *job), context=here.copy()))
            return True

        async def one(place: int, key: EvaluationKey, example: Example) -> None:
            task = asyncio.current_task()
            try:
                asked.ended[place] = await self._one(key, example, values)
            except Exception as error:  # noqa: BLE001 - the first one, in the order of asking, is raised in the end
                asked.errors[place] = error
            except asyncio.CancelledError as error:
                if not self.runner.is_over:
                    asked.errors[place] = self_cancelled(error)
            except BaseException as error:
                asked.errors[place] = error
                if isinstance(error, (KeyboardInterrupt, SystemExit)):
                    raise
            finally:
                running.discard(task)
                begin_next()
                if not running:
                    all_ended.set()

        while len(running) < self.parallel and begin_next():
            pass
        try:
            if running:
                await all_ended.wait()
        except BaseException:  # this was cancelled, and so are they
            self.runner.is_over = True
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            raise
        return asked

    def _has_room(self, running: int) -> bool:
        spending = self.runner.spending
        return spending.has_room(spending.spent, running)

    async def _one(self, key: EvaluationKey, example: Example, values: Mapping[str, Any]) -> Outcome:
        spending = self.runner.spending
        evaluation = await in_thread(self.journal.evaluation, key)
        known = evaluation is not None
        if evaluation is None:
            result = await self._run(key, example, values)
            if self.runner.is_over:  # what a program gave when it was cancelled says nothing
                raise asyncio.CancelledError
            evaluation = result.evaluation
            if result.kept:
                await in_thread(self.journal.keep_evaluation, key, evaluation)
            outcome = Outcome(evaluation.score, result.cost, evaluation.error, result.kept, result.guide_failed)
        else:
            cost = spending.charge("program", evaluation.usage, evaluations=1)
            cost += spending.charge("guide", evaluation.guide_usage)
            outcome = Outcome(evaluation.score, cost, evaluation.error)
        ended = EvaluationEnded(key, outcome.score, outcome.error, known, evaluation.seconds, evaluation)
        self._scores[key] = outcome.score
        if outcome.error is not None:
            self._errors[key] = outcome.error
        tell(self.observers, ended)
        return outcome

    async def _run(self, key: EvaluationKey, example: Example, values: Mapping[str, Any]) -> Result:
        """Run it; once more, where its worker is lost."""
        for _ in range(_TRIES):
            await in_thread(self.journal.begin, key)
            try:
                return await self.run(example, values)
            except WorkerLost as error:
                lost = str(error)
                _log.warning("the evaluation %s of candidate %s is lost: %s", key.example, key.candidate, lost)
                tell(self.observers, EvaluationLost(key, lost))
        cost = self.runner.spending.charge("program", Usage(), evaluations=1)
        return Result(Evaluation(self.runner.failing, feedback=lost, error=lost), cost, kept=False)

    # --- what came of them

    def _count(self, wanted: int, asked: _Asked, spent: Spent) -> None:
        """Make sure that all are there, and that there was room for each after those before it."""
        spending = self.runner.spending
        errors = [asked.errors[place] for place in sorted(asked.errors)]
        for error in sorted(errors, key=lambda error: isinstance(error, BudgetExceeded)):
            raise error
        ended = [asked.ended[place] for place in sorted(asked.ended)]
        for outcome in ended:
            if not spending.has_room(spent):
                raise BudgetExceeded(spending.why_full())
            spent += outcome.cost
        if len(ended) < wanted:
            reason = self.stopped()
            raise BudgetExceeded(spending.why_full()) if reason is None else Interrupted(reason)
        for outcome in ended:
            spending.evaluated(outcome.cost)
        self._check(ended)

    def _check(self, ended: Sequence[Outcome]) -> None:
        """Make sure that the scores say something about the candidate."""
        in_passing = [outcome for outcome in ended if not outcome.kept]
        if len(in_passing) > max(_FEW, len(ended) / 2):
            share = f"{len(in_passing)} of {len(ended)}"
            raise Unreachable(f"{share} evaluations failed in passing: {in_passing[0].error}")
        self._guided = self._guided or not all(outcome.guide_failed for outcome in ended)
        if not self._guided:
            raise InvalidGuide(f"on every example: {ended[0].error}")
