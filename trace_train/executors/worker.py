"""What a worker does: it makes the program by its factory, once, and one evaluation after another.

Its answers depend on the settings and the job alone, so that any worker can be asked, and a lost one replaced.
"""

from __future__ import annotations

import asyncio
import atexit
import json
from functools import lru_cache
from typing import Any

from trace_core.graph_json import decode
from trace_train.budget import Spending
from trace_train.data.examples import Example
from trace_train.executors.factories import check, made
from trace_train.executors.messages import reply_text
from trace_train.retrying import Backoff
from trace_train.running import Result, Runner
from trace_train.values import from_data


def evaluate(settings: str, job: str) -> str:
    """Make one evaluation; whatever happens, the answer says so."""
    spending = Spending()
    try:
        return reply_text(_worker(settings).evaluate(json.loads(job), spending), spending)
    except Exception as error:  # noqa: BLE001 - it is raised where the evaluation was asked for
        return reply_text(error, spending)


class Worker:
    """A program with one event loop for all of its evaluations, since clients of models belong to a loop."""

    def __init__(self, settings: dict[str, Any]) -> None:
        task = made(settings["factory"], decode(settings["arguments"]))
        check(settings["factory"], task, settings["expected"])
        self._runner = Runner(
            task.program,
            task.guide,
            task.parameters,
            task.inputs,
            settings["failing"],
            Backoff(**settings["retry"]),
            Spending(),
            settings["prefer_async"],
        )
        self._loop = asyncio.Runner()
        atexit.register(self._loop.close)

    def evaluate(self, job: dict[str, Any], spending: Spending) -> Result:
        """One evaluation, with what it uses charged to `spending`: the driver knows what there is to spend."""
        self._runner.spending = spending
        example = Example(decode(job["example"]), job["id"])
        return self._loop.run(self._runner.run(example, from_data(self._runner.parameters, job["values"])))


@lru_cache(maxsize=1)
def _worker(settings: str) -> Worker:
    return Worker(json.loads(settings))
