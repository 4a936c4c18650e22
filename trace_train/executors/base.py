"""The contract of executors, which say where evaluations run, and the one that everything begins with: this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from trace_train.data.examples import Example
from trace_train.running import Result, Runner


class Run(Protocol):
    """Makes one evaluation. Many tasks call it at once; what comes of each is independent of the others."""

    async def __call__(self, example: Example, values: Mapping[str, Any], /) -> Result:
        """The evaluation of values of parameters on an example, as of `Runner.run`."""
        ...


class Executor(Protocol):
    """The contract of an executor.

    `open` gives, for the time of an `async with`, what makes evaluations. Wherever one runs, it is what `runner.run`
    would have made of the same program: the same score, trace and usage, and the same errors (CandidateNotSeen,
    BudgetExceeded, InvalidGuide). What it used is charged to `runner.spending` before it is given or an error is
    raised. Where that ended which was making it (a process, a machine), it raises WorkerLost; it is asked for once
    more then, and that must not depend on what was lost. A failing program, guide or example is none of these: it is a
    failing score.

    An executor keeps no record: what it has given is in the driver's journal, and what it has not given is not known.
    So nothing is lost with it, and it may be another one when a run is gone on with. However the block ends, nothing
    that was begun in it goes on.
    """

    def open(self, runner: Runner) -> AbstractAsyncContextManager[Run]:
        """Make ready to evaluate what the runner has; what takes long, such as a process, may wait until it is needed.

        Raises:
            MissingExtra: what it needs is not installed.
        """
        ...


class InProcess:
    """Evaluations run on the event loop and the threads of this process: right for programs that wait for models."""

    @asynccontextmanager
    async def open(self, runner: Runner) -> AsyncIterator[Run]:
        """The runner's own way."""
        yield runner.run
