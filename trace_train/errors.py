"""What can go wrong in training, beside what the core's errors say."""

from __future__ import annotations

from trace_core.errors import TraceError


class TrainingError(TraceError):
    """The base of the errors of training."""


class InvalidData(TrainingError, ValueError):
    """A file or a sequence of examples cannot be used; the message names the file and the line, or the example."""


class InvalidGuide(TrainingError, TypeError):
    """A guide gave what is no feedback with a score, or failed on every example."""


class NothingToLearn(TrainingError, ValueError):
    """Nothing that the program gave, on any example, leads to a parameter; the message says what it gave."""


class InvalidFactory(TrainingError, ImportError):
    """Workers cannot make the program by its factory, or make another one than the driver has."""


class NotPlain(TrainingError, TypeError):
    """A value cannot be sent to a worker, since it is no plain data; the message names it."""


class WorkerLost(TrainingError, RuntimeError):
    """A worker ended, killed or crashed, before it is known what came of the evaluation that it was making."""


class Unreachable(TrainingError, RuntimeError):
    """Most of what was asked failed in passing (too many requests, timeouts), also when it was asked again."""


class SeenInTraining(UserWarning):
    """Examples that are to be held out are among those that are learned from, so their score says less."""
