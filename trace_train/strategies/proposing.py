"""Where a new candidate comes from: what an optimizer makes of the traces of a minibatch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from textwrap import indent
from typing import Any, Protocol

from trace_core.optimizers.base import Optimizer
from trace_core.optimizers.records import StepRecord
from trace_core.parameters import ParameterSet
from trace_core.propagators import Batch, Feedback
from trace_core.trace_graph import TraceGraph
from trace_train.errors import Unreachable
from trace_train.metering import Metered
from trace_train.records import Evaluation, Proposed
from trace_train.retrying import Backoff, Retry, RetryingChat
from trace_train.searching import Search
from trace_train.values import as_data


@dataclass(frozen=True, slots=True)
class Seen:
    """An example of the minibatch, and what came of it under the parent's values."""

    example: Any
    evaluation: Evaluation


class Proposing(Protocol):
    """The contract of what proposes. It is called with the parent's values standing in for the parameters' own, and
    writes nothing; what it asks of LLMs goes through `Metered`. Given the same it must ask the same.

    One whose `needs_traces` is true can propose nothing unless a trace leads to a parameter: where none does, a run
    raises `NothingToLearn` before its first step."""

    @property
    def parameters(self) -> ParameterSet:
        """What is learned."""
        ...

    def begin(self) -> None:
        """A run begins: forget earlier ones."""
        ...

    async def propose(self, search: Search, seen: Sequence[Seen]) -> Proposed:
        """New values for some parameters, or none."""
        ...

    def recall(self, search: Search, seen: Sequence[Seen]) -> None:
        """A step whose proposal is known from before; for what has a memory."""
        ...


class OneStep:
    """One step of an optimizer on the minibatch's traces, as they were kept: a run that is resumed asks the same.

    Args:
        optimizer: is asked; it writes nothing.
        retry: what happens when its LLM cannot be reached.
    """

    needs_traces = True

    def __init__(self, optimizer: Optimizer, retry: Retry | None = None) -> None:
        self.optimizer = optimizer
        self.retry = retry or Backoff()

    @property
    def parameters(self) -> ParameterSet:
        """The optimizer's."""
        return self.optimizer.parameters

    def begin(self) -> None:
        """Forget earlier runs, and find the LLM before anything is paid for."""
        self.optimizer.forget()
        _ = self.optimizer.llm

    async def propose(self, search: Search, seen: Sequence[Seen]) -> Proposed:
        """What the optimizer proposes."""
        start = time.perf_counter()
        llm = Metered(RetryingChat(self.optimizer.llm, self.retry))
        record = await self.optimizer.adraft(self._batch(seen), llm)
        proposal, refusals = record.proposal, dict(record.refusals)
        if proposal is None and "llm" in refusals:
            raise Unreachable(f"the optimizer's LLM failed: {refusals['llm']}")
        if record.problem is not None and not record.problem.variables:
            refusals["feedback"] = "no output of the minibatch leads to a parameter"
        return Proposed(
            values={} if proposal is None else as_data(self.parameters, proposal.values),
            problem="" if record.problem is None else str(record.problem),
            answer=_answered(record),
            reasoning="" if proposal is None else proposal.reasoning,
            refusals=refusals,
            usage=record.usage,
            seconds=time.perf_counter() - start,
        )

    def recall(self, search: Search, seen: Sequence[Seen]) -> None:
        """Let the optimizer remember the step."""
        self.optimizer.remember(self._batch(seen))

    def _batch(self, seen: Sequence[Seen]) -> Batch:
        batch = Batch()
        for each in seen:
            evaluation = each.evaluation
            if evaluation.trace is not None:
                graph = TraceGraph.from_json(evaluation.trace, self.parameters)
                score = dict(evaluation.scores) or evaluation.score
                batch.add(graph.outputs[-1], Feedback(evaluation.feedback, score))
        return batch


def _answered(record: StepRecord) -> str:
    """What was answered, before that what could not be used, each with what was said of it."""
    later = dropwhile(lambda message: message["role"] != "assistant", record.messages)
    before = [each["content"] if each["role"] == "assistant" else indent(each["content"], "> ") for each in later]
    return "\n\n".join([*before, record.answer])


class InTurn:
    """Several of them take turns, a step each: one optimizer for prompts, say, and another for code.

    Example:
        InTurn(OneStep(OptoPrime(prompts)), OneStep(TextGrad(settings)))
    """

    def __init__(self, *proposing: Proposing) -> None:
        if not proposing:
            raise ValueError("InTurn needs at least one to take turns")
        self._proposing = proposing

    @property
    def parameters(self) -> ParameterSet:
        """All of theirs."""
        return ParameterSet([each for proposing in self._proposing for each in proposing.parameters.values()])

    @property
    def needs_traces(self) -> bool:
        """Whether all of them do."""
        return all(getattr(proposing, "needs_traces", False) for proposing in self._proposing)

    def begin(self) -> None:
        """All begin."""
        for proposing in self._proposing:
            proposing.begin()

    async def propose(self, search: Search, seen: Sequence[Seen]) -> Proposed:
        """What the one whose turn it is proposes."""
        return await self._now(search).propose(search, seen)

    def recall(self, search: Search, seen: Sequence[Seen]) -> None:
        """A step of the one whose turn it was."""
        self._now(search).recall(search, seen)

    def _now(self, search: Search) -> Proposing:
        return self._proposing[(search.step - 1) % len(self._proposing)]
