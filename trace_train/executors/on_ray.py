"""Evaluations as tasks of a Ray cluster (https://docs.ray.io/en/latest/ray-core/tasks.html), on one machine or many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from trace_core.errors import MissingExtra
from trace_train.data.examples import Example
from trace_train.errors import TrainingError, WorkerLost
from trace_train.executors.base import Run
from trace_train.executors.factories import checked_path
from trace_train.executors.messages import job_text, result_of, settings_text
from trace_train.executors.worker import evaluate
from trace_train.running import Result, Runner


class RayExecutor:
    """Evaluations run as Ray tasks, each on whatever machine has room; each worker makes the program by its factory.

    A task whose worker or machine is lost is run again once; what it had spent is not known and not counted. A
    program's models that are `Metered` are counted there and not held back: each worker may pass the budget by the run
    that it is making. All records are in the driver's journal: the cluster may be another one when a run is gone on
    with. The workers must be able to import the factory and this package, in the same versions; before the run,
    `ray.init(runtime_env={"working_dir": "."})` brings a folder there.

    Args:
        factory, arguments: as of `ProcessExecutor`.
        address: of a cluster, as `ray.init` takes it; by default the one that this program is connected to or that
            RAY_ADDRESS names, else one is started on this machine and ended after the run.
        options: of the task, as `ray.remote` takes them: num_cpus, resources, memory, runtime_env, scheduling_strategy.

    Raises:
        InvalidFactory: this is no import path.
        MissingExtra: ray is not installed.

    Example:
        executor = RayExecutor("support.training:make", num_cpus=1)
        trainer = Trainer(program, OptoPrime(parameters), guide, inputs=inputs, executor=executor)
        trainer.fit(train, validation, parallel=64)
    """

    def __init__(
        self, factory: str, *, arguments: Mapping[str, Any] | None = None, address: str | None = None, **options: Any
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtra("RayExecutor", "ray") from error
        self.factory = checked_path(factory)
        self.arguments = dict(arguments or {})
        self.address = address
        self._task: Any = ray.remote(max_retries=0, **options)(evaluate)

    @asynccontextmanager
    async def open(self, runner: Runner) -> AsyncIterator[Run]:
        """Connected to the cluster as long as the block lasts, or longer, where that was so before."""
        import ray

        settings = settings_text(self.factory, self.arguments, runner)
        connected = ray.is_initialized()
        if not connected:
            await asyncio.to_thread(ray.init, address=self.address)

        async def run(example: Example, values: Mapping[str, Any]) -> Result:
            return result_of(await self._asked(settings, job_text(runner, example, values)), runner.spending)

        try:
            yield run
        finally:
            if not connected:
                ray.shutdown()

    async def _asked(self, settings: str, job: str) -> str:
        import ray
        from ray import exceptions

        task = self._task.remote(settings, job)
        try:
            reply: str = await task
            return reply
        except asyncio.CancelledError:
            ray.cancel(task, force=True)
            raise
        except (
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.LocalRayletDiedError,
            exceptions.ObjectLostError,
            exceptions.OutOfMemoryError,
        ) as error:
            raise WorkerLost(f"a Ray worker was lost during an evaluation: {type(error).__name__}: {error}") from error
        except exceptions.RayError as error:  # evaluate raises nothing
            raise TrainingError(f"Ray could not run an evaluation: {error}") from error
