"""`Trainer`: learns a program's parameters from examples, with one call that can be interrupted and resumed.

A run is a function of its settings, its seed and its records: every random choice is drawn from the seed and the step,
and results count in the order in which they were asked for. So there is no state to save: to resume is to run again
over the journal, which gives back at once what was paid for.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from trace_core.optimizers.base import Optimizer
from trace_core.parameters import ParameterSet
from trace_train.budget import Budget, Spending
from trace_train.data.examples import Data, Examples, Field
from trace_train.evaluating import Evaluator
from trace_train.events import Observer
from trace_train.executors.base import Executor, InProcess
from trace_train.fitting import Fit, warn_of_leaks
from trace_train.guides.base import Guide
from trace_train.interrupting import run_interruptibly
from trace_train.memory import MemoryJournal
from trace_train.progress import shown
from trace_train.records import Journal
from trace_train.report import Report
from trace_train.retrying import Backoff, Retry
from trace_train.running import Runner
from trace_train.strategies import (
    Accepting,
    Batching,
    Best,
    Choosing,
    Margin,
    Merging,
    Never,
    OneStep,
    Patience,
    Proposing,
    Shuffled,
    Stopping,
)


@dataclass(frozen=True, slots=True)
class Strategies:
    """The decisions of a search."""

    proposing: Proposing
    batching: Batching = field(default_factory=Shuffled)
    choosing: Choosing = field(default_factory=Best)
    accepting: Accepting = field(default_factory=Margin)
    merging: Merging = field(default_factory=Never)
    stopping: Sequence[Stopping] = (Patience(),)


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of a run."""

    batch_size: int
    parallel: int
    budget: Budget | None
    seed: int

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.parallel < 1:
            raise ValueError(f"batch_size ({self.batch_size}) and parallel ({self.parallel}) must be at least 1")


class Trainer:
    """Learns the parameters of a program from examples.

    Args:
        program: a function, sync or async, from an example to a node or a value: `recorder.program(agent)`, a bundle, a
            module. What it gives must be a node for feedback to reach the parameters.
        optimizer: proposes new values: an optimizer of `trace_core`, or a `Proposing`.
        guide: says how good an output is (`trace_train.guides`).
        inputs: which part of an example the program is given: a key, an attribute, an index or a function; by default
            the whole example.
        repeats: how often each example is run, against noise; the mean counts.
        failing: the score of a run that fails.
        retry: what happens when a model cannot be reached.
        batching, choosing, accepting, merging, stopping: the strategies of the search.
        executor: where evaluations run; by default in this process (`trace_train.executors`).
        observers: are told of each event (`trace_train.events`).
        progress: whether progress is shown; by default in terminals and notebooks.

    Example:
        trainer = Trainer(recorder.program(route), OptoPrime(parameters), Exact("queue"), inputs="text")
        report = trainer.fit(train, validation, test=test, batch_size=4, parallel=8, budget=Budget(calls=300))
        print(report)
        report.save("learned.json")
    """

    def __init__(
        self,
        program: Any,
        optimizer: Optimizer | Proposing,
        guide: Guide,
        *,
        inputs: Field | None = None,
        repeats: int = 1,
        failing: float = 0.0,
        retry: Retry | None = None,
        executor: Executor | None = None,
        observers: Sequence[Observer] = (),
        progress: bool | None = None,
        **strategies: Any,
    ) -> None:
        if repeats < 1:
            raise ValueError(f"repeats must be at least 1, not {repeats}")
        self._retry = retry or Backoff()
        proposing = OneStep(optimizer, self._retry) if isinstance(optimizer, Optimizer) else optimizer
        self.strategies = Strategies(proposing, **strategies)
        self._program = program
        self._guide = guide
        self._inputs = inputs
        self._repeats = repeats
        self._failing = failing
        self._executor = executor or InProcess()
        self._observers = tuple(observers)
        self._progress = progress
        self._stopped: str | None = None

    @property
    def parameters(self) -> ParameterSet:
        """What is learned."""
        return self.strategies.proposing.parameters

    def stop(self, reason: str = "it was asked to stop") -> None:
        """End the run that goes on, from any thread: what has begun is finished and kept, the best so far applied."""
        self._stopped = reason

    def fit(
        self,
        train: Data,
        validation: Data | None = None,
        *,
        test: Data | None = None,
        batch_size: int = 4,
        parallel: int = 8,
        budget: Budget | None = None,
        seed: int = 0,
        journal: Journal | None = None,
        **strategies: Any,
    ) -> Report:
        """Search for better values until a stopping rule or the budget ends it; the best are applied then.

        However it ends, also by Ctrl-C, the program has the best values so far; a second Ctrl-C does not wait for what
        goes on. Works inside a running event loop too.

        Args:
            train: examples to learn from.
            validation: examples to decide on; by default those to learn from.
            test: examples to measure with, before and after; nothing is decided on them. The budget pays for them, and
                keeps back what the measurement after is going to take.
            batch_size: examples that a step looks at.
            parallel: evaluations that go on at once.
            budget: what may be spent, also by what a journal holds already.
            seed: of all that is random.
            journal: where records are kept, and those of an earlier run are, which is gone on with; by default in
                memory.
            strategies: in place of the trainer's own, for this run.

        Raises:
            InvalidData: examples cannot be used.
            CandidateNotSeen, InvalidGuide, NoLLM: the program, guide or optimizer cannot be trained with.

        Warns:
            SeenInTraining: test examples are also learned from or decided on.
        """
        data, settings = (train, validation, test), Settings(batch_size, parallel, budget, seed)
        return run_interruptibly(self._fit(data, settings, journal, strategies, prefer_async=False), self.stop)

    async def afit(
        self,
        train: Data,
        validation: Data | None = None,
        *,
        test: Data | None = None,
        batch_size: int = 4,
        parallel: int = 8,
        budget: Budget | None = None,
        seed: int = 0,
        journal: Journal | None = None,
        **strategies: Any,
    ) -> Report:
        """`fit` in async code, with the program's async face. Cancelling it applies the best so far, too."""
        data, settings = (train, validation, test), Settings(batch_size, parallel, budget, seed)
        return await self._fit(data, settings, journal, strategies, prefer_async=True)

    async def _fit(
        self,
        data: tuple[Data, Data | None, Data | None],
        settings: Settings,
        journal: Journal | None,
        strategies: dict[str, Any],
        prefer_async: bool,
    ) -> Report:
        self._stopped = None
        train, validation, test = data
        examples = {
            "train": Examples(train, "train"),
            "validation": Examples(train if validation is None else validation, "validation"),
            "test": Examples(() if test is None else test, "test"),
        }
        warn_of_leaks(examples)
        async with AsyncExitStack() as stack:
            threads = ThreadPoolExecutor(settings.parallel, thread_name_prefix="evaluation")
            stack.callback(threads.shutdown, wait=False, cancel_futures=True)
            observers = (*self._observers, *stack.enter_context(shown(self._progress)))
            runner = Runner(
                self._program,
                self._guide,
                self.parameters,
                self._inputs,
                self._failing,
                self._retry,
                Spending(settings.budget),
                threads,
                prefer_async,
            )
            journal = MemoryJournal() if journal is None else journal
            run = await stack.enter_async_context(self._executor.open(runner))
            evaluator = Evaluator(
                runner, run, journal, settings.parallel, self._repeats, lambda: self._stopped, observers
            )
            return await Fit(evaluator, replace(self.strategies, **strategies), examples, settings).run()
