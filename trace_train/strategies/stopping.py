"""When a search ends, beside the end of its budget."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

from trace_train.searching import Search


class Stopping(Protocol):
    """The contract: asked before each step."""

    def reason(self, search: Search) -> str | None:
        """Why the search ends now; None to go on."""
        ...


def _check_steps(rule: MaxSteps | Patience) -> None:
    if not isinstance(rule.steps, int) or rule.steps < 0:
        raise ValueError(f"{type(rule).__name__}: steps must be a whole number, 0 or more, not {rule.steps!r}")


@dataclass(frozen=True, slots=True)
class MaxSteps:
    """After so many steps."""

    steps: int

    def __post_init__(self) -> None:
        _check_steps(self)

    def reason(self, search: Search) -> str | None:
        """Whether they are done."""
        return f"{self.steps} steps are done" if search.step >= self.steps else None


@dataclass(frozen=True, slots=True)
class Patience:
    """When so many steps in a row accepted nothing."""

    steps: int = 10

    def __post_init__(self) -> None:
        _check_steps(self)

    def reason(self, search: Search) -> str | None:
        """Whether that is so."""
        idle = search.step - max(member.step for member in search.members)
        return f"{self.steps} steps in a row accepted nothing" if idle >= self.steps else None


@dataclass(frozen=True, slots=True)
class Target:
    """When the best mean validation score reaches this one."""

    score: float

    def reason(self, search: Search) -> str | None:
        """Whether it does."""
        best = search.best.mean
        return f"the validation score of {self.score:g} is reached" if best >= self.score - 1e-9 else None


class OnSignal(AbstractContextManager["OnSignal"]):
    """When the process receives a signal, in a `with` block on its main thread; the step that goes on is finished.

    Example:
        with OnSignal(signal.SIGTERM) as terminated:
            trainer.fit(train, validation, stopping=[terminated, Patience()])
    """

    def __init__(self, *signals: signal.Signals) -> None:
        self._signals = signals or (signal.SIGTERM,)
        self._before: dict[signal.Signals, Any] = {}
        self._received: str | None = None

    def __enter__(self) -> OnSignal:
        for each in self._signals:
            self._before[each] = signal.signal(each, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._received = signal.Signals(number).name

    def reason(self, search: Search) -> str | None:
        """Whether one was received."""
        return None if self._received is None else f"{self._received} was received"
