"""`train` and `resume`: one training, from a plan to `learned.json`."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from types import FrameType
from typing import Any

from trace_train.cli.building import budget_of, data_of, settings_of, settings_to_resume, trainer_of
from trace_train.cli.errors import BadPlan
from trace_train.cli.importing import importable, made
from trace_train.cli.plan import Plan
from trace_train.cli.showing import say, say_json
from trace_train.report import Report
from trace_train.store import Store, StoredJournal, Training
from trace_train.trainer import Trainer

EXIT_CODES = {"rule": 0, "budget": 3, "unreachable": 4}
"""By what ended the search; where somebody stopped it, 128 and the number of the signal."""


def run_training(plan: Plan, begun: Training | None, as_json: bool, progress: bool | None) -> int:
    """Begin a training, or go on with one; gives the exit code."""
    out = plan.path(plan.out)
    if not out.parent.is_dir():
        raise BadPlan(f"out: there is no folder {out.parent}")
    with ExitStack() as stack:
        stack.enter_context(importable(plan.folder))
        if as_json:
            stack.enter_context(redirect_stdout(sys.stderr))  # what the program prints is no part of the answer
        data, budget = data_of(plan), budget_of(plan)
        trackers = [made("trackers", part, "trace_train.trackers") for part in plan.trackers]
        for tracker in trackers:
            stack.callback(getattr(tracker, "close", lambda: None))
        trainer = trainer_of(plan, trackers, progress)
        settings = settings_of(plan, data)
        store = stack.enter_context(Store(plan.place))
        journal = _journal(store, settings, plan.seed, begun)
        say(f"training {journal.run_id}; to go on after an interruption: {_resume(plan, journal)}", to_people=True)
        received = stack.enter_context(_stopping(trainer))
        train, validation, test = data
        options: dict[str, Any] = {"batch_size": plan.batch_size, "parallel": plan.parallel, "seed": plan.seed}
        try:
            report = trainer.fit(train, validation, test=test, budget=budget, journal=journal, **options)
        except KeyboardInterrupt:  # the second one
            trainer.parameters.save(out)
            say(f"interrupted; the best so far is in {out}", to_people=True)
            return 128 + signal.SIGINT
        report.save(out)
    _report(report, plan, as_json)
    return EXIT_CODES.get(report.ended_by, 128 + (received or [signal.SIGINT])[0])


def _journal(store: Store, settings: dict[str, Any], seed: int, begun: Training | None) -> StoredJournal:
    if begun is None:
        return store.journal(settings=settings, seed=seed)
    return store.journal(begun.id, settings=settings_to_resume(begun.settings, settings), seed=seed)


def _resume(plan: Plan, journal: StoredJournal) -> str:
    at = "URL" if "://" in plan.store else plan.place  # a URL may hold a password
    return f"trace-suite resume {journal.run_id} --store {at}"


@contextmanager
def _stopping(trainer: Trainer) -> Iterator[list[int]]:
    """SIGTERM asks the search to end, as the trainer has it of Ctrl-C; whether it came."""
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        trainer.stop("SIGTERM was received")

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(report: Report, plan: Plan, as_json: bool) -> None:
    out = plan.path(plan.out)
    if not as_json:
        say(f"{report}\n\nThe best values are in {out}: parameters.load({plan.out!r}) where the program begins.")
        return
    say_json(
        {
            "run": report.run,
            "state": report.state,
            "ended_by": report.ended_by,
            "reason": report.reason,
            "best": report.best.id,
            "values": report.best.candidate.values,
            "diff": report.diff(),
            "validation": report.validation and dict(zip(("before", "after"), report.validation, strict=True)),
            "test": report.test,
            "failures": report.failures,
            "steps": report.steps,
            "spent": {"dollars": report.spent.dollars, **_counts(report)},
            "repeated": report.repeated,
            "seconds": report.seconds,
            "out": str(out),
        }
    )


def _counts(report: Report) -> dict[str, int]:
    spent = report.spent
    return {"calls": spent.calls, "tokens": spent.tokens, "evaluations": spent.evaluations}
