"""Evaluations in worker processes on this machine, for programs that compute."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from trace_train.data.examples import Example
from trace_train.executors.base import Run
from trace_train.executors.factories import checked_path
from trace_train.executors.messages import job_text, result_of, settings_text
from trace_train.executors.pool import Pool
from trace_train.running import Result, Runner


class ProcessExecutor:
    """Evaluations run in processes of their own, one at a time in each; each makes the program by its factory.

    A process starts when it is first needed. One that is killed, or crashes, is replaced, and its evaluation is run
    again once; what it had spent is not known and not counted. A program's models that are `Metered` are counted there
    and not held back: each worker may pass the budget by the run that it is making.

    Args:
        factory: the import path of a function, "package.module:function", that gives (program, parameters, guide) or
            (program, parameters, guide, inputs); the trainer is given what the same function makes.
        workers: how many processes; by default one for each processor. `fit(parallel=…)` should be no less.
        arguments: the factory's keyword arguments, plain data. Keys of models belong into the environment, which
            workers share.

    Raises:
        InvalidFactory: this is no import path.

    Example:
        program, parameters, guide, inputs = make()
        executor = ProcessExecutor("support.training:make", workers=4)
        trainer = Trainer(program, OptoPrime(parameters), guide, inputs=inputs, executor=executor)
    """

    def __init__(self, factory: str, *, workers: int | None = None, arguments: Mapping[str, Any] | None = None) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self.factory = checked_path(factory)
        self.workers = workers or os.cpu_count() or 1
        self.arguments = dict(arguments or {})

    @asynccontextmanager
    async def open(self, runner: Runner) -> AsyncIterator[Run]:
        """Processes that are started when they are needed, and ended with the block."""
        pool = Pool(settings_text(self.factory, self.arguments, runner), self.workers)

        async def run(example: Example, values: Mapping[str, Any]) -> Result:
            return result_of(await pool.ask(job_text(runner, example, values)), runner.spending)

        try:
            yield run
        finally:
            await pool.close()
