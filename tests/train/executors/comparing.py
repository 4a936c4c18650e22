"""The same short run on any executor, and what must be the same of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from tests.train.synthetic import NO_PAUSE, HashChat, examples
from trace_core import OptoPrime, ParameterSet
from trace_train import MaxSteps, MemoryJournal, Report, Trainer
from trace_train.executors import Executor


def trained(
    made: tuple[Any, ...],
    executor: Executor | None = None,
    *,
    steps: int = 0,
    count: int = 4,
    data: Sequence[Any] | None = None,
    journal: MemoryJournal | None = None,
    observers: Sequence[Callable[[Any], None]] = (),
    **options: Any,
) -> tuple[Report, MemoryJournal]:
    """A run on what a factory made."""
    program, parameters, guide, *inputs = made
    journal = MemoryJournal() if journal is None else journal
    trainer = Trainer(
        program,
        OptoPrime(ParameterSet.of(parameters), HashChat(), memory_size=2),
        guide,
        inputs=inputs[0] if inputs else None,
        retry=NO_PAUSE,
        executor=executor,
        observers=observers,
        progress=False,
    )
    settings = {"batch_size": 3, "parallel": 4, "stopping": [MaxSteps(steps)], **options}
    report = trainer.fit(examples(count) if data is None else data, journal=journal, **settings)
    return report, journal


def records(journal: MemoryJournal) -> dict[Any, str]:
    """All evaluations as JSON, without times and the numbers that candidates get in a process."""
    return {
        key: re.sub(r'("candidate) \d+|("start": |"seconds": )[\d.e-]+', r"\1\2", json.dumps(asdict(evaluation)))
        for key, evaluation in journal.evaluations.items()
    }
