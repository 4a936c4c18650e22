"""`Trainer`: learns a program's parameters from examples, with one call that can be interrupted and resumed.

A run is a function of its settings, its seed and its records: every random choice is drawn from the seed and the step,
and results count in the order in which they were asked for. So there is no state to save: to resume is to run again
over the journal, which gives back at once what was paid for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from trace_core.optimizers.base import Optimizer
from trace_core.parameters import ParameterSet
from trace_train.budget import Budget, Prices, Spending
from trace_train.checking import check
from trace_train.data.examples import Data, Examples, Field
from trace_train.evaluating import Evaluator
from trace_train.events import Observer
from trace_train.executors.base import Executor, InProcess
from trace_train.fitting import Fit
from trace_train.guides.base import Guide
from trace_train.interrupting import run_interruptibly
from trace_train.keeping import Place, opened, settings_of
from trace_train.memory import MemoryJournal
from trace_train.progress import shown
from trace_train.records import Journal
from trace_train.report import Report
from trace_train.retrying import Backoff, Retry
from trace_train.running import Runner
from trace_train.settings import Settings, Strategies, described, digests, expect, expect_whole
from trace_train.strategies import OneStep, Proposing
from trace_train.threads import Threads


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
        store: where each run is kept, for `resume` and for whoever looks at it: a path, a URL, or a
            `trace_train.store.Store` (extra `train`); by default nowhere.
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
        store: Place | None = None,
        executor: Executor | None = None,
        observers: Sequence[Observer] = (),
        progress: bool | None = None,
        **strategies: Any,
    ) -> None:
        expect_whole("repeats", repeats)
        if not isinstance(failing, (int, float)) or not math.isfinite(failing):
            raise ValueError(f"failing must be a finite number, not {failing!r}")
        expect("optimizer", optimizer, "one, such as OptoPrime(parameters)", "propose")
        expect("guide", guide, 'a function of an example and an output, such as Exact("answer")', "__call__")
        if retry is not None:
            expect("retry", retry, "one, such as Backoff(tries=3)", "__call__")
        if executor is not None:
            expect("executor", executor, 'one, such as ProcessExecutor("module:factory")', "open")
        expect("observers", observers, "a list of functions of an event", "__iter__")
        self._retry = retry or Backoff()
        proposing = OneStep(optimizer, self._retry) if isinstance(optimizer, Optimizer) else optimizer
        self.strategies = Strategies(proposing).but(strategies)
        self._program = program
        self._guide = guide
        self._inputs = inputs
        self._repeats = repeats
        self._failing = failing
        self._store = store
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
            journal: where records are kept, and those of an earlier run are, which is gone on with; by default a new
                training of the trainer's store, or memory.
            strategies: in place of the trainer's own, for this run.

        Raises:
            InvalidData: examples cannot be used, or none has the part `inputs`.
            CandidateNotSeen, NothingToLearn, InvalidGuide, NoLLM: the program, guide or optimizer cannot be trained
                with.
            StoreError: the store cannot be used.

        Warns:
            SeenInTraining: test examples are also learned from or decided on.
        """
        data, settings = self._examples(train, validation, test), Settings(batch_size, parallel, budget, seed)
        return run_interruptibly(self._fit(data, settings, strategies, journal), self.stop)

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
        data, settings = self._examples(train, validation, test), Settings(batch_size, parallel, budget, seed)
        return await self._fit(data, settings, strategies, journal, prefer_async=True)

    def resume(
        self,
        run_id: str,
        train: Data,
        validation: Data | None = None,
        *,
        test: Data | None = None,
        parallel: int = 8,
        budget: Budget | None = None,
        **strategies: Any,
    ) -> Report:
        """Go on with a run of the trainer's store, in another process too: what was paid for is not paid for again.

        Batch size and seed are those that it was begun with; examples, guide, strategies and the like have to be. What
        is your own (a guide, a strategy) is known by its name alone.

        Args:
            run_id: `Report.run`, or as `trace-suite runs` lists it.
            train, validation, test, parallel, budget, strategies: as of `fit`.

        Raises:
            SettingsDiffer: it was begun with others; the message lists them.
            NoSuchRun: the store holds no such training.
            StoreBusy: it goes on in another process.
            TrainingError: the trainer has no store.
        """
        data = self._examples(train, validation, test)
        settings = settings_of(self._store, run_id, parallel, budget)
        return run_interruptibly(self._fit(data, settings, strategies), self.stop)

    async def aresume(
        self,
        run_id: str,
        train: Data,
        validation: Data | None = None,
        *,
        test: Data | None = None,
        parallel: int = 8,
        budget: Budget | None = None,
        **strategies: Any,
    ) -> Report:
        """`resume` in async code, with the program's async face."""
        data = self._examples(train, validation, test)
        settings = settings_of(self._store, run_id, parallel, budget)
        return await self._fit(data, settings, strategies, prefer_async=True)

    def _examples(self, train: Data, validation: Data | None, test: Data | None) -> dict[str, Examples]:
        examples = {
            "train": Examples(train, "train"),
            "validation": Examples(train if validation is None else validation, "validation"),
            "test": Examples(() if test is None else test, "test"),
        }
        check(examples, self._inputs)
        return examples

    async def _fit(
        self,
        examples: Mapping[str, Examples],
        settings: Settings,
        given: Mapping[str, Any],
        journal: Journal | None = None,
        *,
        prefer_async: bool = False,
    ) -> Report:
        self._stopped = None
        strategies = self.strategies.but(given)
        async with AsyncExitStack() as stack:
            stack.enter_context(Threads())
            observers = (*self._observers, *stack.enter_context(shown(self._progress)))
            runner = Runner(
                self._program,
                self._guide,
                self.parameters,
                self._inputs,
                self._failing,
                self._retry,
                Spending(settings.budget),
                prefer_async,
            )
            run = await stack.enter_async_context(self._executor.open(runner))
            if journal is None:
                journal = self._journal(stack, examples, settings, strategies)
            evaluator = Evaluator(
                runner, run, journal, settings.parallel, self._repeats, lambda: self._stopped, observers
            )
            return await Fit(evaluator, strategies, examples, settings).run()

    def _journal(
        self, stack: AsyncExitStack, examples: Mapping[str, Examples], settings: Settings, strategies: Strategies
    ) -> Journal:
        """Where a run is kept: in the store, with what it was told, or in memory."""
        if self._store is None:
            return MemoryJournal()
        told = {
            "batch_size": settings.batch_size,
            "repeats": self._repeats,
            "failing": self._failing,
            "inputs": described(self._inputs),
            "guide": described(self._guide),
            "strategies": strategies.described(),
            "examples": digests(examples),
        }
        if settings.budget is not None and isinstance(prices := settings.budget.prices, Prices):
            told["budget"] = {"prices": asdict(prices)}
        store = stack.enter_context(opened(self._store))
        return store.journal(settings.resumed, settings=told, seed=settings.seed)
