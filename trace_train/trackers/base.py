"""What all trackers share: which of a run's events become which numbers, and a thread that hands them on in order.

A tracker may speak to a server, and a run does not wait for it; what a tracker raises is logged and forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trace_train.events import Decided, Event, ProposalMade, RunBegan, RunEnded

_log = logging.getLogger(__name__)


class Tracker:
    """The base of trackers: an observer of a `Trainer`. A subclass says what is done in its library.

    One tracker is for one run; `close` ends it where the run itself did not. The methods that a subclass has are all
    called on one thread.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=type(self).__name__)
        self._began = False
        self._ended = False

    def __call__(self, event: Event) -> None:
        """Take an event."""
        match event:
            case RunBegan(original=original, seed=seed):
                sizes = {name: getattr(event, name) for name in ("train", "validation", "test")}
                self._began = True
                self._later(self.begin, {"seed": seed, **sizes}, original.values)
            case ProposalMade(step=step, proposed=proposed):
                self._later(self.say, step, proposed.reasoning)
            case Decided():
                self._later(self.measure, event.decision.step, measured(event))
            case RunEnded(state=state, reason=reason, best=best):
                self._ended = True
                self._later(self.end, state, reason, best.values)
            case _:
                pass

    def close(self) -> None:
        """Wait until all is handed on."""
        if self._began and not self._ended:
            self._ended = True
            self._later(self.end, "failed", "it did not come to its end", {})
        self._thread.shutdown()

    def _later(self, function: Callable[..., None], *arguments: Any) -> None:
        def safely() -> None:
            try:
                function(*arguments)
            except Exception as error:  # noqa: BLE001 - a server that is down must not end a run that is paid for
                _log.warning("%s: %s", type(self).__name__, error, exc_info=error)

        self._thread.submit(safely)

    # --- what a subclass says

    def begin(self, settings: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """A run begins, with these values of parameters."""

    def say(self, step: int, text: str) -> None:
        """What the optimizer said in a step."""

    def measure(self, step: int, numbers: Mapping[str, float]) -> None:
        """The numbers of a step."""

    def end(self, state: str, reason: str, values: Mapping[str, Any]) -> None:
        """The run ended, with the best values."""


def measured(event: Decided) -> dict[str, float]:
    """The numbers of a step."""
    spent = event.spent
    numbers = {
        "validation/best": event.best,
        "accepted": float(event.decision.accepted),
        "spent/calls": float(spent.calls),
        "spent/tokens": float(spent.tokens),
        "spent/evaluations": float(spent.evaluations),
        "spent/dollars": spent.dollars,
    }
    if event.decision.validation is not None:
        numbers["validation/candidate"] = event.decision.validation
    return numbers
