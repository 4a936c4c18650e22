"""One run of a program on one example under a candidate's values, and what its guide says: an `Evaluation`.

Whatever goes wrong there is a failing score with the error as feedback. What is never a score: a run that did not use
the candidate's values, and one that the budget cut short.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trace_core.containers import plain
from trace_core.errors import BudgetExceeded, CandidateNotSeen, ExecutionError
from trace_core.failures import error_text
from trace_core.graph_json import encode
from trace_core.llm.chat import Usage
from trace_core.nodes import ExceptionNode, MessageNode, Node, as_node
from trace_core.parameters import Candidate, ParameterSet
from trace_core.trace_graph import TraceGraph
from trace_train.budget import Spending, Spent
from trace_train.calling import awaited, face_of, finished, in_thread, is_async, self_cancelled
from trace_train.data.examples import Example, Field, part
from trace_train.errors import InvalidGuide
from trace_train.guides.base import Verdict, name_of, verdict_of
from trace_train.metering import Account
from trace_train.records import Evaluation
from trace_train.retrying import Retry, is_transient, is_transient_text
from trace_train.usage import NOTHING


class Ran(NamedTuple):
    """What a program gave: its value, what led to that, if it is known, and the error, if it failed."""

    value: Any = None
    graph: TraceGraph | None = None
    error: str | None = None


class Result(NamedTuple):
    """An evaluation, and what it cost. `kept` is False for what failed in passing and may go well another time."""

    evaluation: Evaluation
    cost: Spent
    kept: bool = True
    guide_failed: bool = False


class _FailedInPassing(ConnectionError):
    """A program gave the node of an error that may not happen again."""

    def __init__(self, ran: Ran) -> None:
        super().__init__(ran.error)
        self.ran = ran


@dataclass(slots=True)
class Runner:
    """Runs a program and its guide.

    Args:
        program: from an example to a node or a value; with `inputs`, from that part of an example.
        guide: says how good the output is.
        parameters: what a candidate gives values to.
        failing: the score of what failed.
        prefer_async: whether a program with two faces is awaited.
    """

    program: Any
    guide: Any
    parameters: ParameterSet
    inputs: Field | None
    failing: float
    retry: Retry
    spending: Spending
    prefer_async: bool = False
    is_over: bool = False
    """Whether the run was cancelled, and so are its evaluations."""
    _face: Callable[[Any], Any] = field(init=False)
    _is_async: bool = field(init=False)
    _said: Callable[..., Awaitable[Any]] = field(init=False)
    _alone: asyncio.Lock | None = field(init=False)
    """What is held while an async program runs on objects that have one state at a time."""

    def __post_init__(self) -> None:
        self._face = face_of(self.program, self.prefer_async)
        self._is_async = is_async(self._face)
        self._said = awaited(self.guide)
        bindings = [each.binding for each in self.parameters.values() if each.binding is not None]
        one_at_a_time = any(binding.isolation == "exclusive" for binding in bindings)
        self._alone = asyncio.Lock() if one_at_a_time else None

    async def run(self, example: Example, values: Mapping[str, Any]) -> Result:
        """One evaluation.

        Raises:
            CandidateNotSeen: the run did not use the values.
            BudgetExceeded: the budget cut it short.
            InvalidGuide: the guide gave no score.
        """
        start = time.perf_counter()
        ran, kept, usage = await self._run_program(example, values)
        verdict, guide_failed, guide = Verdict(self.failing, ran.error), False, Account(self.spending, "guide")
        if ran.error is None:
            with guide:
                verdict, kept, guide_failed = await self._verdict(example, ran.value)
            if guide.refused is not None:
                raise guide.refused
        evaluation = Evaluation(
            score=verdict.score,
            scores=dict(verdict.scores),
            feedback=verdict.text,
            output=encode(ran.value),
            error=verdict.text if guide_failed else ran.error,
            trace=None if ran.graph is None else ran.graph.to_json(),
            usage=usage,
            guide_usage=guide.used,
            seconds=time.perf_counter() - start,
        )
        cost = self.spending.budget.cost("program", usage, 1)
        if guide.used is not NOTHING:
            cost += self.spending.budget.cost("guide", guide.used)
        return Result(evaluation, cost, kept, guide_failed)

    async def _run_program(self, example: Example, values: Mapping[str, Any]) -> tuple[Ran, bool, Usage]:
        """What the program gave, whether that is to be kept, and what it spent."""
        account, ran = Account(self.spending, "program"), Ran()
        try:
            with account:
                ran, kept = await self._ran(example, values)
        finally:  # what was spent counts, whatever became of it
            usage = account.settle(ran.graph, evaluations=1)
        if account.refused is not None:
            raise account.refused
        return ran, kept, usage

    async def _ran(self, example: Example, values: Mapping[str, Any]) -> tuple[Ran, bool]:
        """What the program gave, and whether that is to be kept."""
        try:
            given = example.data if self.inputs is None else part(example.data, self.inputs)
            return await self._uncancelled(self.retry(lambda: self._attempt(given, values))), True
        except _FailedInPassing as error:
            return error.ran, False
        except (CandidateNotSeen, BudgetExceeded):
            raise
        except Exception as error:  # noqa: BLE001 - a program may raise anything, and that is what it is told then
            return _failed(error), not is_transient(error)

    async def _attempt(self, given: Any, values: Mapping[str, Any]) -> Ran:
        if self._is_async:
            async with self._alone or nullcontext():
                with self.parameters.candidate(values) as candidate:
                    try:
                        ran = _checked(await self._face(given), candidate)
                    except ExecutionError as error:
                        _verify(error.node, candidate)
                        raise
        else:
            ran = await in_thread(self._in_thread, given, values)
        if ran.error is not None and is_transient_text(ran.error):
            raise _FailedInPassing(ran)
        return ran

    async def _uncancelled(self, awaited: Awaitable[Any]) -> Any:
        """What it gives; that it cancels itself is an error like any other."""
        try:
            return await awaited
        except asyncio.CancelledError as error:
            if self.is_over:
                raise
            raise self_cancelled(error) from error

    def _in_thread(self, given: Any, values: Mapping[str, Any]) -> Ran:
        with self.parameters.candidate(values) as candidate:
            try:
                return _checked(finished(self._face(given)), candidate)
            except ExecutionError as error:
                _verify(error.node, candidate)
                raise

    async def _verdict(self, example: Example, value: Any) -> tuple[Verdict, bool, bool]:
        """What the guide says, whether that is to be kept, and whether it failed."""

        async def attempt() -> Verdict:
            return verdict_of(await self._said(example.data, value), self.guide)

        try:
            return await self._uncancelled(self.retry(attempt)), True, False
        except (BudgetExceeded, InvalidGuide):
            raise
        except Exception as error:  # noqa: BLE001 - a guide is the user's function
            text = f"{name_of(self.guide)} failed: {error_text(error)}"
            return Verdict(self.failing, text), not is_transient(error), True


def _checked(output: Any, candidate: Candidate) -> Ran:
    """A program's output, which must have been made with the candidate's values."""
    node = as_node(output)
    if node is not output and not isinstance(node, MessageNode):
        return Ran(output)
    graph, value = _verify(node, candidate), plain(node.data)
    return Ran(value, graph, str(value) if isinstance(node, ExceptionNode) else None)


def _verify(node: Node, candidate: Candidate) -> TraceGraph:
    """What led to a node, made with the candidate's values; what failed early may not have come to a parameter."""
    failed_early = isinstance(node, ExceptionNode) and not node.depends
    return TraceGraph.of(node) if failed_early else candidate.verify(node)


def _failed(error: Exception) -> Ran:
    if isinstance(error, ExecutionError):
        return Ran(None, TraceGraph.of(error.node), str(error.node._peek()))
    return Ran(None, None, error_text(error))
