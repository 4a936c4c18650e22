"""Every exception that a user of trace-suite can meet.

Each is a `TraceError` and, where a builtin type says the same thing, that type too, so code that
catches `ValueError` or `ImportError` goes on working. A message names the parameter, file or run,
says what was expected, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trace_core.llm.chat import Usage
    from trace_core.nodes import ExceptionNode


class TraceError(Exception):
    """The base of every error of trace-suite."""


# --- running a workflow


class ExecutionError(TraceError):
    """A traced operation raised.

    `node` is the `ExceptionNode` that stands in the graph for what happened, so feedback can start there. The error
    that leaves a bundle is also an instance of the original exception's type where Python allows the two to be
    combined, and has the original as its `__cause__`.

    Example:
        try:
            answer = divide(1, 0)
        except ExecutionError as error:
            error.node.backward("handle a zero divisor")
    """

    node: ExceptionNode

    def __str__(self) -> str:
        at = vars(self).get("node")
        return super().__str__() if at is None else str(at._data)


class ImmutableNode(TraceError, TypeError):
    """A node was changed in place (`node[key] = value`, `del node[key]`); make a new value instead."""


class UndeclaredInput(TraceError):
    """A `strict=True` bundle read a node that was not passed to it."""


# --- parameters


class InvalidValue(TraceError, ValueError):
    """A value that a parameter must not take. `name` is the parameter, `reason` says what is wrong with the value."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class InvalidCode(InvalidValue):
    """A new text for a trainable function that cannot stand in for the old one."""


class UntrainableCode(TraceError, TypeError):
    """A function was declared trainable whose rewritten code could not run in the sandbox, with the way out."""


class NameClash(TraceError, ValueError):
    """Two different parameters were given the same name."""


class InconsistentParameters(TraceError, RuntimeError):
    """A write failed and so did putting things back: some values are new and some are old; `states` has both."""

    def __init__(self, message: str, states: dict[str, dict[str, Any]]) -> None:
        super().__init__(message)
        self.states = states


class CandidateNotSeen(TraceError, RuntimeError):
    """A run under `candidate(...)` did not use the candidate's values, so what it gave says nothing about them."""


class ParametersBusy(TraceError, RuntimeError):
    """Parameters were to be written while a recorded run was using them."""


class Drift(TraceError, ValueError):
    """A saved file does not fit the parameters that it is loaded into (edited since, missing, or extra)."""


# --- recording


class NothingRecorded(TraceError, LookupError):
    """A recorder, or a run of it, holds no call."""


class AmbiguousOutput(TraceError, LookupError):
    """Which run gave a result cannot be told; `runs` are those that it could be."""

    def __init__(self, message: str, runs: list[Any]) -> None:
        super().__init__(message)
        self.runs = runs


# --- code that an LLM wrote


class SandboxError(TraceError, RuntimeError):
    """Rewritten code could not be run in the sandbox."""


class SandboxLimit(SandboxError):
    """Rewritten code used more time, memory, stack, output or calls than it may."""


class SandboxedError(SandboxError):
    """Rewritten code raised. `original` is the exception as a builtin type, `line` its line in the code (from 1)."""

    def __init__(self, original: Exception, line: int | None) -> None:
        where = "" if line is None else f" (line {line})"
        super().__init__(f"{type(original).__name__}: {original}{where}")
        self.original = original
        self.line = line


# --- LLMs


class LLMError(TraceError, RuntimeError):
    """An LLM could not be asked, or gave nothing that can be read; `usage` says what that cost, if it is known."""

    usage: Usage | None = None


class NoLLM(LLMError):
    """No LLM was named and none is configured; the message lists the three ways to name one."""


class AsyncOnly(LLMError):
    """A model that can only be awaited was asked through the sync face; use `await optimizer.astep()`."""


class BudgetExceeded(LLMError):
    """The next call would spend more than the budget holds; it was not made."""


class UnusableAnswer(TraceError, ValueError):
    """An optimizer's LLM gave an answer that no value can be read from; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# --- installation


class MissingExtra(TraceError, ImportError):
    """A feature needs an extra that is not installed; the message has the install line."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an extra: pip install "trace-suite[{extra}]"')


# --- files


class InvalidTrace(TraceError, ValueError):
    """Data that was to be loaded as a graph is not one; the message says where."""
